import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { bootRoot, type Files, findProcesses, isAlive, makeRoot } from './rig.ts';

/** What signals do at every stage of a workbench's life. The terminal's own are the third ring's. */
const SERVICE: Files = {
  '/etc/services.d/web/run': '#!/bin/sh\necho $$ > "$LINTEL_ROOT/tmp/web"\nexec sleep 9999\n',
};
/** Says each signal that it gets in /tmp/signals and goes on; ends with 5 once /tmp/end is there. */
const CMD = [
  'sh',
  '-c',
  `for name in TERM INT HUP QUIT USR1 USR2 ALRM CONT TSTP WINCH; do trap "echo $name >> $LINTEL_ROOT/tmp/signals" $name; done
   echo up > "$LINTEL_ROOT/tmp/cmd"
   until [ -e "$LINTEL_ROOT/tmp/end" ]; do sleep 0.01; done
   exit 5`,
];
/** A stop that waits for one of Lintel's time limits takes longer (milliseconds). */
const PROMPT_MS = 3000;
/** A TERM or INT so much later than the first means "at once" (milliseconds). */
const IMPATIENCE_MS = 1000;

test('TERM at any moment of the start ends all of it, the first processes included', async t => {
  const root = makeRoot(t, SERVICE);
  // The moments are the point here: from the launcher's first line to the running service.
  for (let afterMs = 0; afterMs < 60; afterMs += 3) {
    const lintel = root.boot();
    await sleep(afterMs);
    const { code, stderr } = await lintel.stop();
    // Before its handlers stand, the signal ends it as it ends any program.
    assert.ok(code === 0 || code === null, `${code} after ${afterMs} ms: ${stderr}`);
    assert.deepEqual(findProcesses(root.at('/')), [], `after ${afterMs} ms`);
  }
});

const SLOW_SCRIPT =
  '#!/bin/sh\ntrap "echo got TERM; exit 1" TERM\nsetsid sleep 9999 &\necho $! > "$LINTEL_ROOT/tmp/stray"\necho up > "$LINTEL_ROOT/tmp/script"\nwhile :; do sleep 0.01; done\n';

test('TERM during a script ends it and what it started; no other script and no service starts', async t => {
  const lintel = bootRoot(t, {
    ...SERVICE,
    '/etc/cont-init.d/10-slow': SLOW_SCRIPT,
    '/etc/cont-init.d/20-next': '#!/bin/sh\ntouch "$LINTEL_ROOT/tmp/next"\n',
  });
  await lintel.waitForFile('/tmp/script');
  const { code, stdout, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^10-slow \| got TERM$/m);
  assert.match(stderr, /ended with exit code 0: asked to stop by SIGTERM/);
  assert.equal(isAlive(Number(lintel.root.read('/tmp/stray'))), false);
  for (const name of ['next', 'web']) assert.equal(existsSync(lintel.root.at(`/tmp/${name}`)), false, name);
});

test('TERM during a script ends even what of it ignores TERM', async t => {
  const script =
    '#!/bin/sh\n(trap "" TERM; echo up > "$LINTEL_ROOT/tmp/script"; while :; do sleep 0.1; done) &\nwait\n';
  const lintel = bootRoot(t, { ...SERVICE, '/etc/cont-init.d/10-slow': script });
  await lintel.waitForFile('/tmp/script');
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
});

test('a CMD that a TERM kept from starting does not look successful', async t => {
  const lintel = bootRoot(
    t,
    { '/etc/cont-init.d/10-slow': SLOW_SCRIPT },
    { command: ['touch', '/no/such/file'] },
  );
  await lintel.waitForFile('/tmp/script');
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 143, stderr);
});

test('TERM while a service waits for its next start ends at once', async t => {
  const lintel = bootRoot(t, {
    '/etc/services.d/web/run': '#!/bin/sh\nexit 3\n',
    '/etc/services.d/web/service.json': '{ "backoffMs": { "min": 60000, "max": 60000 } }',
  });
  await lintel.waitForText(/web exited with code 3.*restarting in 60\.00 s/);
  const startedMs = performance.now();
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  assert.ok(performance.now() - startedMs < PROMPT_MS);
  assert.doesNotMatch(stderr, /spawn=2/);
});

test('TERM in the steady state stops every service, and INT does the same without a CMD', async t => {
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    const lintel = bootRoot(t, SERVICE);
    const pid = Number(await lintel.waitForFile('/tmp/web'));
    lintel.signal(name);
    const { code, stderr } = await lintel.end();
    assert.equal(code, 0, stderr);
    assert.equal(isAlive(pid), false);
    assert.match(stderr, new RegExp(`ended with exit code 0: asked to stop by ${name}`));
  }
});

