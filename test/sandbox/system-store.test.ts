import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { convert, makeAuthority } from '../authorities.ts';
import { type ContainerOptions, runContainer, WORKBENCH_USER, whyNot } from './container.ts';

/** The system's own store of certificates, in a real image-like root with Debian's own program. */
const A = makeAuthority('Store authority A');
const B = makeAuthority('Store authority B');
const LOCAL = '/usr/local/share/ca-certificates';
const skip = whyNot({
  programs: ['/usr/sbin/update-ca-certificates', '/usr/bin/openssl', '/usr/bin/setpriv'],
  isRoot: true,
});

/** For who follows no variable: does the system trust these? Says so a line each. */
const TRUSTS = `#!/bin/sh
for name in a b; do
  if env -i /usr/bin/openssl verify -CApath /etc/ssl/certs /srv/$name.pem >/dev/null 2>&1 &&
    env -i /usr/bin/openssl verify -CAfile /etc/ssl/certs/ca-certificates.crt /srv/$name.pem >/dev/null 2>&1
  then echo "trusts $name"; fi
done
`;
const FILES = { '/srv/a.pem': A.pem, '/srv/b.pem': B.pem, '/srv/trusts': TRUSTS };

/** Runs a shell script as root, which boots Lintel once or more, and returns what it and the boots wrote. */
async function runScript(
  t: Parameters<typeof runContainer>[0],
  lines: readonly string[],
  files: ContainerOptions['files'] = {},
) {
  const { code, stdout, stderr } = await runContainer(t, ['/bin/sh', '-euc', lines.join('\n')], {
    files: { ...FILES, ...files },
    environment: { LINTEL_LOG_FORMAT: 'text' },
  });
  assert.equal(code, 0, stderr);
  return {
    stdout: stdout.trim().split('\n'),
    said: stderr
      .split('\n')
      .filter(line => /system store:/.test(line))
      .map(line => line.replace(/ms=\d+/, 'ms=…')),
  };
}

const saying = (text: string) => `lintel: ${text}`;

