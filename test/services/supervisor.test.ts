import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import test from 'node:test';
import { bootRoot, type Files, IS_ROOT, isAlive, makeRoot, NEEDS_ROOT, WORKBENCH } from '../rig.ts';

/** Real services, from their first start to their last end. */
const KEEPER: Files = service('keeper', 'echo $$ > "$LINTEL_ROOT/tmp/keeper"\nexec sleep 9999');
const SOON = { backoffMs: { min: 10, max: 40 } };

/** A service with this shell script as its `run`. */
function service(name: string, script: string, json?: object): Files {
  return {
    [`/etc/services.d/${name}/run`]: `#!/bin/sh\n${script}\n`,
    ...(json === undefined ? {} : { [`/etc/services.d/${name}/service.json`]: JSON.stringify(json) }),
  };
}

const WRITES_PID = 'echo $$ >> "$LINTEL_ROOT/tmp/pids"';
const pidsOf = (text: string) => text.trim().split('\n').map(Number);

test('a killed service comes back, and why it died is said', async t => {
  const lintel = bootRoot(t, service('web', `${WRITES_PID}\necho ready to serve\nexec sleep 9999`));
  const [first = 0] = pidsOf(await lintel.waitForFile('/tmp/pids'));
  await lintel.waitForText(/web \| ready to serve/);
  process.kill(first, 'SIGKILL');
  const [, second = 0] = pidsOf(await lintel.waitForFile('/tmp/pids', /\n\d+\n$/));
  assert.notEqual(first, second);
  assert.equal(isAlive(second), true);
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  assert.match(
    stderr,
    /warning: web was ended by SIGKILL; its last lines: ready to serve; restarting in 0\.\d\d s/,
  );
  assert.match(stderr, /^lintel: web starts \(spawn=2\)$/m);
});

test('with restart always a service comes back after a success too, again and again', async t => {
  const lintel = bootRoot(t, service('web', WRITES_PID, SOON));
  await lintel.waitForFile('/tmp/pids', /^(\d+\n){7}/);
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  assert.equal(stderr.match(/web is failing: it died 5 times within a minute/g)?.length, 1, stderr);
});

test('with restart on-failure a service comes back until it succeeds', async t => {
  const lintel = bootRoot(t, {
    ...KEEPER,
    ...service('web', `${WRITES_PID}\n[ "$(wc -l < "$LINTEL_ROOT/tmp/pids")" = 3 ] || exit 3`, {
      restart: 'on-failure',
      ...SOON,
    }),
  });
  await lintel.waitForText(/web exited with code 0; it stays down$/m);
  assert.equal(pidsOf(lintel.root.read('/tmp/pids')).length, 3);
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  assert.equal(stderr.match(/web exited with code 3/g)?.length, 2, stderr);
  assert.doesNotMatch(stderr, /keeper (exited|was ended)/);
});

for (const [what, script, json, code] of [
  ['succeeds', 'exit 0', {}, 0],
  ['fails', 'exit 3', {}, 3],
  ['ends with one of its success codes', 'exit 2', { successCodes: [2] }, 0],
  ['ends by one of its success signals', 'kill -USR1 $$', { successCodes: ['SIGUSR1'] }, 0],
  ['dies of a signal', 'kill -SEGV $$', {}, 139],
] as const) {
  test(`with restart never the only service that ${what} ends the container with ${code}`, async t => {
    const lintel = bootRoot(t, service('web', `${WRITES_PID}\n${script}`, { restart: 'never', ...json }));
    const end = await lintel.end();
    assert.equal(end.code, code, end.stderr);
    assert.equal(pidsOf(lintel.root.read('/tmp/pids')).length, 1);
    assert.match(end.stderr, code === 0 ? /it stays down$/m : /it stays down: failed$/m);
  });
}

