import assert from 'node:assert/strict';
import test from 'node:test';
import { makeRoot } from '../rig.ts';
import { AT_GATE, bootWorkbench, DOOMED, LASTING, NEVER, UNREADY, WAIT } from './workbench.ts';

const CHAIN = {
  '/etc/services.d/db/run': LASTING,
  '/etc/services.d/web/run': LASTING,
  '/etc/services.d/web/service.json': '{"requires": ["db"]}',
  '/etc/services.d/other/run': LASTING,
};

interface Answer {
  readonly services: readonly {
    readonly name: string;
    readonly state: string;
    readonly pid?: number;
    readonly spawn: number;
  }[];
}

test('stop, start and restart with --wait return when it is done', async t => {
  const { run } = bootWorkbench(t, CHAIN);
  await run(WAIT);
  const pids = async () => {
    const { services } = JSON.parse((await run(['status', '--json'])).stdout) as Answer;
    return Object.fromEntries(services.map(({ name, pid }) => [name, pid]));
  };
  const first = await pids();
  assert.deepEqual(await run(['stop', 'db', '--wait']).then(({ code, stdout }) => [code, stdout]), [
    0,
    'db: down\n',
  ]);
  const stopped = await pids();
  assert.deepEqual([stopped['db'], stopped['web']], [undefined, first['web']]);

  const started = await run(['start', 'db', '--wait']);
  assert.match(started.stdout, /^db: ready, pid \d+\n$/);
  const again = await run(['start', 'db', '--wait', '--json']);
  const [db] = (JSON.parse(again.stdout) as Answer).services;
  assert.deepEqual([db?.state, db?.spawn], ['up', 2], 'what runs already is left alone');

  const restarted = await run(['restart', 'db', '--wait']);
  assert.match(restarted.stdout, /^db: ready, pid \d+\n$/);
  const second = await pids();
  assert.notEqual(second['db'], db?.pid);
  assert.equal(second['web'], first['web'], 'who requires it is left alone');
});

test('without --wait it is only asked for', async t => {
  const files = {
    '/etc/services.d/slow/run': `#!/bin/sh\n${AT_GATE}`,
    '/etc/services.d/slow/service.json': '{"stopSignal": "SIGCONT", "stopTimeoutMs": 86400000}',
  };
  const { run } = bootWorkbench(t, files, { environment: { LINTEL_SHUTDOWN_TIMEOUT_MS: '500' } });
  await run(WAIT);
  const { code, stdout } = await run(['stop', 'slow']);
  assert.equal(code, 0);
  assert.match(stdout, /^slow: stopping, pid \d+\n$/);
  const late = await run(['stop', 'slow', '--timeout', '100ms']);
  assert.deepEqual([late.code, late.stderr], [1, 'lintel: error: Not down after 0.1 s: slow (stopping)\n']);
});

test('start also starts what is required', async t => {
  const { run } = bootWorkbench(t, CHAIN);
  await run(WAIT);
  await run(['stop', 'web', 'db', '--wait']);
  const { stdout } = await run(['start', 'web', '--wait']);
  assert.match(stdout, /^db: ready, pid \d+\nweb: ready, pid \d+\n$/);
});

test('restart --with-dependents restarts those that require it, and nobody else', async t => {
  const { run } = bootWorkbench(t, CHAIN);
  await run(WAIT);
  const { code, stdout, stderr } = await run(['restart', 'db', '--with-dependents', '--wait', '--json']);
  assert.equal(code, 0, stderr);
  const { services } = JSON.parse(stdout) as Answer;
  assert.deepEqual(
    services.map(({ name, state, spawn }) => [name, state, spawn]),
    [
      ['db', 'up', 2],
      ['web', 'up', 2],
    ],
  );
  const all = JSON.parse((await run(['status', '--json', 'other'])).stdout) as Answer;
  assert.equal(all.services[0]?.spawn, 1);
});