describe('as root', { skip }, () => {
  test('the system trusts the certificates before the CMD starts; a second boot changes nothing; without the variable they go', async t => {
    const { stdout, said } = await runScript(t, [
      'PATH_TO_CA_BUNDLE=/srv/a.pem /init /srv/trusts',
      'echo second',
      'PATH_TO_CA_BUNDLE=/srv/a.pem /init sh -c "stat -c %i /etc/ssl/certs/ca-certificates.crt >/tmp/one"',
      'PATH_TO_CA_BUNDLE=/srv/a.pem /init /srv/trusts',
      'stat -c %i /etc/ssl/certs/ca-certificates.crt | cmp - /tmp/one',
      'echo other',
      'PATH_TO_CA_BUNDLE=/srv/b.pem /init /srv/trusts',
      'echo gone',
      '/init /srv/trusts',
      `ls ${LOCAL}; find /etc/ssl/certs -name "lintel*"`,
    ]);
    assert.deepEqual(stdout, ['trusts a', 'second', 'trusts a', 'other', 'trusts b', 'gone']);
    assert.deepEqual(said, [
      saying(`system store: 1 certificate(s) put into ${LOCAL} (update-ca-certificates) (ms=…)`),
      saying(`system store: 1 certificate(s) put into ${LOCAL} (update-ca-certificates) (ms=…)`),
      saying(`system store: 1 of an earlier boot removed from ${LOCAL} (update-ca-certificates) (ms=…)`),
    ]);
  });

  test('those that a script of the start names instead are the ones that the CMD finds', async t => {
    const { stdout, said } = await runScript(t, ['PATH_TO_CA_BUNDLE=/srv/a.pem /init /srv/trusts'], {
      '/etc/cont-init.d/10-other': '#!/bin/sh\necho PATH_TO_CA_BUNDLE=/srv/b.pem >> "$LINTEL_ENV"\n',
    });
    assert.deepEqual(stdout, ['trusts b']);
    assert.equal(said.length, 2, said.join('\n'));
  });

  test('other settings of a script’s are no reason to make it again', async t => {
    const { stdout, said } = await runScript(t, ['PATH_TO_CA_BUNDLE=/srv/a.pem /init /srv/trusts'], {
      '/etc/cont-init.d/10-other': '#!/bin/sh\necho GIT_USER_NAME=Ada >> "$LINTEL_ENV"\n',
    });
    assert.deepEqual(stdout, ['trusts a']);
    assert.equal(said.length, 1, said.join('\n'));
  });

  test('what a platform mounted there is taken up', async t => {
    const { stdout, said } = await runScript(t, ['/init /srv/trusts', '/init /srv/trusts'], {
      [`${LOCAL}/company/b.crt`]: B.pem,
    });
    assert.deepEqual(stdout, ['trusts b', 'trusts b']);
    assert.deepEqual(said, [
      saying(`system store: certificates of ${LOCAL} taken up (update-ca-certificates) (ms=…)`),
    ]);
  });

  test('root that can’t become another user has no other user to beware of', async t => {
    const { stdout, said } = await runScript(t, [
      'PATH_TO_CA_BUNDLE=/srv/a.pem exec setpriv --bounding-set=-all /init /srv/trusts',
    ]);
    assert.deepEqual(stdout, ['trusts a']);
    assert.deepEqual(said, [
      saying(`system store: 1 certificate(s) put into ${LOCAL} (update-ca-certificates) (ms=…)`),
    ]);
  });

  test('a folder that the workbench user may write is no place for root to look into', async t => {
    const { stdout, said } = await runScript(t, [
      `chown 1000 ${LOCAL}`,
      `ln -s /etc/shadow ${LOCAL}/shadow.crt`,
      'PATH_TO_CA_BUNDLE=/srv/a.pem /init /srv/trusts',
      `ls ${LOCAL}`,
      'grep -c "^root:" /etc/ssl/certs/ca-certificates.crt || true',
    ]);
    assert.deepEqual(stdout, ['shadow.crt', '0']);
    assert.equal(said.length, 1);
    assert.match(said[0] ?? '', /warning: system store: left as it is \(lintel may write /);
  });

  test('a program of that name in the image’s PATH is not run as root', async t => {
    const evil = '#!/bin/sh\necho "$0 as $(id -u)" >>/tmp/evil\n';
    const { stdout } = await runScript(
      t,
      [
        'PATH=/opt/evil:$PATH PATH_TO_CA_BUNDLE=/srv/a.pem /init /srv/trusts',
        'cat /tmp/evil 2>/dev/null || echo none',
      ],
      { '/opt/evil/update-ca-certificates': evil, '/opt/evil/openssl': evil, '/opt/evil/sed': evil },
    );
    assert.deepEqual(stdout, ['trusts a', 'none']);
  });
});

test('a stop while the CMD waits for the store says so', { skip }, async t => {
  const { code, stdout, stderr } = await runContainer(
    t,
    ['/bin/sh', '-euc', 'cp /srv/slow /usr/sbin/update-ca-certificates; exec /init echo ran'],
    {
      files: {
        ...FILES,
        '/srv/slow': '#!/bin/sh\nuntil [ -e /tmp/up ]; do sleep 0.05; done\nkill -TERM 1\nexec sleep 9999\n',
        '/etc/services.d/web/run': '#!/bin/sh\n: > /tmp/up\nexec sleep 9999\n',
      },
      environment: { PATH_TO_CA_BUNDLE: '/srv/a.pem' },
    },
  );
  assert.deepEqual([code, stdout], [143, ''], stderr);
  assert.match(stderr, /: asked to stop by SIGTERM during the boot, while step system store ran$/m);
});

test('a read-only root is said once, and the CMD runs', { skip }, async t => {
  const end = await runContainer(t, ['/init', '/srv/trusts'], {
    files: FILES,
    environment: { PATH_TO_CA_BUNDLE: '/srv/a.pem' },
    readOnly: true,
    writable: ['/run', '/tmp'],
  });
  assert.deepEqual([end.code, end.stdout], [0, '']);
  assert.equal(
    end.stderr
      .split('\n')
      .filter(line => line.includes('system store:'))
      .join(),
    saying(
      'system store: left as it is (read-only file system); programs find the certificates by their variables and files',
    ),
  );
});

describe('as uid 1000', () => {
  /** What asks for root; the folders are the user's, so that it need not be root to show that it worked. */
  const ASKED = ['echo "$*" >>/tmp/asked', '[ "$1 $2" = "-n --" ] || exit 9', 'shift 2'];
  const sudo = (...lines: readonly string[]) => ({
    '/usr/bin/sudo': ['#!/bin/sh', ...ASKED, ...lines, ''].join('\n'),
  });
  const asUser = (command: string) =>
    `HOME=/home/lintel PATH_TO_CA_BUNDLE=/srv/a.pem setpriv --reuid=1000 --regid=100 --clear-groups ${command}`;

  test('without sudo the store stays as it is, and that is said', { skip }, async t => {
    const { code, stdout, stderr } = await runContainer(t, ['/init', '/srv/trusts'], {
      files: FILES,
      user: WORKBENCH_USER,
      environment: { PATH_TO_CA_BUNDLE: '/srv/a.pem', LINTEL_NO_NEW_PRIVS: '1' },
    });
    assert.deepEqual([code, stdout], [0, '']);
    assert.match(stderr, /^lintel: system store: left as it is \(.*\); programs find the certificates/m);
  });

  test('sudo that wants a password is asked once and not waited for', { skip }, async t => {
    const { stdout, said } = await runScript(
      t,
      [asUser('/init /srv/trusts'), 'wc -l </tmp/asked'],
      sudo('echo "sudo: a password is required" >&2', 'exit 1'),
    );
    assert.deepEqual(stdout, ['1']);
    assert.deepEqual(said, [
      saying(
        'system store: left as it is (sudo: a password is required); programs find the certificates by their variables and files',
      ),
    ]);
  });

  test('sudo that works at once brings them into the store, and takes them out again', { skip }, async t => {
    const { stdout, said } = await runScript(
      t,
      [
        `chown -R 1000 ${LOCAL} /etc/ssl/certs`,
        asUser('/init /srv/trusts'),
        asUser('/init /srv/trusts'),
        asUser('env -u PATH_TO_CA_BUNDLE /init /srv/trusts'),
        'cut -d" " -f3 /tmp/asked',
      ],
      sudo('exec "$@"'),
    );
    assert.deepEqual(stdout, [
      'trusts a',
      'trusts a',
      '/usr/bin/install',
      '/usr/sbin/update-ca-certificates',
      '/bin/rm',
      '/usr/sbin/update-ca-certificates',
    ]);
    assert.deepEqual(said, [
      saying(`system store: 1 certificate(s) put into ${LOCAL} (update-ca-certificates) (ms=…)`),
      saying(`system store: 1 of an earlier boot removed from ${LOCAL} (update-ca-certificates) (ms=…)`),
    ]);
  });
});

test('the certificate of a platform’s in DER is one too', { skip }, async t => {
  const pem = Buffer.from(convert(A.pem, ['-outform', 'DER'])).toString('base64');
  const { stdout } = await runScript(t, [
    `echo ${pem} | base64 -d >/srv/a.der`,
    'PATH_TO_CA_BUNDLE=/srv/a.der /init /srv/trusts',
  ]);
  assert.deepEqual(stdout, ['trusts a']);
});
