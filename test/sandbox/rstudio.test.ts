import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { describe, test } from 'node:test';
import {
  type Container,
  type ContainerOptions,
  STARTS,
  startContainer,
  WORKBENCH_USER,
  waitUntil,
  whyNot,
} from './container.ts';
import { listProcesses } from './inside.ts';
import { awaitProcess, RSTUDIO, RSTUDIO_PROGRAMS, startRstudio } from './rstudio.ts';

/**
 * The shipped service, with stand-ins that check what the real rserver and rsession do, PAM and R itself: who gets in,
 * as whom sessions run, and what they know.
 */
const WITH_R = { skip: whyNot({ isRoot: true, programs: RSTUDIO_PROGRAMS }) };
const PASSWORD = 'Tr0ub4dor & $(id) "3" \\ é';
const MIRROR = 'https://mirror.example/cran';
const READY = /^lintel: rstudio is ready/m;
const READ_ONLY: ContainerOptions = { readOnly: true, writable: ['/run', '/tmp', '/home/lintel'] };

const LOOK =
  'cat(getOption("repos"), Sys.getenv("GROWN"), Sys.getenv("HOME"), getwd(), system("id -un", TRUE), sep = "\\n")';

const WAYS = [
  ...STARTS.map(({ how, options, isRoot }) => ({ how, options, isRoot, home: '/home/lintel' })),
  { how: 'as root on a read-only root', options: READ_ONLY, isRoot: true, home: '/home/lintel' },
  {
    how: 'as uid 1000 on a read-only root, whose home is not that of /etc/passwd',
    options: {
      user: WORKBENCH_USER,
      readOnly: true,
      writable: ['/run', '/tmp', '/scratch'],
      command: ['/bin/sh', '-c', 'mkdir -p /tmp/home && HOME=/tmp/home exec /init'],
    },
    isRoot: false,
    home: '/tmp/home',
  },
  {
    how: 'as root that may only become others',
    options: { capabilities: '-all,+setuid,+setgid,+kill,+chown' },
    isRoot: false,
    home: '/home/lintel',
  },
];

for (const { how, options, isRoot, home } of WAYS) {
  test(`the password opens a session that knows everything, ${how}`, WITH_R, async t => {
    const { container, browser } = await startRstudio(t, {
      ...options,
      environment: { PASSWORD, R_REPOSITORY: MIRROR, ROOT_PROJECT_DIRECTORY: `${home}/work/project` },
      files: { '/etc/cont-init.d/10-grow': '#!/bin/sh\necho GROWN=tall >> "$LINTEL_ENV"\n' },
    });
    await container.waitFor(READY);
    assert.deepEqual(await browser.open(), { status: 302, location: '/auth-sign-in?appUri=/' });

    assert.equal(await browser.signIn('lintel', 'wrong'), false);
    assert.equal(await browser.signIn('root', PASSWORD), false);
    assert.equal(await browser.signIn('lintel', ''), false);
    assert.equal(await browser.signIn('lintel', PASSWORD), true);
    const seen = (await browser.evaluate(LOOK)).split('\n');
    assert.deepEqual(seen, [MIRROR, 'tall', home, `${home}/work/project`, 'lintel']);

    const server = await awaitProcess(container, /bin\/rserver /);
    const session = await awaitProcess(container, /bin\/rsession /);
    assert.deepEqual([server.uid, session.uid], [isRoot ? 0 : 1000, 1000]);
    await assertKeyIsSecret(container, server.command);
    const lines = (await listProcesses(container)).map(({ command }) => command).join('\n');
    assert.doesNotMatch(lines, /Tr0ub4dor/);

    await browser.evaluate('system("setsid sleep 9997 > /dev/null 2>&1 &")');
    await awaitProcess(container, /^sleep 9997/);
    await container.signal('SIGTERM');
    const { code, stderr } = await container.end();
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^lintel: rstudio stopped: it was ended by SIGTERM/m);
    assert.doesNotMatch(stderr, /^lintel: (warning|error): .*(rstudio|password)/m);
    assert.doesNotMatch(stderr, /Tr0ub4dor/);
  });
}

