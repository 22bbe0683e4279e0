import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { type Container, type End, execInContainer, startContainer, waitUntil, whyNot } from './container.ts';

/** The shipped sshd, which real ssh clients call from inside the container. */
const PROGRAMS = [
  '/usr/sbin/sshd',
  '/usr/bin/ssh',
  '/usr/bin/sftp',
  '/usr/bin/sshpass',
  '/usr/bin/ssh-keygen',
];
const WITH_SSH = { skip: whyNot({ isRoot: true, programs: PROGRAMS }) };
const BAKED = 'baked-in-by-the-image';
const PASSWORD = 'Tr0ub4dor-and-more';

/** The image's root: the user's known password, a client's key, and that key among the user's. */
const BAKE = `echo 'lintel:${BAKED}' | chpasswd
ssh-keygen -q -t ed25519 -N '' -f /root/client < /dev/null
mkdir -m 0700 /home/lintel/.ssh
cp /root/client.pub /home/lintel/.ssh/authorized_keys
chown -R 1000:100 /home/lintel
chmod 755 /home/lintel; chmod 600 /home/lintel/.ssh/authorized_keys`;

type Starter = 'root' | 'lintel';

interface Image {
  readonly environment?: Readonly<Record<string, string>>;
  /** Shell lines that root runs after BAKE. */
  readonly bake?: readonly string[];
  /** Arguments of setpriv, before Lintel starts. */
  readonly become?: string;
  readonly files?: Readonly<Record<string, string>>;
}

/** Boots with sshd alone, and waits until it listens. */
async function open(t: TestContext, starter: Starter, image: Image = {}): Promise<Container> {
  const container = boot(t, starter, image);
  await container.waitFor(/sshd is ready/);
  return container;
}

function boot(t: TestContext, starter: Starter, { environment, bake = [], become, files }: Image): Container {
  const user = '--reuid 1000 --regid 100 --clear-groups';
  const setpriv = [become ?? (starter === 'root' ? '' : user)]
    .filter(Boolean)
    .map(words => `setpriv ${words} -- `);
  const script = [BAKE, ...bake, `exec ${setpriv.join('')}"$@"`].join('\n');
  return startContainer(t, ['/bin/sh', '-euc', script, 'sh', '/init'], {
    environment: {
      LINTEL_SERVICES: 'sshd',
      HOME: '/home/lintel',
      PASSWORD,
      LINTEL_PREVIOUS_PASSWORD: BAKED,
      ...environment,
    },
    ...(files === undefined ? {} : { files }),
  });
}

const CLIENT = '-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=10';
const BY_PASSWORD = '-o PubkeyAuthentication=no -o NumberOfPasswordPrompts=1';
const BY_KEY = '-o BatchMode=yes -o IdentitiesOnly=yes -i /root/client';

/** What the client runs in the container, as root; `$S` are the options of ssh, `$T` the place to go to. */
async function call(container: Container, how: string, line: string, password = PASSWORD): Promise<End> {
  const prefix = how === BY_PASSWORD ? 'sshpass -e ' : '';
  return execInContainer(
    container,
    ['sh', '-c', `p='${prefix}'; S='${CLIENT} ${how}'; T=lintel@127.0.0.1\n${line}`],
    {
      environment: { PATH: '/usr/bin:/bin', HOME: '/root', SSHPASS: password },
    },
  );
}

const login = (container: Container, how: string, password?: string) =>
  call(container, how, '$p ssh -p 2222 $S $T id -un', password);

async function assertIn(container: Container, how: string): Promise<void> {
  const { stdout, stderr } = await login(container, how);
  assert.equal(stdout, 'lintel\n', `${stderr}\n${container.output()}`);
}

async function assertOut(container: Container, how: string, password?: string): Promise<void> {
  const { stdout, stderr } = await login(container, how, password);
  assert.equal(stdout, '', container.output());
  assert.match(stderr, /Permission denied/, container.output());
}

