import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import {
  type ContainerOptions,
  fixtures,
  runContainer,
  STARTS,
  startContainer,
  waitUntil,
  whyNot,
} from './container.ts';

/** Lintel as a container's first process, and as a child of one. */
const ORPHANS = 10_000;
const SERVICES = 500;
/** Lintel's word: a second TERM after this time (milliseconds) is meant to kill. With only a CMD it is not. */
const INSISTING_MS = 1000;
/** Far less than any time limit of Lintel's: a stop that waits for one of those takes longer (milliseconds). */
const PROMPT_MS = 4000;

const PYTHON = '/usr/bin/python3';
const NEEDS_PYTHON = { programs: [PYTHON] };
const SCRIPTS = fixtures('orphans.py', 'count-signals.py', 'daemon.py', 'leftovers.py');

for (const { how, options, isRoot } of STARTS) {
  test(`${ORPHANS} orphans leave no zombie while ${SERVICES} services report their exit codes, ${how}`, {
    skip: whyNot({ ...NEEDS_PYTHON, isRoot }),
  }, async t => {
    const expected = Object.fromEntries(Array.from({ length: SERVICES }, (_, n) => [`n${n}`, n % 200]));
    const services = Object.entries(expected).map(([name, code]) => {
      const json = { command: ['/bin/sh', '/srv/pass-gate', '/tmp/gate', `${code}`], restart: 'never' };
      return [`/etc/services.d/${name}/service.json`, JSON.stringify(json)];
    });
    const end = await runContainer(t, ['/init', PYTHON, '/srv/orphans.py', String(ORPHANS), '/tmp/gate'], {
      ...options,
      environment: { LINTEL_LOG_FORMAT: 'json' },
      files: {
        ...SCRIPTS,
        ...Object.fromEntries(services),
        '/etc/cont-init.d/10-gate': '#!/bin/sh\nexec mkfifo -m 666 /tmp/gate\n',
        '/srv/pass-gate': 'read -r _ < "$1"\nexit "$2"\n',
      },
    });
    assert.deepEqual(JSON.parse(end.stdout), { zombies: 0, readers: 0 }, end.stderr);
    assert.equal(end.code, 0);
    assert.deepEqual(parseDeaths(end.stderr), expected);
  });
}

const COMMANDS: readonly (readonly [what: string, command: readonly string[], code: number])[] = [
  ['that exits with 7', ['sh', '-c', 'exit 7'], 7],
  ['that TERM ends', ['sh', '-c', 'kill -TERM $$'], 143],
  ['that KILL ends', ['sh', '-c', 'kill -KILL $$'], 137],
  ['that is not there', ['/no/such/program'], 127],
  ['that is not on PATH', ['no-such-program'], 127],
  ['that is not executable', ['/etc/hostname'], 126],
  ['that is a directory', ['/etc'], 126],
];

for (const [what, command, code] of COMMANDS) {
  test(`a CMD ${what} ends the container with ${code}`, { skip: whyNot() }, async t => {
    const end = await runContainer(t, ['/init', ...command]);
    assert.deepEqual({ code: end.code, stdout: end.stdout }, { code, stdout: '' }, end.stderr);
    if (code === 126 || code === 127) assert.match(end.stderr, new RegExp(`${command[0]}: `));
  });
}

test('a CMD that dies of the TERM sent to PID 1 ends the container with 143', { skip: whyNot() }, async t => {
  const container = startContainer(t, ['/init', 'sh', '-c', 'echo up; exec sleep 9999']);
  await container.waitFor(/^up/m);
  await container.signal('SIGTERM');
  assert.equal((await container.end()).code, 143);
});

test('a CMD without services gets every signal, and nothing else happens however often', {
  skip: whyNot(NEEDS_PYTHON),
}, async t => {
  const container = startContainer(t, ['/init', PYTHON, '/srv/count-signals.py'], { files: SCRIPTS });
  await container.waitFor(/^up/m);
  const startMs = performance.now();
  const terms = 4;
  for (let term = 1; term <= terms; term += 1) {
    if (term === terms) await waitUntil('it is late', () => performance.now() > startMs + INSISTING_MS);
    await container.signal('SIGTERM');
    await container.waitFor(new RegExp(`^SIGTERM ${term}$`, 'm'));
  }
  for (const name of ['SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGCONT', 'SIGWINCH'] as const) {
    await container.signal(name);
    await container.waitFor(new RegExp(`^${name} ${terms}$`, 'm'));
  }
  await container.signal('SIGINT');
  const end = await container.end();
  assert.equal(end.code, 40 + terms, end.stderr);
});