test('success codes count for on-failure as 0 does', async t => {
  const json = { restart: 'on-failure', successCodes: [2], ...SOON };
  const lintel = bootRoot(t, { ...KEEPER, ...service('web', `${WRITES_PID}\nexit 2`, json) });
  await lintel.waitForText(/web exited with code 2.*it stays down$/m);
  await lintel.stop();
  assert.equal(pidsOf(lintel.root.read('/tmp/pids')).length, 1);
});

test('a service that keeps dying fails after maxRestarts, and ends the container when it is the only one', async t => {
  const json = { maxRestarts: { count: 2, windowMs: 60_000 }, ...SOON };
  const lintel = bootRoot(t, service('web', `${WRITES_PID}\necho out of ideas >&2\nexit 7`, json));
  const { code, stderr } = await lintel.end();
  assert.equal(code, 7, stderr);
  assert.equal(pidsOf(lintel.root.read('/tmp/pids')).length, 3);
  assert.match(stderr, /web exited with code 7; its last lines: out of ideas; it stays down: failed/);
  assert.match(stderr, /ended with exit code 7: service web has ended for good: web exited with code 7/);
});

test('a service that is restarted a hundred times leaves no descriptor and no zombie behind', async t => {
  // Lintel's own, two each for the output of the keeper, and some to spare: a hundred times anything is far more.
  const few = 40;
  const json = { maxRestarts: { count: 100, windowMs: 60_000 }, backoffMs: { min: 1, max: 1 } };
  const lintel = bootRoot(t, { ...KEEPER, ...service('web', 'echo out; echo err >&2; exit 3', json) });
  await lintel.waitForText(/web exited with code 3.*it stays down: failed$/m);
  assert.ok(readdirSync(`/proc/${lintel.pid}/fd`).length < few);
  const children = readFileSync(`/proc/${lintel.pid}/task/${lintel.pid}/children`, 'utf8').trim().split(' ');
  assert.equal(children.length, 1, children.join(' '));
  await lintel.stop();
});

test('a failed service that is not critical leaves the others alone', async t => {
  const lintel = bootRoot(t, { ...KEEPER, ...service('web', 'exit 7', { restart: 'never' }) });
  await lintel.waitForText(/web exited with code 7; it stays down: failed$/m);
  const keeper = Number(await lintel.waitForFile('/tmp/keeper'));
  assert.equal(isAlive(keeper), true);
  assert.equal((await lintel.stop()).code, 0);
});

for (const [what, script, json, code] of [
  ['fails', 'exit 7', {}, 7],
  ['succeeds', 'exit 0', {}, 0],
  ['dies of a signal', 'kill -ABRT $$', {}, 134],
  ['is not there', '', { command: ['/no/such/program'] }, 127],
] as const) {
  test(`a critical service that ${what} for good stops the others and ends the container with ${code}`, async t => {
    const ready = 'until [ -s "$LINTEL_ROOT/tmp/keeper" ]; do sleep 0.01; done\n';
    const lintel = bootRoot(t, {
      ...KEEPER,
      ...service('web', ready + script, { restart: 'never', critical: true, ...json }),
    });
    const end = await lintel.end();
    assert.equal(end.code, code, end.stderr);
    assert.match(end.stderr, /keeper stopped/);
  });
}

test('when the last service has ended for good, the container ends with 1 if one of them failed', async t => {
  const lintel = bootRoot(t, {
    ...service('first', 'exit 7', { restart: 'never' }),
    ...service('last', 'until [ -e "$LINTEL_ROOT/tmp/go" ]; do sleep 0.01; done', { restart: 'never' }),
  });
  await lintel.waitForText(/first exited with code 7; it stays down: failed$/m);
  lintel.root.write({ '/tmp/go': '' });
  const { code, stderr } = await lintel.end();
  assert.equal(code, 1, stderr);
});

