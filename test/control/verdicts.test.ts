import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { IS_ROOT, makeRoot } from '../rig.ts';
import {
  AT_GATE,
  bootWorkbench,
  DOOMED,
  LASTING,
  NEVER,
  UNREADY,
  untilItSays,
  untilThere,
  WAIT,
} from './workbench.ts';

test('where no Lintel runs every command ends with 3 and a sentence', async t => {
  const root = makeRoot(t);
  for (const args of [['status'], ['start', 'x'], ['logs'], ['ready'], ['health'], ['shutdown']]) {
    const { code, stdout, stderr } = await root.boot({ command: ['lintel', ...args] }).end();
    assert.deepEqual([code, stdout], [3, ''], args.join(' '));
    assert.match(stderr, /^lintel: error: Lintel does not run here: no control socket answers \(looked for /);
    assert.ok(stderr.includes(root.at('/run/lintel/control.sock')), stderr);
  }
});

test('where a Lintel has a pid but no socket every command says that it boots or ends, and ends with 3', async t => {
  const root = makeRoot(t);
  const startTicks = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ')[19];
  root.write({ '/run/lintel/pid': `${process.pid} ${startTicks}\n` });
  for (const args of [['status'], ['env'], ['run', '--', 'true'], ['password']]) {
    const { code, stdout, stderr } = await root.boot({ command: ['lintel', ...args] }).end();
    assert.deepEqual([code, stdout], [3, ''], args.join(' '));
    assert.match(stderr, /^lintel: error: .*(not answer yet|not made it yet).*, or (it )?is about to end/);
  }
});

test('lintel ready --timeout waits for Lintel itself, the scripts and the services', async t => {
  const root = makeRoot(t, {
    '/etc/cont-init.d/10-fetch': `#!/bin/sh\necho fetching\n${AT_GATE}`,
    '/etc/services.d/web/run': LASTING,
  });
  const gate = root.gate('/tmp/gate');
  const waiting = root.boot({ command: ['lintel', ...WAIT] });
  const lintel = root.boot();
  await lintel.waitForText(/fetching/);
  gate.open();
  const { code, stdout } = await waiting.end();
  assert.deepEqual([code, stdout], [0, 'ready\n']);
  await lintel.stop();
});

test('lintel ready asks once without --timeout, and names who is not ready', async t => {
  const { run, lintel } = bootWorkbench(t, {
    '/etc/services.d/web/run': LASTING,
    '/etc/services.d/bad/run': DOOMED,
    '/etc/services.d/bad/service.json': NEVER,
  });
  await lintel.waitForText(/bad exited/);
  await run(['start', 'web', '--wait']);
  const { code, stdout, stderr } = await run(['ready']);
  assert.deepEqual(
    { code, stdout, stderr },
    { code: 1, stdout: 'not ready: bad (failed: exited with code 3; its last lines: no good)\n', stderr: '' },
  );
  const data = await run(['ready', '--json']);
  assert.deepEqual(JSON.parse(data.stdout), {
    isReady: false,
    stage: { name: 'running' },
    notReady: [{ name: 'bad', why: 'failed: exited with code 3; its last lines: no good' }],
  });
  assert.equal(data.code, 1);
  await run(['stop', 'bad']);
  assert.deepEqual((await run(['ready'])).stdout, 'ready\n', 'what an operator stopped does not count');
});

test('lintel health ends with 1 for a service that has failed, and says which', async t => {
  const { run, lintel } = bootWorkbench(t, {
    '/etc/services.d/web/run': LASTING,
    '/etc/services.d/bad/run': DOOMED,
    '/etc/services.d/bad/service.json': NEVER,
  });
  await lintel.waitForText(/bad exited/);
  const { code, stdout, stderr } = await run(['health']);
  assert.deepEqual(
    { code, stdout, stderr },
    {
      code: 1,
      stdout: 'in trouble: bad (failed: exited with code 3; its last lines: no good)\n',
      stderr: '',
    },
  );
  assert.deepEqual(JSON.parse((await run(['health', '--json'])).stdout), {
    isHealthy: false,
    stage: { name: 'running' },
    troubles: [{ name: 'bad', why: 'failed: exited with code 3; its last lines: no good' }],
  });
});

test('a service that failed and is kept down by its finish script is neither ready nor healthy', async t => {
  const { run, lintel } = bootWorkbench(t, {
    '/etc/services.d/web/run': LASTING,
    '/etc/services.d/bad/run': DOOMED,
    '/etc/services.d/bad/finish': '#!/bin/sh\nexit 125\n',
    '/etc/services.d/bad/service.json': JSON.stringify(UNREADY),
    '/etc/services.d/done/run': '#!/bin/sh\nexit 0\n',
    '/etc/services.d/done/finish': '#!/bin/sh\nexit 125\n',
  });
  await lintel.waitForText(/bad stays down: its finish script asked for it/);
  await lintel.waitForText(/done stays down: its finish script asked for it/);
  await run(['start', 'web', '--wait']);
  const why = 'bad (kept down by its finish script: exited with code 3; its last lines: no good)';
  const { code, stdout } = await run(['health']);
  assert.deepEqual([code, stdout], [1, `in trouble: ${why}\n`]);
  assert.equal((await run(['ready'])).stdout, `not ready: ${why}\n`);
  const again = await run(['start', 'bad', '--wait']);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /bad exited with code 3; its last lines: no good/);
  await run(['stop', 'bad']);
  assert.deepEqual((await run(['ready'])).stdout, 'ready\n', 'what an operator stopped does not count');
  assert.equal((await run(['health'])).stdout, 'healthy\n');
});

