import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CONTAINER_PATH, runContainer, STARTS, startContainer, WORKBENCH_USER, whyNot } from './container.ts';

/** The programs of s6's names that an image gets with Lintel, under every shell that may be its /bin/sh. */
const SHELLS = [
  ['dash', '/usr/bin/dash'],
  ['bash', '/usr/bin/bash'],
  ['BusyBox', '/usr/bin/busybox'],
] as const;

/** A script makes Lintel write the folder of the environment before the CMD starts. */
const SCRIPT = { '/etc/cont-init.d/10-first': '#!/bin/sh\n' };
const VALUES = {
  PLAIN: 'one',
  BLANKS: '  two  blanks  ',
  QUOTES: `it's "quoted" \\ \\n %s`,
  COMMAND: '$(touch /tmp/evaluated) `touch /tmp/evaluated` ${HOME}',
  LINES: '\none\n\ntwo\n',
  EMPTY: '',
  UMLAUT: 'Zoë → 東京',
  STAR: '* [a-z] ?',
  // Names that the shim's own variables might have.
  name: 'n',
  value: 'v',
  file: 'f',
};
/** What no shell can set, and what would be somebody else's. */
const LEFT_OUT = {
  'a.b': 'odd',
  'my-var': 'odd',
  UID: '7',
  IFS: 'x',
  SHELL: '/bin/odd',
  PWD: '/odd',
};