const FINISH = '#!/bin/sh\necho "$* $(id -u) $LINTEL_SERVICE $PWD" >> "$LINTEL_ROOT/tmp/finish"\n';
for (const [what, script, code, signal] of [
  ['its code', 'exit 3', '3', '0'],
  ['256 and the signal that ended it', 'kill -SEGV $$', '256', '11'],
] as const) {
  test(`finish gets ${what}, the service and its process group, and runs as the service does`, async t => {
    const lintel = bootRoot(t, {
      ...service('web', `${WRITES_PID}\n${script}`, { restart: 'never' }),
      '/etc/services.d/web/finish': FINISH,
    });
    await lintel.end();
    const [pid] = pidsOf(lintel.root.read('/tmp/pids'));
    assert.equal(
      lintel.root.read('/tmp/finish'),
      `${code} ${signal} web ${pid} ${WORKBENCH.uid} web ${lintel.root.at('/home/ada')}\n`,
    );
  });
}

test('finish runs after each death, before the next start, and after a stop', async t => {
  const lintel = bootRoot(t, {
    ...service(
      'web',
      'echo start >> "$LINTEL_ROOT/tmp/story"\nif mkdir "$LINTEL_ROOT/tmp/once"; then exit 3; fi\nexec sleep 9999',
      SOON,
    ),
    '/etc/services.d/web/finish': '#!/bin/sh\necho "finish $1 $2" >> "$LINTEL_ROOT/tmp/story"\n',
  });
  await lintel.waitForFile('/tmp/story', /start\nfinish 3 0\nstart\n$/);
  await lintel.stop();
  assert.equal(lintel.root.read('/tmp/story'), 'start\nfinish 3 0\nstart\nfinish 256 15\n');
});

test('a finish that answers 125 keeps its service down for good', async t => {
  const lintel = bootRoot(t, {
    ...KEEPER,
    ...service('web', `${WRITES_PID}\nexit 3`, SOON),
    '/etc/services.d/web/finish':
      '#!/bin/sh\n[ "$(wc -l < "$LINTEL_ROOT/tmp/pids")" -lt 2 ] || { echo said 125 > "$LINTEL_ROOT/tmp/said"; exit 125; }\n',
    ...service('late', 'until [ -s "$LINTEL_ROOT/tmp/said" ]; do sleep 0.01; done', { restart: 'never' }),
  });
  await lintel.waitForFile('/tmp/said');
  // Many times the backoff: what ends meanwhile shows that it does not come back.
  await lintel.waitForText(/late exited with code 0/);
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  assert.equal(pidsOf(lintel.root.read('/tmp/pids')).length, 2);
  assert.doesNotMatch(stderr, /web stopped/);
});

for (const kill of ['tree', 'group'] as const) {
  test(`what a finish that answers 125 keeps down is said once, with kill ${kill}`, async t => {
    const lintel = bootRoot(t, {
      ...KEEPER,
      ...service('web', 'exit 3', { ...SOON, kill }),
      '/etc/services.d/web/finish': '#!/bin/sh\nexit 125\n',
    });
    await lintel.waitForText(
      /web exited with code 3; restarting in .* unless its finish script answers 125$/m,
    );
    await lintel.waitForText(/web stays down: its finish script asked for it \(exit code 125\)/);
    const { stderr } = await lintel.stop();
    assert.equal(stderr.match(/web stays down/g)?.length, 1, stderr);
  });
}

test('a container whose only service is kept down by its finish after a failure does not end with 0', async t => {
  const lintel = bootRoot(t, {
    ...service('web', 'exit 3'),
    '/etc/services.d/web/finish': '#!/bin/sh\nexit 125\n',
  });
  assert.equal((await lintel.end()).code, 3);
});

test('a container of which all is kept down after a failure ends with 1', async t => {
  const lintel = bootRoot(t, {
    ...service('web', 'exit 3'),
    '/etc/services.d/web/finish': '#!/bin/sh\nexit 125\n',
    ...service('job', 'exit 0', { restart: 'never' }),
  });
  assert.equal((await lintel.end()).code, 1);
});

