import assert from 'node:assert/strict';
import test from 'node:test';
import { runContainer, startContainer, whyNot } from './container.ts';

/** What Docker gives a container's root. */
const DOCKER =
  '-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap';
const AS_ROOT = { skip: whyNot({ isRoot: true }) };

test('the workbench user gets none of the capabilities that root was started with', AS_ROOT, async t => {
  const capabilities = '--inh-caps=+net_bind_service --ambient-caps=+net_bind_service';
  const look = '/init grep -E "^Cap(Inh|Prm|Eff|Amb)" /proc/self/status';
  const { stdout, stderr } = await runContainer(t, ['sh', '-c', `exec setpriv ${capabilities} ${look}`]);
  const sets = ['CapInh', 'CapPrm', 'CapEff', 'CapAmb'].map(set => `${set}:\t0000000000000000\n`);
  assert.equal(stdout, sets.join(''), stderr);
});

test('root may still look into PID 1 after it has started others as another user', AS_ROOT, async t => {
  const { stdout, stderr } = await runContainer(t, ['/init', 'true'], {
    capabilities: DOCKER,
    files: {
      '/etc/cont-finish.d/10-look': '#!/bin/sh\nhead -c 0 /proc/1/environ && echo readable > /dev/stderr\n',
    },
  });
  assert.match(stdout + stderr, /^10-look \| readable$/m);
});

test('noNewPrivs is never silently dropped: without setpriv that is an error', AS_ROOT, async t => {
  const script = 'rm /usr/bin/setpriv && exec /init echo started';
  const environment = { LINTEL_NO_NEW_PRIVS: '1' };
  const { code, stdout, stderr } = await runContainer(t, ['sh', '-c', script], { environment });
  assert.deepEqual([code, stdout], [126, ''], stderr);
  assert.match(stderr, /no_new_privs needs setpriv \(util-linux\)/);
});

test(
  'a service that asks for noNewPrivs fails for good where there is no setpriv, and the others run',
  AS_ROOT,
  async t => {
    const container = startContainer(t, ['sh', '-c', 'rm /usr/bin/setpriv && exec /init'], {
      environment: { LINTEL_SERVICES: 'image' },
      files: {
        '/etc/services.d/closed/run': '#!/bin/sh\necho ran\nexec sleep 9999\n',
        '/etc/services.d/closed/service.json': '{"noNewPrivs": true}',
        '/etc/services.d/open/run': '#!/bin/sh\nexec sleep 9999\n',
      },
    });
    await container.waitFor(/booted after/);
    await container.signal('SIGTERM');
    const { code, stdout, stderr } = await container.end();
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stdout, /ran/);
    const closed = stderr.split('\n').filter(line => /warning: /.test(line));
    assert.deepEqual(closed.slice(0, 2), [
      'lintel: warning: closed can’t be started: "noNewPrivs" needs setpriv, which is not there (BusyBox’s can’t do it); expected util-linux in the image',
      'lintel: warning: closed could not start: no_new_privs needs setpriv (util-linux); it stays down: failed',
    ]);
    assert.match(
      closed[2] ?? '',
      /^lintel: warning: booted after .*; reduced: 1 \(not started, for want of setpriv: closed\)$/,
    );
    assert.equal(closed.length, 3, stderr);
  },
);

test(
  'with LINTEL_NO_NEW_PRIVS and no setpriv no service runs, and the container says so and ends',
  AS_ROOT,
  async t => {
    const { code, stdout, stderr } = await runContainer(
      t,
      ['sh', '-c', 'rm /usr/bin/setpriv && exec /init'],
      {
        environment: { LINTEL_SERVICES: 'image', LINTEL_NO_NEW_PRIVS: '1' },
        files: Object.fromEntries(
          ['a', 'b'].map(name => [`/etc/services.d/${name}/run`, '#!/bin/sh\necho ran\nexec sleep 9999\n']),
        ),
      },
    );
    assert.deepEqual([code, stdout], [1, ''], stderr);
    assert.match(stderr, /^lintel: warning: a, b can’t be started: LINTEL_NO_NEW_PRIVS needs setpriv/m);
    assert.match(
      stderr,
      /: no service runs any more; the last: [ab] could not start: no_new_privs needs setpriv/,
    );
    assert.match(stderr, /another attempt would find the same$/m);
  },
);