for (const starter of ['root', 'lintel'] as const) {
  describe(`${starter}’s sshd`, WITH_SSH, () => {
    test('lets in by password and by key, and by no other password', async t => {
      const container = await open(t, starter);
      // Whether it is ready, it was asked without a word in its log.
      assert.doesNotMatch(container.output(), /sshd \| .*onnection/);
      await assertIn(container, BY_PASSWORD);
      await assertIn(container, BY_KEY);
      for (const other of [BAKED, 'wrong']) await assertOut(container, BY_PASSWORD, other);
      assert.doesNotMatch(container.output(), new RegExp(`${PASSWORD}|${BAKED}|StrictModes`));
    });

    test('takes keys only with SSH_ENABLE_PASSWORD_AUTH=false', async t => {
      const container = await open(t, starter, { environment: { SSH_ENABLE_PASSWORD_AUTH: 'false' } });
      await assertIn(container, BY_KEY);
      await assertOut(container, BY_PASSWORD);
    });

    test('takes passwords with SSH_ENABLE_PASSWORD_AUTH=true where the image’s file takes none', async t => {
      const bake = ['echo PasswordAuthentication no > /etc/ssh/sshd_config.d/image.conf'];
      await assertOut(await open(t, starter, { bake }), BY_PASSWORD);
      const environment = { SSH_ENABLE_PASSWORD_AUTH: 'true' };
      await assertIn(await open(t, starter, { bake, environment }), BY_PASSWORD);
    });

    for (const [value, isThere] of [
      ['', true],
      ['false', true],
      [' TRUE ', false],
      ['1', false],
    ] as const) {
      test(`${isThere ? 'has' : 'has no'} sftp with DISABLE_SFTP="${value}"`, async t => {
        const container = await open(t, starter, { environment: { DISABLE_SFTP: value } });
        const line =
          'echo carried > /tmp/up; echo "put /tmp/up up" | sftp -P 2222 $S -b - $T; cat /home/lintel/up';
        const { stdout, stderr } = await call(container, BY_KEY, line);
        assert.equal(/^carried$/m.test(stdout), isThere, stderr);
        await assertIn(container, BY_KEY);
      });
    }

    for (const [value, isThere] of [
      ['', true],
      ['true', true],
      ['no', false],
    ] as const) {
      test(`${isThere ? 'forwards' : 'does not forward'} ports with TCP_FORWARDING="${value}"`, async t => {
        const container = await open(t, starter, { environment: { TCP_FORWARDING: value } });
        // Through the tunnel to sshd itself: it greets.
        const line = `ssh -p 2222 $S -N -o ExitOnForwardFailure=yes -L 127.0.0.1:7000:127.0.0.1:2222 $T 2> /tmp/why & ssh=$!
trap 'kill $ssh' EXIT
bash -c 'until exec 3<> /dev/tcp/127.0.0.1/7000; do sleep 0.05; done; read -r -t 10 banner <&3; echo "$banner"' 2> /dev/null`;
        const { stdout, stderr } = await call(container, BY_KEY, line);
        assert.equal(/^SSH-2\.0/.test(stdout), isThere, stderr);
      });
    }

    for (const [value, address] of [
      ['', '127.0.0.1:7001'],
      ['true', '0.0.0.0:7001'],
    ] as const) {
      test(`binds a remote forward to ${address} with GATEWAY_PORTS="${value}"`, async t => {
        const container = await open(t, starter, { environment: { GATEWAY_PORTS: value } });
        const line = `ssh -p 2222 $S -o ExitOnForwardFailure=yes -R 7001:127.0.0.1:2222 $T 'cat /proc/net/tcp'`;
        const { stdout, stderr } = await call(container, BY_KEY, line);
        // The kernel's file has addresses in hexadecimal, the other way round.
        const hex = address.startsWith('0.') ? '00000000' : '0100007F';
        assert.match(stdout, new RegExp(` ${hex}:${(7001).toString(16).toUpperCase()} `), stderr);
      });
    }

    test('says in one line each what is no flag, and goes by the image’s file', async t => {
      const container = await open(t, starter, {
        environment: { TCP_FORWARDING: 'maybe', DISABLE_SFTP: 'x y' },
      });
      await assertIn(container, BY_KEY);
      for (const name of ['TCP_FORWARDING', 'DISABLE_SFTP'])
        assert.match(container.output(), new RegExp(`error: Cannot use ${name}: .*expected 1 or 0`));
    });

    for (const mode of ['2775', '770']) {
      test(`takes keys of a home that fsGroup made group-writable (${mode}), and says so`, async t => {
        const container = await open(t, starter, {
          bake: [
            `chgrp -R 4242 /home/lintel; chmod ${mode} /home/lintel /home/lintel/.ssh`,
            'chmod 660 /home/lintel/.ssh/authorized_keys',
            'groupadd -g 4242 storage; usermod -a -G storage lintel',
          ],
          become: starter === 'root' ? '--groups 4242' : '--reuid 1000 --regid 100 --groups 4242',
        });
        await assertIn(container, BY_KEY);
        assert.match(
          container.output(),
          /sshd \| \/home\/lintel\S* is writable by group 4242, which is the user's own or root's: .*StrictModes=no/,
        );
      });
    }

    for (const [what, bake] of [
      ['a home that everybody can write', 'chmod 777 /home/lintel'],
      [
        'keys that everybody can write',
        'chmod 775 /home/lintel; chmod 666 /home/lintel/.ssh/authorized_keys',
      ],
      ['a home that another group can write', 'chgrp 4243 /home/lintel; chmod 775 /home/lintel'],
      [
        'keys of another user',
        'chmod 775 /home/lintel; chmod 644 /home/lintel/.ssh/authorized_keys; chown 1234 /home/lintel/.ssh/authorized_keys',
      ],
    ] as const) {
      test(`takes no key of ${what}`, async t => {
        const container = await open(t, starter, { bake: [bake] });
        await assertOut(container, BY_KEY);
        await container.waitFor(/sshd \| Authentication refused: bad ownership or modes/);
        assert.doesNotMatch(container.output(), /StrictModes/);
        await assertIn(container, BY_PASSWORD);
      });
    }

    for (const [what, mode, owner, isReadable] of [
      ['root’s alone', '600', '0:0', starter === 'root'],
      ['the user’s alone', '600', '1000:100', true],
      ['a Secret’s, of root and for everybody', '644', '0:0', true],
      ['a Secret’s with fsGroup', '440', '0:100', true],
      ['the user’s and everybody’s', '644', '1000:100', true],
    ] as const) {
      test(`shows the host key of a folder: ${what}`, async t => {
        const container = await open(t, starter, {
          environment: { LINTEL_SSH_HOST_KEYS_DIR: '/srv/keys' },
          bake: [
            "mkdir /srv/keys; ssh-keygen -q -t ed25519 -N '' -f /srv/keys/ssh_host_ed25519_key < /dev/null",
            `chmod ${mode} /srv/keys/*_key; chown ${owner} /srv/keys/*_key`,
          ],
        });
        const scan = 'ssh-keyscan -p 2222 -t ed25519 127.0.0.1 2> /dev/null | cut -d " " -f 3';
        const { stdout } = await call(container, BY_KEY, `${scan}; cut -d " " -f 2 /srv/keys/*.pub`);
        const [shown, given] = stdout.trim().split('\n');
        assert.ok(shown !== '' && given !== '');
        assert.equal(shown === given, isReadable, container.output());
        const said = /\/srv\/keys has no ssh_host_\*_key file that uid \d+ can read: clients will see a new/;
        assert.equal(said.test(container.output()), !isReadable, container.output());
        await assertIn(container, BY_KEY);
      });
    }

    test('keeps its own host key to itself', async t => {
      const container = await open(t, starter, { bake: ['rm -f /etc/ssh/ssh_host_*'] });
      await assertIn(container, BY_KEY);
      const folder = starter === 'root' ? '/run/lintel-sshd' : '/tmp/lintel-1000/sshd';
      const place = `/proc/${await container.pid()}/root${folder}`;
      assert.equal(statSync(place).mode & 0o777, 0o700);
      assert.equal(statSync(`${place}/ssh_host_ed25519_key`).mode & 0o777, 0o600);
    });

    test('starts where the image’s sshd_config can’t be read, with sftp', async t => {
      const bake = [starter === 'root' ? 'rm /etc/ssh/sshd_config' : 'chmod 600 /etc/ssh/sshd_config'];
      const container = await open(t, starter, { bake });
      await assertIn(container, BY_PASSWORD);
      const { stdout, stderr } = await call(container, BY_KEY, 'echo pwd | sftp -P 2222 $S -b - $T');
      assert.match(stdout, /Remote working directory: \/home\/lintel/, stderr);
    });

    test('leaves open sessions alone when it is restarted, and ends those too when it is stopped', async t => {
      const container = await open(t, starter);
      const root = `/proc/${await container.pid()}/root`;
      const stay = (name: string) =>
        call(
          container,
          BY_KEY,
          `ssh -p 2222 $S $T 'echo > /tmp/${name}; until [ -e /tmp/go ]; do sleep 0.05; done; echo lives'`,
        );
      const first = stay('first');
      await waitUntil('the first session is open', () => existsSync(`${root}/tmp/first`));
      const restarted = await call(container, BY_KEY, '/usr/local/bin/lintel restart sshd --wait');
      assert.equal(restarted.code, 0, restarted.stderr);
      assert.equal(container.output().match(/Server listening on 0\.0\.0\.0/g)?.length, 2);
      await assertIn(container, BY_KEY);
      const second = stay('second');
      await waitUntil('the second session is open', () => existsSync(`${root}/tmp/second`));
      const stopped = await call(container, BY_KEY, '/usr/local/bin/lintel stop sshd --wait');
      assert.equal(stopped.code, 0, stopped.stderr);
      await call(container, BY_KEY, ': > /tmp/go');
      assert.notEqual((await first).stdout, 'lives\n');
      assert.notEqual((await second).stdout, 'lives\n');
      assert.equal((await call(container, BY_KEY, '/usr/local/bin/lintel start sshd --wait')).code, 0);
      await call(container, BY_KEY, 'rm /tmp/go');
      const third = stay('third');
      await waitUntil('the third session is open', () => existsSync(`${root}/tmp/third`));
      await container.signal('SIGTERM');
      assert.equal((await container.end()).code, 0);
      assert.notEqual((await third).stdout, 'lives\n');
    });
  });
}