test('a finish that hangs does not outlast the time for the stop', async t => {
  const lintel = bootRoot(
    t,
    { ...KEEPER, '/etc/services.d/keeper/finish': '#!/bin/sh\ntrap "" TERM\nwhile :; do sleep 1; done\n' },
    { environment: { LINTEL_SHUTDOWN_TIMEOUT_MS: '1000' } },
  );
  await lintel.waitForFile('/tmp/keeper');
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
});

test('a finish that hangs is killed after its time, and named', async t => {
  const lintel = bootRoot(t, {
    ...service('web', 'exit 3', { restart: 'never', critical: true }),
    '/etc/services.d/web/finish': '#!/bin/sh\nwhile :; do sleep 1; done\n',
    '/etc/services.d/web/timeout-finish': '100',
  });
  const { code, stderr } = await lintel.end();
  assert.equal(code, 3, stderr);
  assert.match(stderr, /warning: the finish script of web did not end in time and is killed/);
});

test('a service is asked to stop by its stopSignal', async t => {
  const lintel = bootRoot(
    t,
    service(
      'web',
      'trap "echo got INT; exit 0" INT\ntrap "echo got TERM; exit 0" TERM\necho up > "$LINTEL_ROOT/tmp/up"\nwhile :; do sleep 0.01; done',
      { stopSignal: 'SIGINT' },
    ),
  );
  await lintel.waitForFile('/tmp/up');
  const { code, stdout, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'web | got INT\n');
  assert.match(stderr, /web stopped: it exited with code 0/);
});

test('a service that ignores its stop signal is killed after stopTimeoutMs, and that is said', async t => {
  const lintel = bootRoot(
    t,
    service('web', 'trap "" TERM\necho $$ > "$LINTEL_ROOT/tmp/up"\nwhile :; do sleep 1; done', {
      stopTimeoutMs: 200,
    }),
  );
  const pid = Number(await lintel.waitForFile('/tmp/up'));
  const startedMs = performance.now();
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  assert.ok(performance.now() - startedMs >= 200);
  assert.equal(isAlive(pid), false);
  assert.match(stderr, /warning: web did not stop in time and is killed/);
  assert.match(stderr, /web stopped: it was ended by SIGKILL/);
});

test('the stop takes no longer than LINTEL_SHUTDOWN_TIMEOUT_MS, whatever services ask for', async t => {
  const lintel = bootRoot(
    t,
    service(
      'web',
      'trap "" TERM\n(trap "" TERM; while :; do sleep 1; done) &\necho up > "$LINTEL_ROOT/tmp/up"\nwhile :; do sleep 1; done',
      { stopTimeoutMs: 60_000 },
    ),
    { environment: { LINTEL_SHUTDOWN_TIMEOUT_MS: '500' } },
  );
  await lintel.waitForFile('/tmp/up');
  const startedMs = performance.now();
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  assert.ok(performance.now() - startedMs < 5000, stderr);
});

const STRAY = `setsid sh -c 'echo $$ >> "$LINTEL_ROOT/tmp/strays"; exec sleep 9999' &`;
for (const [kill, isLeft] of [
  ['group', true],
  ['tree', false],
] as const) {
  test(`with kill ${kill} a process in a session of its own ${isLeft ? 'survives' : 'does not survive'} a restart, and never a stop`, async t => {
    const script = `${WRITES_PID}\n[ -e "$LINTEL_ROOT/tmp/strays" ] || { ${STRAY} }\nexec sleep 9999`;
    const lintel = bootRoot(t, service('web', script, { kill, ...SOON }));
    const stray = Number(await lintel.waitForFile('/tmp/strays'));
    const [first = 0] = pidsOf(await lintel.waitForFile('/tmp/pids'));
    process.kill(first, 'SIGKILL');
    await lintel.waitForFile('/tmp/pids', /\n\d+\n$/);
    assert.equal(isAlive(stray), isLeft);
    assert.equal((await lintel.stop()).code, 0);
    assert.equal(isAlive(stray), false);
  });
}