for (const [shell, path] of SHELLS) {
  const run = shell === 'BusyBox' ? `${path} sh` : path;
  const skip = whyNot({ programs: [path] });

  describe(`under ${shell}`, { skip }, () => {
    for (const { how, options } of STARTS) {
      test(`with-contenv outside Lintel loads the environment and evaluates nothing, ${how}`, async t => {
        // What an exec into the container has: the engine's variables, none of Lintel's.
        const script = `env -i PATH="$PATH" HOME=/mine KEPT=kept PLAIN=old ${run} /command/with-contenv env -0; ls -d /tmp/evaluated`;
        const owner = options === STARTS[0].options ? '' : 'chown 1000:100 /run; ';
        const files = {
          ...SCRIPT,
          '/etc/cont-init.d/20-empties': '#!/bin/sh\n: > "$LINTEL_RUNTIME_DIR/env/EMPTIED"\n',
        };
        const { stdout, stderr } = await runContainer(t, ['/init', 'sh', '-c', owner + script], {
          ...options,
          files,
          environment: { ...VALUES, ...LEFT_OUT, EMPTIED: 'given' },
        });
        const entries = stdout.split('\0').filter(entry => entry !== '');
        const seen = Object.fromEntries(
          entries.map(entry => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
        );
        for (const [name, value] of Object.entries(VALUES))
          assert.equal(seen[name], value, `${name}: ${stderr}`);
        assert.deepEqual([seen['HOME'], seen['PATH'], seen['KEPT']], ['/mine', CONTAINER_PATH, 'kept']);
        for (const [name, value] of Object.entries(LEFT_OUT)) assert.notEqual(seen[name], value, name);
        assert.equal('EMPTIED' in seen, false);
        assert.ok((seen['LINTEL_RUNTIME_DIR'] ?? '').endsWith('/lintel') || 'LINTEL_RUNTIME_DIR' in seen);
        assert.match(stderr, /\/tmp\/evaluated/);
      });
    }

    test('with-contenv below Lintel is a plain exec', async t => {
      const script = `PLAIN=changed ${run} /usr/bin/with-contenv sh -c 'echo "$PLAIN $0 $1"' a 'b c'; ${run} /usr/bin/with-contenv 'sh -c' 'exit 7'; echo $?`;
      const options = { files: SCRIPT, environment: VALUES };
      const { stdout } = await runContainer(t, ['/init', 'sh', '-c', script], options);
      assert.equal(stdout, 'changed a b c\n7\n');
    });

    test('printcontenv prints one variable', async t => {
      const script = `for name in LINES STAR EMPTY MISSING ../env/PLAIN; do env -i PATH="$PATH" ${run} /usr/bin/printcontenv "$name"; echo "[$?]"; done`;
      const options = { files: SCRIPT, environment: VALUES };
      const { stdout } = await runContainer(t, ['/init', 'sh', '-c', script], options);
      assert.equal(stdout, `${VALUES.LINES}\n[0]\n${VALUES.STAR}\n[0]\n\n[0]\n[1]\n[1]\n`);
    });

    const asRoot = { skip: whyNot({ programs: [path], isRoot: true }) };
    const IDS = `sh -c 'echo "$(id -u):$(id -g) $(id -G) $HOME $*"' sh`;
    const FILES = {
      '/etc/group': 'root:x:0:\nusers:x:100:\nvideo:x:44:lintel\n',
      '/etc/passwd':
        'root:x:0:0::/root:/bin/sh\nlintel:x:1000:100::/home/lintel:/bin/bash\nabc:x:911:911::/config:/bin/false\n',
    };
    const shim = (name: string, words: string) => `${run} /command/${name} ${words}`;

    test(
      's6-setuidgid becomes another user, with the groups of a name and those of numbers',
      asRoot,
      async t => {
        const script = ['lintel', '1000', '1000:44', '3000:4000', '5000', 'root', '0']
          .map(account => shim('s6-setuidgid', `${account} ${IDS} 'a b'`))
          .join('; ');
        const { stdout, stderr } = await runContainer(t, ['sh', '-c', script], { files: FILES });
        assert.equal(
          stdout,
          [
            '1000:100 100 44 /root a b',
            '1000:100 100 44 /root a b',
            '1000:44 44 /root a b',
            '3000:4000 4000 /root a b',
            '5000:5000 5000 /root a b',
            '0:0 0 /root a b',
            '0:0 0 /root a b',
            '',
          ].join('\n'),
          stderr,
        );
      },
    );

    test('s6-setuidgid does without setpriv, and knows BusyBox’s for what it is', asRoot, async t => {
      const script = `mkdir /some; cd /usr/bin; for p in sh id chroot readlink busybox getent; do ln -s "$(command -v $p)" /some/$p; done; ln -s busybox /some/setpriv; cd /srv; PATH=/some ${shim('s6-setuidgid', `lintel sh -c 'echo "$(id -u):$(id -g) $(id -G) $PWD"'`)}; rm /some/chroot; PATH=/some ${shim('s6-setuidgid', 'lintel id')}; echo $?`;
      const { stdout, stderr } = await runContainer(t, ['sh', '-c', script], { files: FILES });
      assert.equal(stdout, '1000:100 100 44 /srv\n111\n', stderr);
      assert.match(stderr, /^s6-setuidgid: Cannot become "lintel": there is no setpriv/m);
    });

    test('s6-setuidgid runs nothing where it can’t become that user', async t => {
      const script = ['abc', '911', '1000:911', 'nobody-known', ':5', 'lintel:x']
        .map(account => `${shim('s6-setuidgid', `${account} echo ran`)}; echo $?`)
        .join('; ');
      const options = { files: FILES, user: WORKBENCH_USER };
      const { stdout, stderr } = await runContainer(t, ['sh', '-c', script], options);
      assert.equal(stdout, '111\n'.repeat(6), stderr);
      assert.match(stderr, /^s6-setuidgid: Cannot become "abc" \(uid 911, gid 911\): this is uid 1000/m);
      assert.match(stderr, /^s6-setuidgid: Cannot find "nobody-known": no such user$/m);
      assert.match(stderr, /^s6-setuidgid: Cannot find "lintel:x": expected a name, a uid or uid:gid$/m);
    });

    test('s6-setuidgid of whoever one is already is a plain exec', async t => {
      const script = `${shim('s6-setuidgid', `lintel sh -c 'exit 7'`)}; echo $?; ${shim('s6-setuidgid', '1000:100 id -u')}; ${shim('s6-setuidgid', '')}; echo $?`;
      const options = { files: FILES, user: WORKBENCH_USER };
      const { stdout } = await runContainer(t, ['sh', '-c', script], options);
      assert.equal(stdout, '7\n1000\n100\n');
    });

    test('s6-setuidgid says so where root may not become anybody', asRoot, async t => {
      const script = `${shim('s6-setuidgid', 'lintel id')}; echo $?`;
      const options = { files: FILES, capabilities: '-all,+kill,+setgid' };
      const { stdout, stderr } = await runContainer(t, ['sh', '-c', script], options);
      assert.equal(stdout, '111\n', stderr);
      assert.match(stderr, /this root lacks CAP_SETUID or CAP_SETGID/);
    });

    test('s6-envuidgid says who a user is, in variables', async t => {
      const script = ['lintel', '911', '7:8']
        .map(account =>
          shim('s6-envuidgid', `${account} env | grep -E "^(UID|GID|GIDLIST)=" | sort | tr '\\n' ' '`),
        )
        .join('; ');
      const { stdout } = await runContainer(t, ['sh', '-c', script], { files: FILES });
      const numbers = 'GID=911 GIDLIST=911 UID=911 GID=8 GIDLIST= UID=7 ';
      assert.equal(stdout, `GID=100 GIDLIST=100,44 UID=1000 ${numbers}`);
    });
  });
}

/** What somebody who is not root does to have root load COLOUR, before root runs something with-contenv. */
const TRAPS = {
  'that somebody else made':
    'mkdir -p /tmp/lintel-1000/env; echo stolen > /tmp/lintel-1000/env/COLOUR; ln -s /tmp/lintel-1000/env /tmp/link',
  'that somebody else’s name for a folder of root’s leads to':
    'mkdir /tmp/lintel-x; ln -s /tmp /tmp/lintel-x/env; echo stolen > /tmp/COLOUR',
  'whose folder is somebody else’s link':
    'mkdir /tmp/mine; ln -s /tmp /tmp/mine/env; ln -s mine /tmp/lintel-x; echo stolen > /tmp/COLOUR',
} as const;

for (const [shell, path] of SHELLS) {
  for (const [what, trap] of Object.entries(TRAPS)) {
    test(`root does not load a folder of the environment ${what}, under ${shell}`, {
      skip: whyNot({ isRoot: true, programs: [path] }),
    }, async t => {
      const run = shell === 'BusyBox' ? `${path} sh` : path;
      const script = `umask 077; mkdir -p /run/s6; chmod 755 /run/s6; ln -s /tmp/link /run/s6/container_environment; setpriv --reuid 1000 --regid 100 --clear-groups sh -c 'umask 022; ${trap}'; ${run} /command/with-contenv sh -c 'echo "\${COLOUR-none}"'; ${run} /command/printcontenv COLOUR; echo $?`;
      const { stdout, stderr } = await runContainer(t, ['sh', '-c', script]);
      assert.equal(stdout, 'none\n1\n');
      assert.match(stderr, /there is no folder of the environment that is ours to trust/);
    });
  }
}

test('the shims have the names that s6-overlay gives them', { skip: whyNot() }, async t => {
  const names = ['with-contenv', 's6-setuidgid', 's6-envuidgid', 'printcontenv'];
  const container = startContainer(t, [
    'readlink',
    '-f',
    ...names.flatMap(name => [`/command/${name}`, `/usr/bin/${name}`]),
  ]);
  const { stdout } = await container.end();
  const folder = '/usr/local/lib/lintel/shims';
  assert.deepEqual(
    stdout.trim().split('\n'),
    names.flatMap(name => [`${folder}/${name}`, `${folder}/${name}`]),
  );
});