describe('an account whose password could not be set', WITH_SSH, () => {
  for (const [what, starter, image, why] of [
    [
      'without the right one before',
      'lintel',
      { environment: { LINTEL_PREVIOUS_PASSWORD: 'wrong' } },
      'passwd: ',
    ],
    [
      'without CAP_CHOWN',
      'lintel',
      { become: '--reuid 1000 --regid 100 --clear-groups --bounding-set -chown' },
      'passwd can’t change it without CAP_CHOWN, which this container lacks',
    ],
    [
      'by a chpasswd that fails',
      'root',
      { bake: ["printf '#!/bin/sh\\necho it is full\\nexit 1\\n' > /usr/sbin/chpasswd"] },
      'chpasswd: it is full',
    ],
    [
      'by a chpasswd that fails while nothing can be written any more',
      'root',
      {
        bake: [
          "printf '%s\\n' '#!/bin/sh' 'for f in /run/lintel /run/lintel/secrets; do' 'mount --bind $f $f && mount -o remount,ro,bind $f; done' 'exit 1' > /usr/sbin/chpasswd",
        ],
      },
      'chpasswd: ',
    ],
  ] as const) {
    test(`${what} opens nothing, whichever it is: keys do`, async t => {
      const container = await open(t, starter, image);
      await assertOut(container, BY_PASSWORD, BAKED);
      await assertOut(container, BY_PASSWORD);
      await assertIn(container, BY_KEY);
      assert.match(container.output(), new RegExp(`the password of lintel could not be set: ${why}`));
      assert.match(container.output(), /sshd takes the keys of \S+ only: the account has another password/);
    });
  }

  test('and is not to be set is asked for', async t => {
    const container = await open(t, 'lintel', { environment: { LINTEL_SET_PASSWORD: '0' } });
    assert.equal((await login(container, BY_PASSWORD, BAKED)).stdout, 'lintel\n', container.output());
  });
});