test('root without CAP_CHOWN boots all the same', AS_ROOT, async t => {
  const capabilities = '-all,+setuid,+setgid,+kill,+dac_override';
  const { code, stdout, stderr } = await runContainer(t, ['/init', 'id', '-u'], { capabilities });
  assert.deepEqual({ code, stdout }, { code: 0, stdout: '1000\n' }, stderr);
});

test('root without CAP_CHOWN makes as the workbench user what is theirs', AS_ROOT, async t => {
  const look = [
    'cd /run/lintel; stat -c "%u:%g %a %n" secrets secrets/password secrets/condarc env env.sh',
    'cat env.sh env/PROOF "$LINTEL_PASSWORD_FILE" > /dev/null && echo readable',
    'echo 7 > /run/s6-linux-init-container-results/exitcode',
  ];
  const { code, stdout, stderr } = await runContainer(t, ['/init', 'sh', '-c', look.join('\n')], {
    capabilities: '-all,+setuid,+setgid',
    environment: { CONDA_REPOSITORY: 'https://ada:secret@conda.example/main' },
    files: {
      '/etc/cont-init.d/10-proof': '#!/bin/sh\necho PROOF=1 >> "$LINTEL_ENV"\n',
      '/etc/services.d/speaker/run': '#!/bin/sh\necho by its name > /dev/stderr\necho >&3\nexec sleep 9999\n',
      '/etc/services.d/speaker/service.json': '{"ready": {"notifyFd": 3}}',
    },
  });
  assert.doesNotMatch(stderr, /lintel: error/);
  assert.deepEqual(stdout.split('\n'), [
    '1000:100 700 secrets',
    '1000:100 600 secrets/password',
    '1000:100 600 secrets/condarc',
    '0:100 2750 env',
    '0:100 640 env.sh',
    'readable',
    '',
  ]);
  assert.equal(code, 7, stderr);
  assert.match(stderr, /^speaker \| by its name$/m);
});

test('a link in a folder of the user’s leads root nowhere', AS_ROOT, async t => {
  const script = [
    'set -e',
    'mkdir -p /opt/conda/conda-meta /opt/conda/lib/R/etc',
    'echo "secret: untouched" > /etc/victim',
    'ln -s /etc/victim /opt/conda/.condarc',
    'chown -hR 1000:100 /opt/conda',
    'exec /init sh -c "cat /etc/victim; cat /run/lintel/* 2> /dev/null"',
  ];
  const environment = { CONDA_REPOSITORY: 'https://conda.example/main', PATH: '/usr/bin:/bin' };
  const { stdout, stderr } = await runContainer(t, ['sh', '-c', script.join('\n')], { environment });
  // Of the victim's text there is what stands in it, and nothing in what others may read below /run.
  assert.deepEqual(stdout.match(/^.*untouched.*$/gm), ['secret: untouched'], stderr);
  assert.match(
    stderr,
    /conda: \/opt\/conda\/\.condarc is left alone: it is a link in a folder that is not root’s alone/,
  );
});

test('a file of the image that others may not read is not copied to where they can', AS_ROOT, async t => {
  const script =
    'echo "[global]\nextra-index-url = https://b:S3CRET@x.example" > /etc/pip.conf; chmod 600 /etc/pip.conf';
  const { stdout, stderr } = await runContainer(
    t,
    ['sh', '-c', `${script}; exec /init sh -c 'echo "$PIP_INDEX_URL"; cat /run/lintel/* 2> /dev/null'`],
    {
      environment: {
        PIP_REPOSITORY: 'https://new.example/simple',
        LINTEL_ENFORCE: '1',
        PATH: '/usr/bin:/bin',
      },
    },
  );
  assert.match(stdout, /^https:\/\/new\.example\/simple$/m, stderr);
  assert.doesNotMatch(stdout + stderr, /S3CRET/);
});
