import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { type ContainerOptions, runContainer, startContainer, waitUntil, whyNot } from './container.ts';

/** Logins over real ssh: what Lintel says the password is, opens the door, and what it was before does not. */
const PROGRAMS = ['/usr/sbin/sshd', '/usr/bin/ssh', '/usr/bin/sshpass', '/usr/bin/ssh-keygen'];
const WITH_SSH = { skip: whyNot({ isRoot: true, programs: PROGRAMS }) };
const BAKED = 'baked-in-by-the-image';

/** A CMD that tries to log in: with the password in the file, with each of the others. Prints who got in, or "no". */
const TRY = `#!/bin/sh
try() {
  sshpass "$@" ssh -p 2222 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o NumberOfPasswordPrompts=1 \\
    -o PubkeyAuthentication=no -o ConnectTimeout=10 lintel@127.0.0.1 id -un 2> /tmp/why || echo no
}
until (exec 3<> /dev/tcp/127.0.0.1/2222) 2> /dev/null; do sleep 0.05; done
try -f "$LINTEL_PASSWORD_FILE"
for other in "$@"; do SSHPASS=$other try -e; done
`.replace('#!/bin/sh', '#!/bin/bash');

/** As the image's root first, then as whoever the container starts as. */
function prepared(user: 'root' | 'lintel', ...lines: readonly string[]): string[] {
  const become = user === 'root' ? '' : 'setpriv --reuid 1000 --regid 100 --clear-groups -- ';
  return ['/bin/sh', '-euc', [...lines, `exec ${become}"$@"`].join('\n'), 'sh'];
}

const BAKE = `echo 'lintel:${BAKED}' | chpasswd`;

function options(environment: Readonly<Record<string, string>>): ContainerOptions {
  return {
    environment: { LINTEL_SERVICES: 'sshd', HOME: '/home/lintel', ...environment },
    files: { '/srv/try': TRY },
  };
}

for (const [user, more] of [
  ['root', {}],
  ['lintel', { LINTEL_PREVIOUS_PASSWORD: BAKED }],
] as const) {
  describe(`${user}’s sshd`, WITH_SSH, () => {
    test('lets in who has PASSWORD, and nobody by the one before', async t => {
      const secret = 'Tr0ub4dor & $(id) "3" é';
      const command = [...prepared(user, BAKE), '/init', '/srv/try', secret, BAKED, ''];
      const { code, stdout, stderr } = await runContainer(t, command, options({ ...more, PASSWORD: secret }));
      assert.equal(stdout, 'lintel\nlintel\nno\nno\n', stderr);
      assert.equal(code, 0);
      assert.ok(!stderr.includes(secret) && !stderr.includes(BAKED), stderr);
    });

    test('lets in who has the one that Lintel made up', async t => {
      const command = [...prepared(user, BAKE), '/init', '/srv/try', BAKED];
      const { stdout, stderr } = await runContainer(t, command, options({ ...more, PASSWORD: '' }));
      assert.equal(stdout, 'lintel\nno\n', stderr);
    });

    test('lets in by the same one after a restart of the container', async t => {
      const again = 'unshare --fork --pid --mount-proc "$@" 2> /tmp/first > /tmp/said';
      const restart = `${BAKE}\nPATH=/usr/sbin:/usr/bin:/sbin:/bin`;
      const become = user === 'root' ? '' : 'setpriv --reuid 1000 --regid 100 --clear-groups -- ';
      const command = [
        '/bin/sh',
        '-euc',
        [restart, again.replace('"$@"', `${become}"$@"`), `exec ${become}"$@"`].join('\n'),
        'sh',
        '/init',
        'sh',
        '-c',
        '/srv/try; printf "%s\\n" "$(cat "$LINTEL_PASSWORD_FILE")" "$(cat "$LINTEL_VNC_PASSWORD_FILE")" >> ~/seen; uniq -c ~/seen | grep -c " 2 " ; sort ~/seen | uniq -c | awk "{ print \\$1 }"',
      ];
      const { stdout, stderr } = await runContainer(t, command, options(more));
      assert.equal(stdout, 'lintel\n0\n2\n2\n', stderr);
    });
  });
}

