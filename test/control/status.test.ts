import assert from 'node:assert/strict';
import test from 'node:test';
import { WORKBENCH } from '../rig.ts';
import { AT_GATE, bootWorkbench, DOOMED, LASTING, NEVER, UNREADY, untilThere, WAIT } from './workbench.ts';

const SERVICES = {
  '/etc/services.d/db/run': LASTING,
  '/etc/services.d/web/run': LASTING,
  '/etc/services.d/web/service.json': '{"requires": ["db"], "description": "pages"}',
};

interface Status {
  readonly version: string;
  readonly pid: number;
  readonly upMs: number;
  readonly stage: { readonly name: string; readonly script?: string; readonly reason?: string };
  readonly services: readonly Record<string, unknown>[];
}

test('lintel status shows every service in a table', async t => {
  const { run, lintel } = bootWorkbench(t, {
    ...SERVICES,
    '/etc/services.d/bad/run': DOOMED,
    '/etc/services.d/bad/service.json': NEVER,
    '/etc/services.d/late/run': LASTING,
    '/etc/services.d/late/service.json': '{"requires": ["slow"]}',
    '/etc/services.d/slow/run': DOOMED,
    '/etc/services.d/slow/service.json': JSON.stringify({
      ...UNREADY,
      backoffMs: { min: 3_600_000, max: 3_600_000 },
    }),
  });
  await lintel.waitForText(/bad exited with code 3/);
  await lintel.waitForText(/slow exited with code 3/);
  await run(['start', 'web', '--wait']);
  const { code, stdout, stderr } = await run(['status']);
  assert.equal(code, 0, stderr);
  const [head, blank, titles, ...rows] = stdout.trimEnd().split('\n');
  assert.match(
    head ?? '',
    /^Lintel \S+, pid \d+, up \d+s: the workbench runs; 2 of 5 services ready, 1 in trouble$/,
  );
  assert.match(head ?? '', new RegExp(`pid ${lintel.pid},`));
  assert.equal(blank, '');
  assert.match(titles ?? '', /^NAME {2}STATE +READY {2}PID +SINCE {2}RESTARTS {2}NOTE$/);
  assert.match(rows[0] ?? '', /^bad +failed +no +- +\d+s +0 +exited with code 3; its last lines: no good$/);
  assert.match(rows[1] ?? '', /^db +ready +yes +\d+ +\d+s +0$/);
  assert.match(rows[2] ?? '', /^late +waiting +no +- +\d+s +0 +waits for slow$/);
  assert.match(
    rows[3] ?? '',
    /^slow +restarting +no +- +\d+s +0 +exited with code 3; starts again in \d+\.\d s; its last lines: no good$/,
  );
  assert.match(rows[4] ?? '', /^web +ready +yes +\d+ +\d+s +0$/);
  assert.equal(rows.length, 5);
});

test('lintel status --json says the same as data, of the named services only', async t => {
  const { run, lintel } = bootWorkbench(t, SERVICES);
  await run(WAIT);
  const all = JSON.parse((await run(['status', '--json'])).stdout) as Status;
  assert.deepEqual([all.pid, all.stage], [lintel.pid, { name: 'running' }]);
  assert.deepEqual(
    all.services.map(({ name }) => name),
    ['db', 'web'],
  );
  const { services } = JSON.parse((await run(['status', '--json', 'web'])).stdout) as Status;
  const [{ pid, forMs, ...web } = {}, ...others] = services;
  assert.deepEqual(others, []);
  assert.deepEqual([typeof pid, typeof forMs], ['number', 'number']);
  assert.deepEqual(web, {
    name: 'web',
    description: 'pages',
    state: 'up',
    isReady: true,
    isFailing: false,
    isLate: false,
    isKeptDown: false,
    user: WORKBENCH.name,
    isCritical: false,
    spawn: 1,
    deaths: 0,
    deathCount: 0,
    lastRemarks: [],
    waitsFor: [],
    requires: ['db'],
    after: [],
  });
});

test('a service that has not been started says so, and for how long', async t => {
  const { run } = bootWorkbench(t, {
    ...SERVICES,
    '/etc/services.d/extra/run': LASTING,
    '/etc/services.d/extra/down': '',
  });
  await run(WAIT);
  const { upMs, services } = JSON.parse((await run(['status', '--json', 'extra'])).stdout) as Status;
  const forMs = Number(services[0]?.['forMs']);
  assert.ok(forMs >= 0 && forMs <= upMs, `${forMs} of ${upMs} ms`);
  assert.match((await run(['status', 'extra'])).stdout, /^extra +down +- +- +\d+s +0 +not started yet$/m);
});

test('a service that can never start says what it lacks', async t => {
  const { run, lintel } = bootWorkbench(t, {
    ...SERVICES,
    '/etc/services.d/bad/run': DOOMED,
    '/etc/services.d/bad/service.json': NEVER,
    '/etc/services.d/needy/run': LASTING,
    '/etc/services.d/needy/service.json': '{"requires": ["bad"]}',
  });
  await lintel.waitForText(/needy has failed/);
  const { stdout } = await run(['status', 'needy']);
  assert.match(stdout, /^needy +failed +no +- +\d+s +0 +requires bad, which will not come$/m);
});

