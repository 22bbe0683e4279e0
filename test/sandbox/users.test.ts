import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ContainerOptions, runContainer, startContainer, whyNot } from './container.ts';

/** Who the workbench user is, where the container's variables or its uid make somebody else of the image's. */
const AS_ROOT = { skip: whyNot({ isRoot: true }) };
const WHO = 'id -un; id -u; id -g; id -G; echo "$USER $HOME"; cd; pwd -P';

/** The image is prepared by a script as root; then `/init` is PID 1. */
function prepared(...lines: readonly string[]): string[] {
  return ['/bin/sh', '-euc', [...lines, 'exec "$@"'].join('\n'), 'sh'];
}

async function ask(
  t: Parameters<typeof runContainer>[0],
  command: readonly string[],
  options: ContainerOptions,
) {
  const { code, stdout, stderr } = await runContainer(t, command, options);
  assert.equal(code, 0, stderr);
  return { lines: stdout.trimEnd().split('\n'), stderr };
}

describe('as root', () => {
  test('NB_USER, NB_UID and NB_GID make another user of the workbench’s', AS_ROOT, async t => {
    const environment = { NB_USER: 'ada', NB_UID: '2000', NB_GID: '3000', HOME: '/home/lintel' };
    const files = { '/home/lintel/notes': 'mine\n' };
    const look = `${WHO}; cat notes; stat -c %U:%G . notes; grep -c . /etc/shadow > /dev/null || echo closed`;
    const { lines, stderr } = await ask(t, ['/init', 'sh', '-c', look], { environment, files });
    assert.deepEqual(
      lines,
      [
        'ada',
        '2000',
        '3000',
        '3000 100',
        'ada /home/ada',
        '/home/lintel',
        'mine',
        'ada:ada',
        'ada:ada',
        'closed',
      ],
      stderr,
    );
    assert.match(stderr, /user: lintel 1000:100 becomes ada 2000:3000, home \/home\/ada$/m);
  });

  test('a home that is mounted under the new name is taken as it is', AS_ROOT, async t => {
    const command = prepared('mkdir /home/ada', 'echo volume > /home/ada/notes', 'chown -R 1000 /home/ada');
    const { lines } = await ask(t, [...command, '/init', 'sh', '-c', 'cat ~/notes; ls -d /home/*'], {
      environment: { NB_USER: 'ada', HOME: '/home/lintel' },
    });
    assert.deepEqual(lines, ['volume', '/home/ada', '/home/lintel']);
  });

  test('a second boot of the same container changes nothing', AS_ROOT, async t => {
    const environment = {
      NB_USER: 'ada',
      NB_UID: '2000',
      NB_GID: '3000',
      HOME: '/home/lintel',
      // Its hash is another each time.
      LINTEL_SET_PASSWORD: '0',
    };
    const again = prepared(
      'unshare --fork --pid --mount-proc /init true 2> /dev/null',
      'cat /etc/passwd /etc/group /etc/shadow > /tmp/before',
      'stat -c %i /etc/passwd /etc/group >> /tmp/before',
    );
    const look =
      '{ cat /etc/passwd /etc/group /etc/shadow; stat -c %i /etc/passwd /etc/group; } > /tmp/after';
    const { stderr } = await ask(
      t,
      [
        'sh',
        '-c',
        `"$@" && ${look} && cmp /tmp/before /tmp/after >&2`,
        'sh',
        ...again,
        '/init',
        'sh',
        '-c',
        `{ ${WHO}; } >&2`,
      ],
      { environment },
    );
    assert.match(stderr, /^ada\n2000\n3000\n3000 100\nada \/home\/ada\n\/home\/lintel$/m);
    assert.doesNotMatch(stderr, /becomes/);
  });

  test('a uid that somebody else has is refused in one line, and the boot goes on', AS_ROOT, async t => {
    const { lines, stderr } = await ask(t, ['/init', 'id', '-u'], { environment: { NB_UID: '2' } });
    assert.deepEqual(lines, ['1000']);
    assert.match(stderr, /Cannot use NB_UID: 2, which is bin’s, expected a uid that no other user/);
  });

  test('on a read-only root the numbers are those asked for all the same', AS_ROOT, async t => {
    const { lines, stderr } = await ask(t, ['/init', 'sh', '-c', 'id -u; id -g; echo "$USER"'], {
      environment: { NB_USER: 'ada', NB_UID: '2000' },
      readOnly: true,
      writable: ['/run', '/tmp'],
    });
    assert.deepEqual(lines, ['2000', '100', 'ada']);
    assert.match(stderr, /Cannot write the accounts in \/etc: read-only file system; uid 2000 works without/);
  });
});