for (const name of ['SIGTERM', 'SIGINT'] as const) {
  test(`another ${name} a second after TERM kills at once what does not end, and none before does`, async t => {
    const lintel = bootRoot(
      t,
      {
        '/etc/services.d/web/run':
          '#!/bin/sh\ntrap "" TERM\necho $$ > "$LINTEL_ROOT/tmp/web"\nwhile :; do sleep 0.1; done\n',
        '/etc/services.d/web/service.json': '{ "stopTimeoutMs": 60000 }',
      },
      { environment: { LINTEL_SHUTDOWN_TIMEOUT_MS: '60000' } },
    );
    const pid = Number(await lintel.waitForFile('/tmp/web'));
    const startedMs = performance.now();
    lintel.signal('SIGTERM');
    await lintel.waitForText(/stopping/);
    await lintel.waitUntil('it ends after being asked again and again', () => {
      lintel.signal(name);
      return !isAlive(pid);
    });
    const elapsedMs = performance.now() - startedMs;
    assert.equal((await lintel.end()).code, 0);
    assert.ok(elapsedMs >= IMPATIENCE_MS && elapsedMs < IMPATIENCE_MS + PROMPT_MS, `${elapsedMs} ms`);
  });
}

test('without a CMD all other signals are nobody’s', async t => {
  const lintel = bootRoot(t, SERVICE);
  const pid = Number(await lintel.waitForFile('/tmp/web'));
  for (const name of [
    'SIGHUP',
    'SIGQUIT',
    'SIGUSR1',
    'SIGUSR2',
    'SIGALRM',
    'SIGWINCH',
    'SIGCONT',
    'SIGTSTP',
    'SIGPIPE',
    'SIGTTIN',
    'SIGTTOU',
    'SIGURG',
    'SIGIO',
    'SIGPWR',
    'SIGVTALRM',
    'SIGXCPU',
    'SIGXFSZ',
  ] as const)
    lintel.signal(name);
  // A death is only seen and answered by a Lintel that still runs.
  process.kill(pid, 'SIGKILL');
  await lintel.waitForText(/web starts \(spawn=2\)/);
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
});

test('with a CMD the other signals go to it, and INT too where there is no terminal; services stay', async t => {
  const lintel = bootRoot(t, SERVICE, { command: CMD });
  await lintel.waitForFile('/tmp/cmd');
  const pid = Number(await lintel.waitForFile('/tmp/web'));
  const seen: string[] = [];
  for (const name of [
    'HUP',
    'QUIT',
    'USR1',
    'USR2',
    'ALRM',
    'WINCH',
    'CONT',
    'TSTP',
    'INT',
    'INT',
  ] as const) {
    lintel.signal(`SIG${name}`);
    seen.push(name);
    await lintel.waitForFile('/tmp/signals', new RegExp(`^${seen.join('\\n')}\\n$`));
  }
  assert.equal(isAlive(pid), true);
  lintel.root.write({ '/tmp/end': '' });
  const { code, stderr } = await lintel.end();
  assert.equal(code, 5, stderr);
  assert.equal(isAlive(pid), false);
});

test('TERM with a CMD and services stops both, and the code is the CMD’s', async t => {
  for (const [trap, expected] of [
    ['trap "exit 5" TERM', 5],
    ['trap "exit 0" TERM', 0],
    ['', 143],
  ] as const) {
    const script = `${trap}\necho up > "$LINTEL_ROOT/tmp/cmd"\nwhile :; do sleep 0.01; done`;
    const lintel = bootRoot(t, SERVICE, { command: ['sh', '-c', script] });
    await lintel.waitForFile('/tmp/cmd');
    const pid = Number(await lintel.waitForFile('/tmp/web'));
    const { code, stderr } = await lintel.stop();
    assert.equal(code, expected, stderr);
    assert.equal(isAlive(pid), false);
  }
});

test('a CMD that ignores the stop is killed in time, and the code says so', async t => {
  const script = 'trap "" TERM\necho up > "$LINTEL_ROOT/tmp/cmd"\nwhile :; do sleep 0.01; done';
  const lintel = bootRoot(t, SERVICE, {
    command: ['sh', '-c', script],
    environment: { LINTEL_SHUTDOWN_TIMEOUT_MS: '500' },
  });
  await lintel.waitForFile('/tmp/cmd');
  await lintel.waitForFile('/tmp/web');
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 137, stderr);
});