test('with kill group the background children of a service end with it all the same', async t => {
  const script = `${WRITES_PID}\n[ -e "$LINTEL_ROOT/tmp/child" ] || { sleep 9999 & echo $! > "$LINTEL_ROOT/tmp/child"; }\nexec sleep 9999`;
  const lintel = bootRoot(t, service('web', script, { kill: 'group', ...SOON }));
  const child = Number(await lintel.waitForFile('/tmp/child'));
  const [first = 0] = pidsOf(await lintel.waitForFile('/tmp/pids'));
  process.kill(first, 'SIGKILL');
  await lintel.waitForFile('/tmp/pids', /\n\d+\n$/);
  assert.equal(isAlive(child), false);
  await lintel.stop();
});

/** What stands in the way of a start, and the words that must explain it. */
const OBSTACLES: readonly (readonly [what: string, files: Files, said: RegExp])[] = [
  [
    'the program is missing',
    service('web', '', { command: ['no-such-program', '-x'] }),
    /no-such-program: not found on PATH/,
  ],
  [
    'the path is missing',
    service('web', '', { command: ['/no/such/program'] }),
    /\/no\/such\/program: no such file/,
  ],
  ['the program is a directory', service('web', '', { command: ['/etc'] }), /\/etc: it is a directory/],
  [
    'the program is not executable',
    service('web', '', { command: ['/proc/version'] }),
    /\/proc\/version: it is not executable/,
  ],
  [
    'the interpreter is missing',
    { '/etc/services.d/web/run': '#!/no/such/interpreter\n' },
    /web (could not start|exited).*\/no\/such\/interpreter/,
  ],
  [
    'its first line ends in CRLF',
    { '/etc/services.d/web/run': '#!/bin/sh\r\nexit 0\r\n' },
    /web (could not start|exited).*(CRLF|carriage return|\\r)/i,
  ],
  [
    'env knows no such interpreter',
    { '/etc/services.d/web/run': '#!/usr/bin/env no-such-program\n' },
    /web exited with code 127: its first line asks env for no-such-program, which is not on PATH; /,
  ],
  [
    'it is built for another machine',
    {
      '/etc/services.d/web/run': `\x7fELF\x02\x01\x01${'\0'.repeat(9)}\x02\0\x2a\0${'\0'.repeat(44)}`,
    },
    /web could not start: \S+\/run: it is built for machine 42, this machine is (x86_64|aarch64)/,
  ],
  [
    'its working directory is missing',
    service('web', 'exit 0', { cwd: '/no/such/folder' }),
    /its working directory \/no\/such\/folder/,
  ],
  [
    'its working directory is below a file',
    service('web', 'exit 0', { cwd: '/proc/version/folder' }),
    /its working directory \/proc\/version\/folder/,
  ],
  [
    'its program is below a file',
    service('web', '', { command: ['/proc/version/program'] }),
    /\/proc\/version\/program: /,
  ],
  [
    'a variable of its is over the kernel’s limit',
    service('web', 'exit 0', { env: { HUGE: 'x'.repeat(200_000) } }),
    /web could not start: .*(too (long|large|big)|longer than the kernel allows)/,
  ],
];

for (const [what, files, said] of OBSTACLES) {
  test(`when ${what}, that is said, the service is tried again, and Lintel goes on`, async t => {
    const extra = { restart: 'always', backoffMs: { min: 10, max: 10 } };
    const path = '/etc/services.d/web/service.json';
    const json = JSON.stringify({ ...JSON.parse(files[path] ?? '{}'), ...extra });
    const lintel = bootRoot(t, { ...KEEPER, ...files, [path]: json });
    const keeper = Number(await lintel.waitForFile('/tmp/keeper'));
    await lintel.waitForText(/web starts \(spawn=3\)/);
    assert.equal(isAlive(keeper), true);
    const { code, stderr } = await lintel.stop();
    assert.equal(code, 0, stderr);
    assert.match(stderr, said);
    assert.doesNotMatch(stderr, /Bug/);
  });
}