describe('CHOWN_HOME and CHOWN_EXTRA', () => {
  test('give what has the wrong owner, but not what a link or another name leads to', AS_ROOT, async t => {
    const command = prepared(
      'mkdir -p /home/lintel/deep /data/shared',
      'touch /home/lintel/deep/file /data/file',
      'ln -s /etc /home/lintel/etc; ln -s /etc/shadow /home/lintel/shadow',
      'echo root > /home/secret; ln /home/secret /home/lintel/planted',
      'mkfifo /home/lintel/fifo',
      'chown -h root:root /home/lintel /home/lintel/deep',
    );
    const look =
      'stat -c "%U %n" ~ ~/deep ~/deep/file ~/etc ~/shadow ~/fifo /etc /etc/shadow /home/secret /data /data/file /data/shared';
    const { lines, stderr } = await ask(t, [...command, '/init', 'sh', '-c', look], {
      environment: { CHOWN_HOME: 'yes', CHOWN_HOME_OPTS: '-R -L', CHOWN_EXTRA: '/data,/no/such' },
    });
    assert.deepEqual(lines, [
      'lintel /home/lintel',
      'lintel /home/lintel/deep',
      'lintel /home/lintel/deep/file',
      'lintel /home/lintel/etc',
      'lintel /home/lintel/shadow',
      'lintel /home/lintel/fifo',
      'root /etc',
      'root /etc/shadow',
      'root /home/secret',
      'lintel /data',
      'root /data/file',
      'root /data/shared',
    ]);
    assert.match(stderr, /warning: CHOWN_HOME_OPTS: "-L" has no effect, only -R has$/m);
    assert.match(stderr, /ownership: 6 of 7 in \/home\/lintel given to lintel \(ms=\d+\)$/m);
    assert.match(stderr, /warning: ownership: 1 files in \/home\/lintel are left as they are: /);
    assert.match(stderr, /warning: ownership: 1 in \/no\/such could not be given to lintel: no such file$/m);
  });

  test('as another user than root are said to have no effect', async t => {
    const { stderr } = await ask(t, ['/init', 'true'], {
      user: { uid: 1000, gid: 100 },
      environment: { CHOWN_HOME: '1', CHOWN_EXTRA: '/data' },
    });
    assert.match(
      stderr,
      /warning: CHOWN_HOME and CHOWN_EXTRA without effect: only a container that starts as root/,
    );
  });

  test('make an empty volume of root’s the user’s before it is filled from HOME_TMP', AS_ROOT, async t => {
    const command = prepared(
      'mount -n -t tmpfs -o mode=0755 volume /home/lintel',
      'mkdir /srv/home; echo hello > /srv/home/notes',
    );
    const { lines } = await ask(t, [...command, '/init', 'sh', '-c', 'cat ~/notes; stat -c %U ~ ~/notes'], {
      environment: { CHOWN_HOME: '1', HOME_TMP: '/srv/home' },
    });
    assert.deepEqual(lines, ['hello', 'lintel', 'lintel']);
  });

  test('are left to the platform on a volume, when only the uid is another', AS_ROOT, async t => {
    const command = prepared(
      'mount -n -t tmpfs -o mode=0755,uid=1000 volume /home/lintel',
      'chown 1000 /home/lintel',
    );
    const { lines } = await ask(t, [...command, '/init', 'sh', '-c', 'stat -c %u ~'], {
      environment: { NB_UID: '2000' },
    });
    assert.deepEqual(lines, ['1000']);
  });
});

describe('as an arbitrary uid in group 0', () => {
  const user = { uid: 1_000_650_000, gid: 0 };
  const asUid = ['setpriv', '--reuid', String(user.uid), '--regid', '0', '--clear-groups', '--', '/init'];

  test('the workbench user’s line gets the uid, in place', AS_ROOT, async t => {
    const command = prepared(
      'chgrp -R 0 /home/lintel /etc/passwd',
      'chmod g=u /home/lintel /etc/passwd',
      'stat -c %i /etc/passwd > /tmp/inode',
    );
    const look = `${WHO}; stat -c %i /etc/passwd | cmp - /tmp/inode; grep lintel /etc/passwd; touch ~/works`;
    const { lines, stderr } = await ask(t, [...command, ...asUid, 'sh', '-c', look], {
      environment: { HOME: '/' },
    });
    assert.deepEqual(
      lines,
      [
        'lintel',
        '1000650000',
        '0',
        '0',
        'lintel /home/lintel',
        '/home/lintel',
        'lintel:x:1000650000:0::/home/lintel:/bin/bash',
        'lintel-was:x:1000:100::/home/lintel:/bin/bash',
      ],
      stderr,
    );
    assert.match(stderr, /user: lintel 1000:100 becomes lintel 1000650000:0$/m);
  });

  test('without a writable /etc/passwd HOME and USER are set, which is said once', AS_ROOT, async t => {
    const container = startContainer(t, ['/init', 'sh', '-c', 'echo "$USER $LOGNAME $HOME"'], {
      user,
      environment: { HOME: '/' },
    });
    const { stdout, stderr } = await container.end();
    assert.equal(stdout, 'lintel lintel /tmp\n', stderr);
    assert.equal(stderr.match(/uid 1000650000 has no line in \/etc\/passwd/g)?.length, 1, stderr);
  });
});