describe('a password that can’t be set', WITH_SSH, () => {
  for (const [what, lines, environment, why] of [
    [
      'without root and the one before',
      [BAKE],
      {},
      'without root it takes the password before, and LINTEL_PREVIOUS_PASSWORD is not set',
    ],
    ['by a wrong one before', [BAKE], { LINTEL_PREVIOUS_PASSWORD: 'wrong-one' }, 'passwd: .*'],
    ['that is too short for PAM', [BAKE], { LINTEL_PREVIOUS_PASSWORD: BAKED, PASSWORD: 'ab1' }, 'passwd: .*'],
    [
      'under no_new_privs',
      [BAKE, 'set -- setpriv --no-new-privs -- "$@"'],
      { LINTEL_PREVIOUS_PASSWORD: BAKED },
      'under no_new_privs passwd can’t change it',
    ],
    ['of a uid without a line', ['sed -i /^lintel/d /etc/passwd'], {}, 'uid 1000 has no line in /etc/passwd'],
  ] as const) {
    test(`${what} is said once, where sshd waits for it, and sshd starts`, async t => {
      const container = startContainer(
        t,
        [...prepared('lintel', ...lines), '/init'],
        options({ ...environment }),
      );
      await container.waitFor(/sshd \| Server listening|sshd starts/);
      const said = await container.waitFor(
        new RegExp(
          `warning: the password of \\S+ could not be set: ${why}; sshd may let nobody in by password`,
        ),
      );
      assert.doesNotMatch(said[0], /wrong-one|ab1|baked/);
      await container.signal('SIGTERM');
      const { stderr } = await container.end();
      assert.equal(stderr.match(/could not be set/g)?.length, 1, stderr);
    });
  }

  test('is nobody’s affair where nothing asks for it', async t => {
    const { code, stderr } = await runContainer(t, ['/init', 'sleep', '0.2'], {
      user: { uid: 1000, gid: 100 },
      environment: { PASSWORD: 'any-password' },
    });
    assert.equal(code, 0);
    assert.doesNotMatch(stderr, /the password of/);
  });
});

test('a password that root can’t set on a read-only root is said once', WITH_SSH, async t => {
  const container = startContainer(t, ['/init'], {
    ...options({ PASSWORD: 'any-password' }),
    readOnly: true,
    writable: ['/run', '/tmp'],
  });
  await container.waitFor(
    /the password of lintel could not be set: \/etc can’t be written; sshd may let nobody/,
  );
});

test('only a service that says so waits for the password; scripts, the CMD and others go on', {
  skip: whyNot({ isRoot: true }),
}, async t => {
  const container = startContainer(t, ['/init', 'sh', '-c', 'echo CMD runs; exec sleep 100'], {
    environment: { LINTEL_SERVICES: 'web door' },
    files: {
      '/usr/sbin/chpasswd':
        '#!/bin/sh\nmkfifo /tmp/gate\nread -r line\necho "$line" > /tmp/got\nread -r go < /tmp/gate\n',
      '/etc/cont-init.d/10-size': '#!/bin/sh\nwc -c < "$LINTEL_PASSWORD_FILE"\n',
      '/etc/services.d/web/run': '#!/bin/sh\nexec sleep 100\n',
      '/etc/services.d/door/run': '#!/bin/sh\necho open\nexec sleep 100\n',
      '/etc/services.d/door/service.json': '{ "needsPassword": true }',
      '/etc/services.d/web/service.json':
        '{ "ready": { "exec": ["sh", "-c", "lintel status > /tmp/status"] } }',
    },
  });
  await container.waitFor(/CMD runs/);
  await container.waitFor(/web is ready/);
  assert.match(container.output(), /10-size \| 24$/m);
  assert.doesNotMatch(container.output(), /door starts/);
  const root = `/proc/${await container.pid()}/root`;
  assert.match(readFileSync(`${root}/tmp/status`, 'utf8'), /door +waiting .*waits for the password/);
  await waitUntil('chpasswd has been asked', () => existsSync(`${root}/tmp/got`));
  assert.match(readFileSync(`${root}/tmp/got`, 'utf8'), /^lintel:[a-zA-Z2-9]{24}\n$/);
  writeFileSync(`${root}/tmp/gate`, 'go\n');
  await container.waitFor(/door \| open/);
  await container.signal('SIGTERM');
  await container.end();
});