test('root’s own host key is not in a folder of its user’s, whatever TMPDIR says', WITH_SSH, async t => {
  const container = await open(t, 'root', {
    environment: { TMPDIR: '/home/lintel' },
    bake: ['rm -f /etc/ssh/ssh_host_*; mkdir /run/lintel-sshd; chown 1000 /run/lintel-sshd'],
  });
  const { stdout } = await call(
    container,
    BY_KEY,
    'ls -d /home/lintel/tmp.* /tmp/tmp.*/ssh_host_ed25519_key 2> /dev/null',
  );
  assert.match(stdout, /^\/tmp\/tmp\.\w+\/ssh_host_ed25519_key\n$/);
});

test('root runs no sshd that its user could have put on PATH', WITH_SSH, async t => {
  const container = boot(t, 'root', {
    environment: { PATH: '/opt/mine:/usr/sbin:/usr/bin:/bin' },
    files: { '/opt/mine/sshd': '#!/bin/sh\necho mine runs; exec sleep 9\n' },
    bake: ['chown -R 1000 /opt/mine; rm /usr/sbin/sshd'],
  });
  await container.waitFor(/sshd stays down: root runs none of the container's PATH/);
  assert.equal((await container.end()).code, 78);
  assert.doesNotMatch(container.output(), /mine runs/);
});

describe('an sshd without root', WITH_SSH, () => {
  test('takes keys only under no_new_privs, and says so in a sentence', async t => {
    for (const environment of [{}, { SSH_ENABLE_PASSWORD_AUTH: 'true' }]) {
      const become = '--reuid 1000 --regid 100 --clear-groups --no-new-privs';
      const container = await open(t, 'lintel', { become, environment });
      await assertIn(container, BY_KEY);
      await assertOut(container, BY_PASSWORD);
      await assertOut(container, BY_PASSWORD, BAKED);
      assert.equal(
        container
          .output()
          .match(/sshd takes the keys of \S+ only: under no_new_privs it can check no password/g)?.length,
        1,
      );
    }
  });

  test('of a uid without a line in /etc/passwd stays down, says why, and is not started again', async t => {
    const container = boot(t, 'lintel', {
      become: '--reuid 4321 --regid 0 --clear-groups',
      environment: { LINTEL_SERVICES: 'sshd web' },
      files: { '/etc/services.d/web/run': '#!/bin/sh\nexec sleep 1000\n' },
    });
    await container.waitFor(
      /sshd \| sshd stays down: uid 4321 has no line in \/etc\/passwd, so it could let nobody in/,
    );
    await container.waitFor(/sshd stays down: its finish script asked for it/);
    await container.waitFor(/web starts/);
    await container.signal('SIGTERM');
    const { code, stderr } = await container.end();
    assert.equal(code, 0);
    assert.equal(stderr.match(/sshd starts/g)?.length, 1, stderr);
  });

  test('that is the only service and can let nobody in ends the container with its code', async t => {
    const container = boot(t, 'lintel', { become: '--reuid 4321 --regid 0 --clear-groups' });
    const { code, stderr } = await container.end();
    assert.equal(code, 78, stderr);
  });
});