test('a run that only root may execute is explained', { skip: NEEDS_ROOT }, async t => {
  const root = makeRoot(t, { ...KEEPER, ...service('web', 'exit 0') });
  chmodSync(root.at('/etc/services.d/web/run'), 0o700);
  const lintel = root.boot();
  await lintel.waitForText(/web (could not start|exited).*(may not run it|ermission denied)/);
  assert.equal((await lintel.stop()).code, 0);
});

test('a run that is not executable is named, and the other services run', async t => {
  const root = makeRoot(t, { ...KEEPER, ...service('web', 'exit 0'), '/etc/services.d/folder/run/file': '' });
  chmodSync(root.at('/etc/services.d/web/run'), 0o644);
  const lintel = root.boot();
  await lintel.waitForFile('/tmp/keeper');
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  assert.match(stderr, /error: Cannot use \S+\/services\.d\/web\/run: it is not executable \(chmod \+x\)/);
  assert.match(stderr, /error: Cannot use \S+\/services\.d\/folder\/run: it is a directory/);
});

test('a service starts only where one of what it asks for is there, and the others are said', async t => {
  const root = makeRoot(t, {
    ...service('right', 'echo up > "$LINTEL_ROOT/tmp/right"\nexec sleep 9999', {
      when: {
        command: ['no-such-program', 'sh'],
        file: ['/no/such/file', '/etc/passwd'],
        env: ['UNSET', 'GIVEN'],
      },
    }),
    ...service('no-command', 'touch "$LINTEL_ROOT/tmp/wrong"', { when: { command: 'no-such-program' } }),
    ...service('no-file', 'touch "$LINTEL_ROOT/tmp/wrong"', {
      when: { file: ['/no/such/file', '/nor/this'] },
    }),
    ...service('no-env', 'touch "$LINTEL_ROOT/tmp/wrong"', { when: { env: ['UNSET', 'EMPTY'] } }),
    ...service('no-folder', 'touch "$LINTEL_ROOT/tmp/wrong"', { when: { file: '/etc/passwd/below' } }),
  });
  const lintel = root.boot({ environment: { GIVEN: 'x', EMPTY: '' } });
  await lintel.waitForFile('/tmp/right');
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  for (const said of [
    /no-command \(no-such-program is not installed\)/,
    /no-file \(there is no \/no\/such\/file or \/nor\/this\)/,
    /no-env \(UNSET or EMPTY is not set\)/,
    /no-folder \(there is no \/etc\/passwd\/below\)/,
  ])
    assert.match(stderr, said);
  assert.equal(existsSync(root.at('/tmp/wrong')), false);
});

const SAYS_ALL =
  'env > "$LINTEL_ROOT/tmp/up.new"\necho "PWD_IS=$(pwd -P)" >> "$LINTEL_ROOT/tmp/up.new"\nmv "$LINTEL_ROOT/tmp/up.new" "$LINTEL_ROOT/tmp/up"\nexec sleep 9999';

test('a service has its own variables over the container’s, and its own folder', async t => {
  const root = makeRoot(
    t,
    service('web', SAYS_ALL, {
      description: 'says all',
      cwd: '/usr',
      env: { COLOUR: 'blue $(id)', MORE: '' },
    }),
  );
  const lintel = root.boot({ environment: { COLOUR: 'red', KEPT: '  two  blanks  ' } });
  const lines = (await lintel.waitForFile('/tmp/up')).split('\n');
  for (const line of [
    'COLOUR=blue $(id)',
    'MORE=',
    'KEPT=  two  blanks  ',
    'PWD_IS=/usr',
    'LINTEL_SERVICE=web',
  ])
    assert.ok(lines.includes(line), line);
  await lintel.stop();
});