describe('lintel password', { skip: whyNot({ isRoot: true }) }, () => {
  const look = (flags: string) =>
    `[ "$(lintel password ${flags})" = "$(cat "$LINTEL_PASSWORD_FILE")" ] && stat -c "%a %U" "$LINTEL_PASSWORD_FILE" "$(dirname "$LINTEL_PASSWORD_FILE")"`;

  for (const [how, user] of [
    ['as root', undefined],
    ['as uid 1000', { uid: 1000, gid: 100 }],
  ] as const) {
    test(`prints it to its user, started ${how}`, async t => {
      const { stdout, stderr, code } = await runContainer(t, ['/init', 'sh', '-c', look('')], {
        ...(user === undefined ? {} : { user }),
      });
      assert.deepEqual({ code, stdout }, { code: 0, stdout: '600 lintel\n700 lintel\n' }, stderr);
    });
  }

  test('has 24 characters that nobody confuses, and 8 for the desktop, new for each container', async t => {
    const ask = async () => {
      const { stdout } = await runContainer(t, [
        '/init',
        'sh',
        '-c',
        'lintel password; lintel password --vnc',
      ]);
      return stdout.split('\n');
    };
    const [first = '', firstVnc = ''] = await ask();
    const [second, secondVnc] = await ask();
    assert.match(first, /^[a-km-zA-HJ-NP-Z2-9]{24}$/);
    assert.match(firstVnc, /^[a-km-zA-HJ-NP-Z2-9]{8}$/);
    assert.notEqual(first, second);
    assert.notEqual(firstVnc, secondVnc);
    assert.equal(first.includes(firstVnc), false);
  });

  test('is PASSWORD and VNC_PASSWORD where they are given, and there before the first script', async t => {
    const { stdout, stderr } = await runContainer(
      t,
      ['/init', 'sh', '-c', 'lintel password --json; lintel password --vnc'],
      {
        environment: { PASSWORD: 'p"1 ', VNC_PASSWORD: 'vnc$(id)' },
        files: { '/etc/cont-init.d/00-look': '#!/bin/sh\nwc -c < "$LINTEL_PASSWORD_FILE"\n' },
      },
    );
    assert.equal(stdout, '{"password":"p\\"1 "}\nvnc$(id)\n', stderr);
    assert.match(stderr, /00-look \| 4$/m);
  });

  test('is refused to anybody else', async t => {
    const container = startContainer(t, ['/init'], {
      files: {
        '/etc/services.d/x/run': '#!/bin/sh\nlintel password 2>&1; echo "code $?"; exec sleep 100\n',
        '/etc/services.d/x/service.json': '{ "user": "33:33" }',
      },
    });
    await container.waitFor(/x \| code 1/);
    assert.match(
      container.output(),
      /x \| lintel: error: Cannot read the password: permission denied, expected the workbench user or root to ask/,
    );
  });

  for (const [what, environment] of [
    ['an empty PASSWORD', { PASSWORD: '', VNC_PASSWORD: '' }],
    ['a PASSWORD of several lines', { PASSWORD: 'a\nroot:b' }],
    ['a PASSWORD_FILE that is not there', { PASSWORD_FILE: '/no/such' }],
  ] as const) {
    test(`is never empty: ${what}`, async t => {
      const { stdout, stderr } = await runContainer(t, ['/init', 'sh', '-c', 'lintel password'], {
        environment,
      });
      assert.match(stdout, /^[a-km-zA-HJ-NP-Z2-9]{24}\n$/, stderr);
      assert.doesNotMatch(stderr, /root:b/);
    });
  }

  test('LINTEL_PREVIOUS_PASSWORD is seen by no script, service, CMD or lintel env', async t => {
    const shows =
      'env; lintel env --reveal 2>/dev/null || lintel env; cat /run/lintel/env/* /tmp/lintel-1000/env/* 2> /dev/null; tr "\\0" "\\n" < /proc/1/environ';
    for (const user of [undefined, { uid: 1000, gid: 100 }]) {
      const { stdout, stderr } = await runContainer(t, ['/init', 'sh', '-c', `${shows}; exit 0`], {
        ...(user === undefined ? {} : { user }),
        environment: { LINTEL_PREVIOUS_PASSWORD: 'hunter2', SEEN: 'yes' },
        files: { '/etc/cont-init.d/10-env': `#!/bin/sh\n${shows}\nexit 0\n` },
      });
      assert.match(stdout, /^SEEN=yes$/m, stderr);
      assert.doesNotMatch(stdout + stderr, /hunter2/);
    }
  });
});