/** Whoever reads it can sign in as anybody. */
async function assertKeyIsSecret(container: Container, line: string): Promise<void> {
  const path = /--secure-cookie-key-file=(\S+)/.exec(line)?.[1];
  assert.equal(statSync(`/proc/${await container.pid()}/root${path}`).mode & 0o777, 0o600);
}

test(
  'what the account’s password is where it could not be set opens nothing; the right one does',
  WITH_R,
  async t => {
    const { container, browser } = await startRstudio(t, {
      environment: { PASSWORD, LINTEL_SERVICES: 'rstudio' },
      command: [
        '/bin/sh',
        '-euc',
        "echo lintel:baked-in | chpasswd; printf '#!/bin/sh\\nexit 1\\n' > /usr/sbin/chpasswd; exec /init",
      ],
    });
    await container.waitFor(READY);
    assert.equal(await browser.signIn('lintel', 'baked-in'), false);
    assert.equal(await browser.signIn('lintel', PASSWORD), true);
    assert.equal((await awaitProcess(container, /bin\/rserver /)).uid, 0);
  },
);

describe('root runs no program of a PATH that its user can write', WITH_R, () => {
  const names =
    'awk basename cat chmod chown cut dirname expr getent grep head id ln ls mkdir mktemp od readlink rm sed setpriv sha256sum sleep sort stat tail tr uname';
  const files = Object.fromEntries(
    names.split(' ').map(name => [
      `/opt/mine/${name}`,
      // By the kernel's word, since a program would be looked for here again.
      `#!/bin/sh
while read -r key id _; do if [ "$key$id" = Uid:0 ]; then echo ${name} >> /tmp/as-root; fi; done < /proc/self/status
PATH=\${PATH#/opt/mine:} exec ${name} "$@"
`,
    ]),
  );
  for (const [what, environment, bake] of [
    ['with PAM', {}, ''],
    ['with its own check', {}, "printf '#!/bin/sh\\nexit 1\\n' > /usr/sbin/chpasswd"],
    ['as the workbench user', { LINTEL_AUTH: 'none' }, ''],
  ] as const) {
    test(what, async t => {
      const { container, browser } = await startRstudio(t, {
        files,
        environment: { PASSWORD, PATH: '/opt/mine:/usr/bin:/bin', ...environment },
        command: [
          '/bin/sh',
          '-euc',
          `PATH=/usr/sbin:/usr/bin:/bin\n${bake}\nln -s /usr/bin/R /opt/mine/R; chown -R 1000 /opt/mine; PATH=/opt/mine:$PATH exec /init`,
        ],
      });
      await container.waitFor(READY);
      assert.equal(await browser.signIn('lintel', PASSWORD), true);
      const root = `/proc/${await container.pid()}/root`;
      assert.equal(existsSync(`${root}/tmp/as-root`) && readFileSync(`${root}/tmp/as-root`, 'utf8'), false);
      // What a session has is its user's own.
      assert.match(await browser.evaluate('cat(Sys.getenv("PATH"))'), /^\/opt\/mine:/);
      const { command, uid } = await awaitProcess(container, /bin\/rserver /);
      assert.match(command, uid === 0 ? /--rsession-which-r=\/usr\// : /--rsession-which-r=\/opt\/mine\/R/);
    });
  }
});

describe('without a password', WITH_R, () => {
  for (const { how, options } of STARTS) {
    test(`rserver is the workbench user’s and its only one gets in, ${how}`, async t => {
      const { container, browser } = await startRstudio(t, {
        ...options,
        environment: { LINTEL_AUTH: 'none', R_REPOSITORY: MIRROR },
      });
      await container.waitFor(READY);
      assert.match(container.output(), /warning: LINTEL_AUTH=none: rstudio lets in whoever/);
      assert.equal((await browser.open('/auth-sign-in')).status, 302);
      assert.equal((await browser.open()).status, 200);
      assert.deepEqual((await browser.evaluate(LOOK)).split('\n'), [
        MIRROR,
        '',
        '/home/lintel',
        '/home/lintel',
        'lintel',
      ]);
      assert.equal((await awaitProcess(container, /bin\/rserver /)).uid, 1000);
    });
  }
});

describe('lintel restart rstudio', WITH_R, () => {
  for (const { how, options, environment } of [
    ...STARTS.map(start => ({ ...start, environment: { PASSWORD } })),
    { how: 'started as root without a password', options: {}, environment: { LINTEL_AUTH: 'none' } },
  ]) {
    test(`leaves sessions and their jobs alone, ${how}`, async t => {
      const { container, browser } = await startRstudio(t, {
        ...options,
        environment: { ...environment, LINTEL_SERVICES: 'rstudio again' },
        files: {
          '/etc/services.d/again/run': `#!/bin/sh
until [ -e /tmp/go ]; do sleep 0.02; done
lintel restart rstudio --wait && echo restarted; exec sleep 9999
`,
        },
      });
      await container.waitFor(READY);
      assert.equal(await browser.signIn('lintel', PASSWORD), true);
      await browser.evaluate('x <- 6 * 7; system("nohup sleep 9998 > /dev/null 2>&1 &")');
      const before = await awaitProcess(container, /bin\/rserver /);
      const job = await awaitProcess(container, /^sleep 9998/);
      await browser.evaluate('invisible(file.create("/tmp/go"))');
      await container.waitFor(/again \| restarted/);
      const after = await awaitProcess(container, /bin\/rserver /);
      assert.notEqual(after.pid, before.pid);
      // The cookie, the session and what it had are still good.
      assert.equal(await browser.evaluate('cat(x)'), '42');
      assert.ok(existsSync(`/proc/${job.pid}`));
      await container.signal('SIGTERM');
      assert.equal((await container.end()).code, 0);
    });
  }
});

describe('what the image says', WITH_R, () => {
  for (const { how, options } of STARTS) {
    test(`in rserver.conf and rsession.conf stays, but for port, address and authentication, ${how}`, async t => {
      const { container, browser } = await startRstudio(t, {
        ...options,
        environment: { PASSWORD, ROOT_PROJECT_DIRECTORY: '/tmp/project' },
        files: {
          '/etc/rstudio/rserver.conf':
            '# the image’s\r\n www-port = 1 \nserver-data-dir=/tmp/own-data\nauth-none=1 # no\nwww-root-path=/image',
          '/etc/rstudio/rsession.conf': 'session-default-working-dir=/tmp/image\n',
          '/etc/rstudio/database.conf': 'provider=sqlite\ndirectory=/tmp/own-database\n',
        },
      });
      await container.waitFor(READY);
      for (const key of ['www-port', 'auth-none'])
        await container.waitFor(new RegExp(`rstudio \\| /etc/rstudio/rserver.conf: ${key} has no effect: `));
      assert.equal((await browser.open()).location, '/image/auth-sign-in?appUri=/');
      assert.equal(await browser.signIn('lintel', PASSWORD), true);
      assert.equal(await browser.evaluate('cat(getwd())'), '/tmp/image');
      const root = `/proc/${await container.pid()}/root`;
      assert.ok(existsSync(`${root}/tmp/own-data/rstudio-rsession/lintel-d`));
      assert.ok(existsSync(`${root}/tmp/own-database/rstudio.sqlite`));
    });
  }

  test('is what R it has: one that the user could have written does not run as root', async t => {
    const { container, browser } = await startRstudio(t, {
      environment: { PASSWORD, PATH: '/opt/conda/bin:/usr/bin:/bin', NB_PREFIX: '/notebook/a/b/' },
      files: {
        '/opt/conda/bin/R': '#!/bin/sh\nid -u >> /tmp/who\nexec /usr/bin/R "$@"\n',
        '/etc/cont-init.d/10-conda':
          '#!/bin/sh\nchown -R 1000 /opt/conda; : > /tmp/who; chmod a+w /tmp/who\n',
      },
    });
    await container.waitFor(READY);
    assert.equal((await browser.open()).location, '/notebook/a/b/auth-sign-in?appUri=/');
    assert.equal(await browser.signIn('lintel', PASSWORD), true);
    assert.equal(readFileSync(`/proc/${await container.pid()}/root/tmp/who`, 'utf8').trim(), '1000');
  });

  test('of rserver’s own user and of a uid below 1000 is heeded', async t => {
    const { container, browser } = await startRstudio(t, {
      ...READ_ONLY,
      environment: { PASSWORD, LINTEL_USER: 'low' },
      files: {
        '/etc/passwd':
          'root:x:0:0::/root:/bin/sh\nrstudio-server:x:980:980::/:/bin/false\nlow:x:500:500::/tmp:/bin/sh\n',
        '/etc/group': 'root:x:0:\nrstudio-server:x:980:\nlow:x:500:\n',
      },
    });
    await container.waitFor(READY);
    assert.match(container.output(), /rstudio \| .*listening as rstudio-server/);
    assert.equal(await browser.signIn('low', PASSWORD), true);
    assert.equal(await browser.evaluate('cat(system("id -u", TRUE))'), '500');
  });
});

describe('where RStudio can’t be', WITH_R, () => {
  for (const [what, options, sentence] of [
    [
      'a uid without a name',
      { user: { uid: 12_345, gid: 0 } },
      'uid 12345 has no line in /etc/passwd, and RStudio works for named users only, expected one: Lintel adds it where the image has "chmod g=u /etc/passwd"',
    ],
    [
      'root without CAP_SETUID',
      { capabilities: '-all,+kill' },
      'this root lacks CAP_SETUID or CAP_SETGID, expected both, or a container that starts as the workbench user',
    ],
    [
      'a workbench user that is root',
      { environment: { LINTEL_USER: 'root' } },
      "/run/lintel/secrets is root's, expected a workbench user who is not root (LINTEL_USER), and CAP_CHOWN to give it",
    ],
  ] as const) {
    test(`one sentence says so, once, and it stays down: ${what}`, async t => {
      const container = startContainer(t, ['/init'], {
        ...options,
        environment: { LINTEL_SERVICES: 'rstudio', ...('environment' in options ? options.environment : {}) },
        files: RSTUDIO,
      });
      // It is the only service, so its end is the container's.
      const { code, stdout, stderr } = await container.end();
      assert.equal(code, 78, stderr);
      const said = [...`${stdout}${stderr}`.matchAll(/rstudio \| Cannot start RStudio Server: (.*)/g)];
      assert.deepEqual(
        said.map(([, text]) => text),
        [sentence],
      );
    });
  }

  test('a uid that gets a name has it', async t => {
    const { container, browser } = await startRstudio(t, {
      command: [
        '/bin/sh',
        '-euc',
        'chmod g=u /etc/passwd /home/lintel; chgrp 0 /home/lintel; exec setpriv --reuid 12345 --regid 0 --clear-groups -- /init',
      ],
      environment: { PASSWORD },
    });
    await container.waitFor(READY);
    assert.equal(await browser.signIn('lintel', PASSWORD), true);
    assert.equal(await browser.evaluate('cat(system("id -u", TRUE))'), '12345');
  });
});

test('it is not there where rserver is not', { skip: whyNot({ isRoot: true }) }, async t => {
  const container = startContainer(t, ['/init'], {
    environment: { LINTEL_SERVICES: 'auto other' },
    files: { '/etc/services.d/other/run': '#!/bin/sh\nexec sleep 9999\n' },
  });
  const said = await waitUntil(
    'the boot says which services run',
    () => /services: .*/.exec(container.output())?.[0],
  );
  assert.match(said, /rstudio.* \(not installed\)/);
});