test('a command of service.json takes the place of run, with its arguments as they are', async t => {
  const lintel = bootRoot(
    t,
    service('web', 'exit 1', {
      command: [
        'sh',
        '-c',
        'printf "%s|" "$@" > "$LINTEL_ROOT/tmp/up"; exec sleep 9999',
        'sh',
        'a b',
        '$HOME',
        '*',
      ],
    }),
  );
  assert.equal(await lintel.waitForFile('/tmp/up', /\|$/), 'a b|$HOME|*|');
  await lintel.stop();
});

test('an image’s service takes the place of a shipped one of the same name', async t => {
  const lintel = bootRoot(t, {
    '/usr/local/lib/lintel/services.d/web/run':
      '#!/bin/sh\necho shipped > "$LINTEL_ROOT/tmp/up"\nexec sleep 9999\n',
    ...service('web', 'echo image > "$LINTEL_ROOT/tmp/up"\nexec sleep 9999'),
  });
  assert.equal(await lintel.waitForFile('/tmp/up'), 'image\n');
  await lintel.stop();
});

const WHO =
  'echo "$(id -u):$(id -g):$(id -G) $HOME $USER $LOGNAME $SHELL" > "$LINTEL_ROOT/tmp/up"\nexec sleep 9999';
const ACCOUNTS: Files = {
  '/etc/passwd':
    'root:x:0:0:root:/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\nbob:x:1500:1600::/:/bin/bash\n',
  '/etc/group': 'root:x:0:\nada:x:1000:\nbob:x:1600:\nvideo:x:44:ada,bob\nrender:x:107:bob\n',
};
for (const [user, groups] of [
  ['bob', '1500:1600:1600 44 107'],
  ['1500', '1500:1600:1600 44 107'],
  ['1500:44', '1500:44:44 107'],
] as const) {
  test(`a service with user ${user} runs as that user with all its groups`, { skip: NEEDS_ROOT }, async t => {
    const lintel = bootRoot(t, { ...service('web', WHO, { user }), ...ACCOUNTS });
    assert.equal(await lintel.waitForFile('/tmp/up'), `${groups} / bob bob /bin/bash\n`);
    await lintel.stop();
  });
}

test('a service with user root stays root', { skip: NEEDS_ROOT }, async t => {
  const lintel = bootRoot(t, { ...service('web', WHO, { user: 'root' }), ...ACCOUNTS });
  assert.match(await lintel.waitForFile('/tmp/up'), /^0:0:.* root root \/bin\/sh\n$/);
  await lintel.stop();
});

test('the workbench user has all its groups', { skip: NEEDS_ROOT }, async t => {
  const lintel = bootRoot(t, { ...service('web', WHO), ...ACCOUNTS });
  assert.match(await lintel.waitForFile('/tmp/up'), /^1000:1000:1000 44 /);
  await lintel.stop();
});

test('who is not root runs every service as itself', async t => {
  const lintel = bootRoot(t, service('web', WHO, { user: 'root' }), { isUnprivileged: true });
  assert.match(await lintel.waitForFile('/tmp/up'), new RegExp(`^${WORKBENCH.uid}:${WORKBENCH.gid}:`));
  await lintel.stop();
});

const PRIVILEGES =
  'grep -E "^(NoNewPrivs|CapBnd|CapEff|CapInh)" /proc/self/status > "$LINTEL_ROOT/tmp/up.new"\nmv "$LINTEL_ROOT/tmp/up.new" "$LINTEL_ROOT/tmp/up"\nexec sleep 9999';