const MISBEHAVING: ContainerOptions['files'] = {
  ...SCRIPTS,
  '/etc/services.d/stubborn/run': "#!/bin/sh\ntrap '' TERM\necho up\nwhile :; do sleep 9999; done\n",
  '/etc/services.d/stubborn/service.json': '{"stopTimeoutMs": 300}',
  '/etc/services.d/daemon/run': `#!/bin/sh\n${PYTHON} /srv/daemon.py marked /tmp/marked\necho up\nexec sleep 9999\n`,
  '/etc/services.d/escape/run': `#!/bin/sh\n${PYTHON} /srv/daemon.py clean /tmp/clean clean\necho up\nexec sleep 9999\n`,
  '/etc/services.d/leaver/run':
    '#!/bin/sh\nsleep 9999 &\n(trap "" TERM; sleep 9999) &\necho up\nexec sleep 9999\n',
  '/etc/services.d/leaver/service.json': '{"stopTimeoutMs": 300}',
};
const ONLY_THESE = { LINTEL_SERVICES: 'stubborn,daemon,escape,leaver' };
const ALL_UP = /(^\w+ \| up$[\s\S]*?){4}/m;

for (const { how, options, isRoot } of STARTS) {
  test(`TERM ends services that ignore it, daemons and background children, ${how}`, {
    skip: whyNot({ ...NEEDS_PYTHON, isRoot }),
  }, async t => {
    const container = startContainer(t, [PYTHON, '/srv/leftovers.py', '/init'], {
      ...options,
      environment: ONLY_THESE,
      files: MISBEHAVING,
    });
    await container.waitFor(ALL_UP);
    const startMs = performance.now();
    await container.signal('SIGTERM');
    const { stdout, stderr, code } = await container.end();
    const tookMs = performance.now() - startMs;
    assert.deepEqual(JSON.parse(lastLine(stdout)), { code: 0, left: ['S sleep 9999'] }, stderr);
    assert.equal(code, 0);
    assert.ok(tookMs < PROMPT_MS, `it took ${tookMs} ms`);
    assert.match(stdout, /daemon \| marked got TERM/);
  });
}

test('as PID 1, daemons that left their service get TERM at the stop, and the container ends with 0', {
  skip: whyNot(NEEDS_PYTHON),
}, async t => {
  const container = startContainer(t, ['/init'], { environment: ONLY_THESE, files: MISBEHAVING });
  await container.waitFor(ALL_UP);
  const startMs = performance.now();
  await container.signal('SIGTERM');
  const { stdout, stderr, code } = await container.end();
  const tookMs = performance.now() - startMs;
  assert.equal(code, 0, stderr);
  assert.match(stdout, /marked got TERM/);
  assert.match(stdout, /clean got TERM/);
  assert.ok(tookMs < PROMPT_MS, `it took ${tookMs} ms`);
});

test('what a service leaves behind ends with it, while the container goes on', {
  skip: whyNot(NEEDS_PYTHON),
}, async t => {
  const container = startContainer(t, ['/init', 'sh', '-c', 'until [ -e /tmp/told ]; do sleep 0.05; done'], {
    files: {
      ...SCRIPTS,
      '/etc/services.d/daemon/run': `#!/bin/sh\n${PYTHON} /srv/daemon.py marked /tmp/marked\n`,
      '/etc/services.d/daemon/service.json': '{"restart": "never"}',
      '/etc/services.d/daemon/finish':
        '#!/bin/sh\necho "finish $1 $2 $3"\nif kill -0 "$(cat /tmp/marked)"; then echo alive; fi\necho > /tmp/told\n',
    },
  });
  const end = await container.end();
  assert.equal(end.code, 0, end.stderr);
  assert.match(end.stderr, /^daemon \| marked got TERM$/m);
  assert.match(end.stderr, /^daemon \| finish 0 0 daemon$/m);
  assert.doesNotMatch(end.stderr, /^daemon \| alive$/m);
});

test('not as PID 1: the same exit codes, and the descendants of the CMD end with it', {
  skip: whyNot(NEEDS_PYTHON),
}, async t => {
  const command = `${PYTHON} /srv/daemon.py clean /tmp/clean clean; sleep 9999 & exit 7`;
  const end = await runContainer(t, [PYTHON, '/srv/leftovers.py', '/init', 'sh', '-c', command], {
    files: SCRIPTS,
  });
  assert.deepEqual(JSON.parse(lastLine(end.stdout)), { code: 7, left: ['S sleep 9999'] }, end.stderr);
  assert.match(end.stdout, /clean got TERM/);
});