test('a service that has failed by maxRestarts gets all its restarts again when it is started by hand', async t => {
  const { run, root, lintel } = bootWorkbench(t, {
    ...CHAIN,
    '/etc/services.d/bad/run': '#!/bin/sh\necho started >> "$LINTEL_ROOT/tmp/starts"\nexit 3\n',
    '/etc/services.d/bad/service.json': JSON.stringify({
      ...UNREADY,
      maxRestarts: { count: 2, windowMs: 3_600_000 },
      backoffMs: { min: 1, max: 1 },
    }),
  });
  await lintel.waitForText(/bad exited.*it stays down: failed/);
  for (const [action, starts] of [
    ['restart', 6],
    ['start', 9],
  ] as const) {
    const { code } = await run([action, 'bad', '--wait']);
    assert.deepEqual([code, root.read('/tmp/starts').split('\n').length - 1], [1, starts]);
  }
  assert.doesNotMatch(lintel.log(), /bad is failing/);
});

test('a service that fails ends the wait with its reason', async t => {
  const { run, lintel } = bootWorkbench(t, {
    ...CHAIN,
    '/etc/services.d/bad/run': DOOMED,
    '/etc/services.d/bad/service.json': NEVER,
  });
  await lintel.waitForText(/bad exited/);
  for (const action of ['start', 'restart']) {
    const { code, stdout, stderr } = await run([action, 'bad', '--wait']);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(
      stderr,
      /^lintel: error: bad exited with code 3; its last lines: no good; it stays down: failed\n$/,
    );
  }
});

test('a service that ends well by itself has done what it was started for', async t => {
  const { run, lintel } = bootWorkbench(t, {
    ...CHAIN,
    '/etc/services.d/once/run': '#!/bin/sh\nexit 0\n',
    '/etc/services.d/once/service.json': NEVER,
  });
  await lintel.waitForText(/once exited with code 0/);
  assert.deepEqual(await run(['start', 'once', '--wait']).then(({ code, stdout }) => [code, stdout]), [
    0,
    'once: down\n',
  ]);
  assert.equal((await run(WAIT)).code, 0, 'it counts neither against readiness');
  assert.equal((await run(['health'])).code, 0, 'nor against health');
});

test('a wait ends when its time is over, with what is missing', async t => {
  const { run, lintel } = bootWorkbench(t, {
    ...CHAIN,
    '/etc/services.d/late/run': LASTING,
    '/etc/services.d/late/service.json': '{"requires": ["web", "bad"]}',
    '/etc/services.d/bad/run': '#!/bin/sh\nexit 3\n',
    '/etc/services.d/bad/service.json': JSON.stringify(UNREADY),
  });
  await lintel.waitForText(/bad exited/);
  const { code, stderr } = await run(['start', 'late', '--timeout', '0.2s']);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^lintel: error: Not ready after 0\.2 s: bad \(.*exited with code 3.*\), late \(waits for .*bad.*\)/,
  );
});

for (const [args, said] of [
  [['start'], 'Cannot go on: no service is named, expected NAME…'],
  [['doctor', 'trust'], 'Cannot go on: no URL is named, expected trust URL'],
  [['stop', '--wiat', 'web'], 'Cannot use argument "--wiat", expected perhaps --wait'],
  [
    ['restart', 'web', '--timeout', 'soon'],
    'Cannot use --timeout "soon", expected a time such as 10s, 500ms or 2m',
  ],
  [['logs', '-n', 'all'], 'Cannot use --lines "all", expected a whole number from 0 to 1000000'],
  [['shutdown', '256'], 'Cannot use exit code "256", expected a whole number from 0 to 255'],
] as const) {
  test(`wrong usage is exit code 2: ${args.join(' ')}`, async t => {
    const root = makeRoot(t);
    const { code, stdout, stderr } = await root.boot({ command: ['lintel', ...args] }).end();
    assert.deepEqual({ code, stdout, stderr }, { code: 2, stdout: '', stderr: `lintel: error: ${said}\n` });
  });
}