test('why a service died stands before what it said, as text and as data', async t => {
  const { run, lintel } = bootWorkbench(t, {
    '/etc/services.d/lost/run': '#!/usr/bin/env no-such-program\n',
    '/etc/services.d/lost/service.json': '{"backoffMs": {"min": 3600000, "max": 3600000}}',
  });
  await lintel.waitForText(/lost exited with code 127/);
  const why = 'exited with code 127: its first line asks env for no-such-program, which is not on PATH';
  const { stdout } = await run(['status', 'lost']);
  assert.match(stdout, new RegExp(`^lost .*0 +${why}; starts again in .* s; its last lines: .*env: `, 'm'));
  const { services } = JSON.parse((await run(['status', '--json', 'lost'])).stdout) as Status;
  const { lastEnd, lastCause, lastRemarks, lastDeath } = services[0] ?? {};
  assert.deepEqual([lastEnd, lastCause], ['exited with code 127', why]);
  const [said = ''] = lastRemarks as string[];
  assert.match(said, /^its last lines: .*env: /);
  assert.match(
    String(lastDeath),
    new RegExp(`^lost ${why}; its last lines: .*; restarting in \\d+\\.\\d\\d s$`),
  );
});

test('a service that was ended because it was unhealthy says so', async t => {
  const { run, lintel } = bootWorkbench(t, {
    '/etc/services.d/web/run': LASTING,
    '/etc/services.d/web/service.json': JSON.stringify({
      health: { exec: ['sh', '-c', 'echo disk full; exit 3'], intervalMs: 50, failures: 2 },
      backoffMs: { min: 3600000, max: 3600000 },
    }),
  });
  await lintel.waitForText(/web stopped/);
  const { stdout } = await run(['status']);
  assert.match(
    stdout,
    /^web +restarting .* was unhealthy: exited with code 3: disk full \(2 times in a row\); starts again in \d+\.\d s$/m,
  );
});

test('an unknown name is a mistake, with what was meant', async t => {
  const { run } = bootWorkbench(t, SERVICES);
  await run(WAIT);
  for (const [args, said] of [
    [['status', 'wbe'], 'Cannot show "wbe": no such service, expected perhaps web'],
    [['status', 'postgres'], 'Cannot show "postgres": no such service, expected one of db, web'],
    [['restart', 'web', 'wep'], 'Cannot restart "wep": no such service, expected perhaps web'],
    [['logs', 'bd'], 'Cannot show logs of "bd": no such service, expected perhaps db'],
  ] as const) {
    const { code, stdout, stderr } = await run(args);
    assert.deepEqual({ code, stdout, stderr }, { code: 2, stdout: '', stderr: `lintel: error: ${said}\n` });
  }
});

test('lintel status --watch shows it again after each change, and ends with Lintel', async t => {
  const { run, start, lintel } = bootWorkbench(t, SERVICES);
  await run(WAIT);
  const table = start(['status', '--watch']);
  const data = start(['status', '-w', '--json', 'db']);
  await table.waitForText(/^web +ready/m);
  await data.waitForText(/"state":"up"/);
  await run(['stop', 'db', '--wait']);
  await table.waitForText(/^db +down/m);
  await data.waitForText(/"state":"down"/);
  lintel.signal('SIGTERM');
  for (const watching of [table, data]) assert.equal((await watching.end()).code, 0);
  const lines = (await data.end()).stdout.trimEnd().split('\n');
  const states = lines.map(line => (JSON.parse(line) as Status).services.map(({ state }) => state).join());
  assert.deepEqual([states[0], states.includes('down')], ['up', true]);
});

test('the socket answers while scripts run, and says which', async t => {
  const { run, gate, lintel } = bootWorkbench(t, {
    ...SERVICES,
    '/etc/cont-init.d/10-fetch': `#!/bin/sh\necho fetching\n${AT_GATE}`,
  });
  await lintel.waitForText(/fetching/);
  const early = await untilThere(run, ['ready']);
  const sentence = 'the workbench still boots: script 10-fetch runs';
  assert.deepEqual([early.code, early.stdout], [1, `not ready: ${sentence}\n`]);
  const { stage, services } = JSON.parse((await run(['status', '--json'])).stdout) as Status;
  assert.deepEqual([stage, services], [{ name: 'booting', script: '10-fetch' }, []]);
  assert.match((await run(['status'])).stdout, new RegExp(`^Lintel .*: ${sentence}\n$`));
  assert.deepEqual((await run(['health'])).stdout, 'healthy\n');
  assert.match((await run(['logs'])).stdout, /^10-fetch \| fetching$/m);
  const refused = await run(['restart', 'web']);
  assert.deepEqual([refused.code, refused.stderr], [1, `lintel: error: Cannot restart web: ${sentence}\n`]);
  gate.open();
  assert.equal((await run(WAIT)).stdout, 'ready\n');
});