test('lintel health ends with 1 for a service that keeps dying', async t => {
  const { run, lintel } = bootWorkbench(t, {
    '/etc/services.d/web/run': LASTING,
    '/etc/services.d/bad/run': DOOMED,
    '/etc/services.d/bad/service.json': JSON.stringify({ ...UNREADY, backoffMs: { min: 1, max: 10 } }),
  });
  await lintel.waitForText(/bad is failing/);
  const { code, stdout } = await run(['health']);
  assert.equal(code, 1);
  assert.match(stdout, /^in trouble: bad \(failing: exited with code 3; its last lines: no good\)\n$/);
});

test('lintel health ends with 1 for a service that is late, or whose probe fails', async t => {
  const { run, lintel, root } = bootWorkbench(t, {
    '/etc/services.d/late/run': LASTING,
    '/etc/services.d/late/service.json': '{"ready": {"file": "/nowhere", "timeoutMs": 100}}',
    '/etc/services.d/ill/run': LASTING,
    '/etc/services.d/ill/service.json':
      '{"health": {"file": "${LINTEL_ROOT}/tmp/well", "intervalMs": 100, "failures": 1000}}',
  });
  await lintel.waitForText(/late is not ready in time/);
  const { code, stdout } = await untilItSays(run, ['health'], /ill \(/);
  assert.equal(code, 1);
  assert.match(stdout, /^in trouble: ill \(unhealthy: .+\), late \(late to become ready: .+\)\n$/);
  const table = (await run(['status'])).stdout;
  assert.match(table, /^ill +unhealthy +yes +\d+ +\d+s +0 +.+: no such file.*$/m);
  assert.match(table, /^late +late +no +\d+ +\d+s +0 +\/nowhere: no such file$/m);
  assert.match((await run(['ready'])).stdout, /^not ready: late \(late to become ready: .+\)\n$/);
  root.write({ '/tmp/well': '' });
  assert.match((await untilItSays(run, ['health'], /trouble: late/)).stdout, /^in trouble: late \(/);
});

test('lintel shutdown ends with its code, else as after a TERM', async t => {
  for (const [args, expected] of [
    [['shutdown'], 0],
    [['shutdown', '7'], 7],
    [['shutdown', '0', '--json'], 0],
  ] as const) {
    const { run, lintel } = bootWorkbench(t, { '/etc/services.d/web/run': LASTING });
    await run(WAIT);
    const { code, stdout } = await run(args);
    assert.equal(code, 0);
    assert.match(stdout, /asked to stop by lintel shutdown/);
    const { code: ended, stderr } = await lintel.end();
    assert.equal(ended, expected);
    assert.match(
      stderr,
      new RegExp(`ended with exit code ${expected}: asked to stop by lintel shutdown$`, 'm'),
    );
  }
});

test('lintel shutdown can still choose the code of a stop that goes on, and is named for it', async t => {
  const { run, lintel, gate } = bootWorkbench(t, {
    '/etc/services.d/web/run': LASTING,
    '/etc/cont-finish.d/10-wait': `#!/bin/sh\necho waits\n${AT_GATE}`,
  });
  await run(WAIT);
  lintel.signal('SIGTERM');
  await lintel.waitForText(/10-wait \| waits/);
  assert.equal((await run(['shutdown', '7'])).code, 0);
  gate.open();
  const { code, stderr } = await lintel.end();
  assert.equal(code, 7);
  assert.match(
    stderr,
    /ended with exit code 7: asked to stop by SIGTERM \(exit code from lintel shutdown\)$/m,
  );
});

test('with a CMD lintel shutdown ends with the CMD’s code, unless one is given', async t => {
  const command = ['sh', '-c', 'trap "exit 41" TERM; echo begun; while :; do sleep 0.01; done'];
  for (const [args, expected] of [
    [['shutdown'], 41],
    [['shutdown', '5'], 5],
  ] as const) {
    const { run, lintel } = bootWorkbench(t, {}, { command });
    await lintel.waitForText(/begun/);
    const { code, stderr } = await untilThere(run, args);
    assert.equal(code, 0, stderr);
    assert.equal((await lintel.end()).code, expected);
  }
});

test('lintel shutdown ends the boot while a script runs', async t => {
  for (const [args, expected] of [
    [['shutdown'], 0],
    [['shutdown', '9'], 9],
  ] as const) {
    const { run, lintel } = bootWorkbench(t, {
      '/etc/cont-init.d/10-stuck': `#!/bin/sh\necho stuck\n${AT_GATE}`,
      '/etc/services.d/web/run': LASTING,
    });
    await lintel.waitForText(/stuck/);
    assert.equal((await untilThere(run, args)).code, 0);
    const { code, stderr } = await lintel.end();
    assert.equal(code, expected, stderr);
    assert.doesNotMatch(stderr, /web starts/);
  }
});

test('a service of another user may ask for shutdown and for nothing else', {
  skip: !IS_ROOT && 'needs root',
}, async t => {
  const { run, lintel } = bootWorkbench(t, {
    '/etc/services.d/web/run': LASTING,
    '/etc/services.d/web/service.json': '{"user": "1234"}',
  });
  await run(WAIT);
  const refused = await run(['status'], { uid: 1234 });
  assert.deepEqual(
    [refused.code, refused.stderr],
    [1, 'lintel: error: Only root and the workbench user may ask for this\n'],
  );
  assert.equal((await run(['shutdown', '6'], { uid: 1234 })).code, 0);
  assert.equal((await lintel.end()).code, 6);
});