test('not as PID 1: orphans are reaped, by a subreaper', { skip: whyNot(NEEDS_PYTHON) }, async t => {
  // PID 1 is a shell that waits for Lintel alone, so whatever reached it would stay a zombie.
  const end = await runContainer(t, ['/init', PYTHON, '/srv/orphans.py', '1000', '/tmp/gate'], {
    pid1: false,
    files: { ...SCRIPTS, '/etc/cont-init.d/10-gate': '#!/bin/sh\nexec mkfifo -m 666 /tmp/gate\n' },
  });
  assert.deepEqual(JSON.parse(end.stdout), { zombies: 0, readers: 0 }, end.stderr);
  assert.equal(end.code, 0);
});

test('services and CMD are the workbench user with all its groups and the limits of the container', {
  skip: whyNot({ isRoot: true }),
}, async t => {
  const others = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .filter(line => !/:4242:|^$/.test(line));
  const script =
    '#!/bin/sh\necho "$(id -u):$(id -g) $(id -G) files $(ulimit -Sn) of $(ulimit -Hn) in $(pwd)"\n';
  const limits = 'ulimit -Sn 2048; ulimit -Hn 4096; exec /init "$@"';
  const { code, stdout, stderr } = await runContainer(t, ['/bin/sh', '-c', limits, 'sh', '/srv/cmd'], {
    // 0 is root's own group and nobody else's; 5000 is what a platform adds.
    groups: [0, 5000],
    cwd: '/opt',
    files: {
      '/etc/group': `${others.join('\n')}\nvideo-test:x:4242:lintel\n`,
      '/srv/cmd': `${script}until [ -e /tmp/done ]; do sleep 0.02; done\n`,
      '/etc/services.d/who/run': `${script}touch /tmp/done\nexec sleep 9999\n`,
    },
  });
  assert.equal(code, 0, stderr);
  assert.equal(stdout, '1000:100 100 4242 5000 files 2048 of 4096 in /opt\n');
  assert.match(stderr, /^who \| 1000:100 100 4242 5000 files 2048 of 4096 in \/home\/lintel$/m);
});

for (const { how, options, isRoot } of STARTS) {
  test(`services and CMD open /dev/stdout and /dev/stderr again, ${how}`, {
    skip: whyNot({ isRoot }),
  }, async t => {
    const script = '#!/bin/sh\necho "$1 out" > /dev/stdout; echo "$1 err" > /dev/stderr\n';
    // An engine's stdio are pipes; those of this test are sockets, which nobody can open again.
    const pipes =
      'mkfifo /tmp/out /tmp/err; cat /tmp/out & cat /tmp/err >&2 & exec /init "$@" > /tmp/out 2> /tmp/err';
    const container = startContainer(t, ['/bin/sh', '-c', pipes, 'sh', '/srv/cmd', 'cmd'], {
      ...options,
      files: {
        '/etc/services.d/who/run': `${script}exec sleep 9999\n`,
        '/srv/cmd': `${script}exec sleep 9999\n`,
      },
    });
    for (const line of [/^who \| {2}out$/m, /^who \| {2}err$/m, /^cmd out$/m, /^cmd err$/m])
      await container.waitFor(line);
    await container.signal('SIGTERM');
    assert.equal((await container.end()).code, 143);
  });
}

test('PID 1 knows that whoever holds its folder below /run is in another container, and says so where Kubernetes looks', {
  skip: whyNot(),
}, async t => {
  const script = `mkdir -m 755 /run/lintel; : > /dev/termination-log
    flock /run/lintel sh -c ': > /tmp/held; exec sleep 9999' &
    until [ -e /tmp/held ]; do sleep 0.05; done
    trap 'cat /dev/termination-log' EXIT
    unshare --pid --fork --mount-proc /init true`;
  const { code, stdout, stderr } = await runContainer(t, ['/bin/sh', '-c', script]);
  assert.equal(code, 2, stderr);
  assert.match(
    stderr,
    /another Lintel keeps its state in \/run\/lintel: in another container, which shares that folder$/m,
  );
  assert.match(
    stdout,
    /^ended with exit code 2: another Lintel .*\n.*\n {2}what to do: give each container a \/run of its own/,
  );
});

/** Service -> exit code, from Lintel's own lines. */
function parseDeaths(log: string): Record<string, number> {
  const deaths: Record<string, number> = {};
  for (const line of log.split('\n').filter(Boolean)) {
    const { msg } = JSON.parse(line) as { msg: string };
    const [, name, code] = /^(n\d+) exited with code (\d+)/.exec(msg) ?? [];
    if (name === undefined) continue;
    assert.equal(deaths[name], undefined, `${name} is reported twice`);
    deaths[name] = Number(code);
  }
  return deaths;
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}