test('a CMD without services gets every TERM and INT, however often, and nothing else happens', async t => {
  const lintel = bootRoot(t, {}, { command: CMD });
  await lintel.waitForFile('/tmp/cmd');
  const startedMs = performance.now();
  let terms = 0;
  while (performance.now() - startedMs < IMPATIENCE_MS + 100) {
    terms += 1;
    lintel.signal('SIGTERM');
    await lintel.waitForFile('/tmp/signals', new RegExp(`^(TERM\\n){${terms}}$`));
  }
  lintel.signal('SIGINT');
  await lintel.waitForFile('/tmp/signals', /INT\n$/);
  lintel.root.write({ '/tmp/end': '' });
  const { code, stdout, stderr } = await lintel.end();
  assert.deepEqual({ code, stdout, stderr }, { code: 5, stdout: '', stderr: '' });
});

test('the end of the CMD ends the services, with its code', async t => {
  for (const [script, expected] of [
    ['exit 7', 7],
    ['exit 0', 0],
    ['kill -KILL $$', 137],
  ] as const) {
    const lintel = bootRoot(t, SERVICE, {
      command: ['sh', '-c', `until [ -s "$LINTEL_ROOT/tmp/web" ]; do sleep 0.01; done; ${script}`],
    });
    const { code, stderr } = await lintel.end();
    assert.equal(code, expected, stderr);
    assert.equal(isAlive(Number(lintel.root.read('/tmp/web'))), false);
  }
});

test('a CMD that can’t run stops the services, and why is said', async t => {
  const lintel = bootRoot(t, SERVICE, { command: ['no-such-program'] });
  const { code, stderr } = await lintel.end();
  assert.equal(code, 127, stderr);
  assert.match(
    stderr,
    /error: ended with exit code 127: Cannot run the CMD: no-such-program: not found on PATH/,
  );
});

test('a failing service is no reason to end while there is a CMD', async t => {
  const lintel = bootRoot(
    t,
    {
      '/etc/services.d/web/run': '#!/bin/sh\nexit 3\n',
      '/etc/services.d/web/service.json': '{ "restart": "never" }',
    },
    { command: CMD },
  );
  await lintel.waitForText(/web exited with code 3; it stays down: failed/);
  await lintel.waitForFile('/tmp/cmd');
  lintel.root.write({ '/tmp/end': '' });
  assert.equal((await lintel.end()).code, 5);
});

/**
 * What a process says of itself: its session and group, its descriptors, what it does with signals. Asked through a pipe
 * of its own, a shell would sometimes still have that pipe's other end.
 */
const SAYS = `read -r pid _ _ _ group session _ < /proc/self/stat
  { echo "session $session group $group pid $pid"; grep -E "^Sig(Blk|Ign)" /proc/self/status; ls /proc/$pid/fd; } > "$LINTEL_ROOT/tmp/$0.new"
  mv "$LINTEL_ROOT/tmp/$0.new" "$LINTEL_ROOT/tmp/$0"`;

test('services, scripts and CMD start with no descriptor of Lintel’s, and no signal blocked or ignored', async t => {
  const lintel = bootRoot(
    t,
    {
      '/etc/services.d/web/service.json': JSON.stringify({
        command: ['sh', '-c', `${SAYS}\nexec sleep 9999`, 'web'],
      }),
      '/etc/cont-init.d/10-script': `#!/bin/sh\nsh -c '${SAYS}' script\n`,
    },
    { command: ['sh', '-c', `${SAYS}\nuntil [ -s "$LINTEL_ROOT/tmp/web" ]; do sleep 0.01; done`, 'cmd'] },
  );
  const { code, stderr } = await lintel.end();
  assert.equal(code, 0, stderr);
  // What Lintel itself was given beyond the three, everybody is.
  await once(
    spawn('sh', ['-c', SAYS, 'beside'], { env: { ...process.env, LINTEL_ROOT: lintel.root.at('/') } }),
    'exit',
  );
  const read = (name: string) => lintel.root.read(`/tmp/${name}`).split('\n');
  for (const name of ['web', 'cmd', 'script'])
    assert.deepEqual(read(name).slice(1), read('beside').slice(1), name);
  assert.deepEqual(read('web').slice(1, 3), ['SigBlk:\t0000000000000000', 'SigIgn:\t0000000000000000']);
  const parse = (name: string) => read(name)[0]?.split(' ') ?? [];
  // A service leads a session of its own, out of the reach of Lintel's terminal; the CMD is in Lintel's.
  const [, session, , group, , pid] = parse('web');
  assert.deepEqual([session, group], [pid, pid]);
  assert.notEqual(parse('cmd')[1], session);
  assert.notEqual(parse('cmd')[1], parse('cmd')[5]);
});