for (const [what, json, environment, isOn] of [
  ['neither asks for it', {}, {}, false],
  ['the service asks for it', { noNewPrivs: true }, {}, true],
  ['the operator asks for it', {}, { LINTEL_NO_NEW_PRIVS: '1' }, true],
] as const) {
  test(`a service ${isOn ? 'can’t' : 'can'} gain privileges where ${what}`, async t => {
    const lintel = bootRoot(t, service('web', PRIVILEGES, json), { environment });
    const status = await lintel.waitForFile('/tmp/up');
    assert.match(status, new RegExp(`^NoNewPrivs:\\t${isOn ? 1 : 0}$`, 'm'));
    if (IS_ROOT) {
      assert.match(status, /^CapEff:\t0{16}$/m);
      assert.match(status, /^CapInh:\t0{16}$/m);
      assert.equal(/^CapBnd:\t0{16}$/m.test(status), isOn, status);
    }
    await lintel.stop();
  });
}

test('LINTEL_NO_NEW_PRIVS holds for the CMD too', async t => {
  const command = ['grep', 'NoNewPrivs', '/proc/self/status'];
  const { code, stdout, stderr } = await bootRoot(
    t,
    {},
    { command, environment: { LINTEL_NO_NEW_PRIVS: '1' } },
  ).end();
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'NoNewPrivs:\t1\n');
});

test('LINTEL_NOFILE is the soft limit of open files of services and CMD', async t => {
  const script = 'echo "$(ulimit -Sn) $(ulimit -Hn)" > "$LINTEL_ROOT/tmp/up"\nexec sleep 9999';
  const lintel = bootRoot(t, service('web', script), { environment: { LINTEL_NOFILE: '321' } });
  const [soft, hard] = (await lintel.waitForFile('/tmp/up')).trim().split(' ');
  assert.equal(soft, '321');
  assert.notEqual(hard, '321');
  await lintel.stop();
});

test('a home that is not there is no obstacle', async t => {
  const root = makeRoot(t, {
    ...service('web', SAYS_ALL),
    '/etc/passwd': `ada:x:${WORKBENCH.uid}:${WORKBENCH.gid}::/no/such/home:/bin/sh\n`,
  });
  const lintel = root.boot({ environment: { HOME: undefined } });
  const lines = (await lintel.waitForFile('/tmp/up')).split('\n');
  assert.ok(lines.includes('PWD_IS=/'));
  assert.ok(lines.includes('HOME=/no/such/home'));
  await lintel.stop();
});

test('folders of PATH that can’t be looked into are passed over', async t => {
  const root = makeRoot(t, { ...service('web', WHO), '/bin/file': '' });
  mkdirSync(root.at('/closed'), { mode: 0o700 });
  symlinkSync('loop', root.at('/loop'));
  const path = `${root.at('/bin/file')}:${root.at('/closed')}:${root.at('/loop')}::/usr/bin:/bin`;
  const lintel = root.boot({ environment: { PATH: path }, isUnprivileged: true });
  await lintel.waitForFile('/tmp/up');
  assert.equal((await lintel.stop()).code, 0);
});

test('a home that can’t be looked into is no obstacle', async t => {
  const root = makeRoot(t, service('web', WHO));
  mkdirSync(root.at('/closed'), { mode: 0o700 });
  const lintel = root.boot({ environment: { HOME: root.at('/closed/home') }, isUnprivileged: true });
  await lintel.waitForFile('/tmp/up');
  assert.equal((await lintel.stop()).code, 0);
});

test('a program is found where its user can reach it, past a folder of root’s', {
  skip: NEEDS_ROOT,
}, async t => {
  const root = makeRoot(t, {
    ...service('web', '', { command: ['tool'], restart: 'never' }),
    '/closed/tool': '#!/bin/sh\necho the wrong one\n',
    '/open/tool': '#!/bin/sh\necho the right one\n',
  });
  chmodSync(root.at('/closed'), 0o700);
  const PATH = `${root.at('/closed')}:${root.at('/open')}:/usr/bin:/bin`;
  const { code, stdout, stderr } = await root.boot({ environment: { PATH } }).end();
  assert.equal(stdout, 'web | the right one\n', stderr);
  assert.equal(code, 0);
});
