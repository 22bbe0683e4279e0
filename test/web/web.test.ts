import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { listServices, makeHeadline } from '../../src/web/page/words.ts';
import type { View } from '../../src/web/view.ts';
import { AT_GATE, DOOMED, LASTING, NEVER, UNREADY, WAIT } from '../control/workbench.ts';
import { IS_ROOT, makeRoot } from '../rig.ts';
import { askAt, bootWeb, findFreePort, untilBody, type WebWorkbench } from './client.ts';

const SERVICES = { '/etc/services.d/web/run': LASTING };
const CRITICAL = JSON.stringify({ ...UNREADY, critical: true, backoffMs: { min: 1, max: 10 } });

async function look({ ask }: WebWorkbench): Promise<readonly string[]> {
  const replies = await Promise.all([ask('/healthz'), ask('/readyz')]);
  return replies.map(({ status, body }) => `${status} ${body.trimEnd()}`);
}

describe('what /healthz and /readyz say', () => {
  test('while a script runs, when all is ready, and while the workbench stops', async t => {
    const workbench = await bootWeb(t, {
      '/etc/cont-init.d/10-fetch': `#!/bin/sh\necho fetching\n${AT_GATE}`,
      '/etc/services.d/web/run': `#!/bin/sh\ntrap '${AT_GATE.trim()}; exit' TERM\necho runs\nwhile :; do sleep 0.01; done\n`,
    });
    assert.deepEqual(await look(workbench), [
      '200 healthy',
      '503 not ready: the workbench still boots: script 10-fetch runs',
    ]);
    workbench.gate.open();
    await workbench.run(WAIT);
    assert.deepEqual(await look(workbench), ['200 healthy', '200 ready']);
    workbench.lintel.signal('SIGTERM');
    await workbench.lintel.waitForText(/stopping: asked to stop/);
    assert.deepEqual(await look(workbench), ['200 healthy', '503 not ready: the workbench stops']);
    workbench.gate.open();
    assert.equal((await workbench.lintel.end()).code, 0);
  });

  test('of services that wait, start and are late, without a word of theirs', async t => {
    const workbench = await bootWeb(t, {
      '/etc/services.d/db/run': LASTING,
      '/etc/services.d/db/service.json':
        '{"ready": {"exec": ["sh", "-c", "echo hunter2; exit 3"], "timeoutMs": 300}, "critical": true}',
      '/etc/services.d/web/run': LASTING,
      '/etc/services.d/web/service.json': '{"requires": ["db"]}',
    });
    await workbench.lintel.waitForText(/db is not ready in time/);
    const { body } = await untilBody(workbench, '/readyz', /late/);
    assert.equal(body, 'not ready: db (late to become ready: exited with code 3), web (waits for db)\n');
    assert.equal(
      (await workbench.ask('/healthz')).body,
      'healthy\n',
      'whoever is late is not killed for that',
    );
  });

  test('of a service that an operator stopped, and of a job that ended well', async t => {
    const workbench = await bootWeb(t, {
      ...SERVICES,
      '/etc/services.d/job/run': '#!/bin/sh\necho done\n',
      '/etc/services.d/job/service.json': '{"restart": "on-failure", "critical": false}',
    });
    await workbench.run(WAIT);
    await workbench.run(['stop', 'web', '--wait']);
    assert.deepEqual(await look(workbench), ['200 healthy', '200 ready']);
  });

  test('of a service that failed for good, was kept down, or keeps dying', async t => {
    const workbench = await bootWeb(t, {
      ...SERVICES,
      '/etc/services.d/bad/run': DOOMED,
      '/etc/services.d/bad/service.json': NEVER,
      '/etc/services.d/kept/run': DOOMED,
      '/etc/services.d/kept/finish': '#!/bin/sh\nexit 125\n',
      '/etc/services.d/vital/run': DOOMED,
      '/etc/services.d/vital/service.json': CRITICAL,
    });
    await workbench.lintel.waitForText(/vital is failing/);
    const { status, body } = await untilBody(workbench, '/readyz', /kept down.*\(failing/);
    assert.equal(status, 503);
    assert.match(
      body,
      /^not ready: bad \(failed: exited with code 3\), kept \(kept down by its finish script: exited with code 3\), vital \(failing: exited with code 3\)/,
    );
    assert.equal((await look(workbench))[0], '503 unhealthy: vital (failing: exited with code 3)');
  });

  test('of a critical service whose health probe finds something wrong', async t => {
    const workbench = await bootWeb(t, {
      '/etc/services.d/vital/run': LASTING,
      '/etc/services.d/vital/service.json':
        '{"critical": true, "health": {"exec": ["sh", "-c", "echo hunter2; test -e $LINTEL_ROOT/tmp/well"], "intervalMs": 20, "failures": 1000}}',
    });
    const { status, body } = await untilBody(workbench, '/healthz', /unhealthy/);
    assert.deepEqual([status, body], [503, 'unhealthy: vital (unhealthy: exited with code 1)\n']);
    assert.equal((await look(workbench))[1], '200 ready');
    workbench.root.write({ '/tmp/well': '' });
    assert.equal((await untilBody(workbench, '/healthz', /^healthy/)).status, 200);
  });

  test('of the only service, beside a CMD, once it has failed', async t => {
    const workbench = await bootWeb(
      t,
      { '/etc/services.d/bad/run': DOOMED, '/etc/services.d/bad/service.json': NEVER },
      { command: ['sh', '-c', 'exec sleep 9999'] },
    );
    assert.equal(
      (await untilBody(workbench, '/healthz', /unhealthy/)).body,
      'unhealthy: bad (failed: exited with code 3)\n',
    );
  });

  test('as JSON, to whoever wants that', async t => {
    const workbench = await bootWeb(t, {
      '/etc/services.d/bad/run': DOOMED,
      '/etc/services.d/bad/service.json': CRITICAL,
      ...SERVICES,
    });
    const trouble = [{ name: 'bad', why: 'failing: exited with code 3' }];
    await untilBody(workbench, '/readyz', /^not ready: bad \(failing[^,]*$/);
    for (const asking of [{ path: '?format=json' }, { path: '', headers: { accept: 'application/json' } }]) {
      const { status, headers, body } = await workbench.ask(`/readyz${asking.path}`, asking);
      assert.deepEqual([status, headers['content-type']], [503, 'application/json']);
      assert.deepEqual(JSON.parse(body), {
        isReady: false,
        stage: { name: 'running' },
        notReady: trouble,
      });
      assert.deepEqual(JSON.parse((await workbench.ask(`/healthz${asking.path}`, asking)).body), {
        isHealthy: false,
        unhealthy: trouble,
      });
    }
    const browser = await workbench.ask('/readyz', { headers: { accept: 'text/html,application/json' } });
    assert.equal(browser.headers['content-type'], 'text/plain; charset=utf-8');
  });
});

test('the page with and without JavaScript, lintel status and the probes count alike, in the same words', async t => {
  const workbench = await bootWeb(t, {
    '/etc/services.d/broken/run': DOOMED,
    '/etc/services.d/broken/service.json': CRITICAL,
    '/etc/services.d/database/run': LASTING,
    '/etc/services.d/database/service.json':
      '{"health": {"file": "/no/such", "intervalMs": 100, "failures": 1000}}',
    '/etc/services.d/late/run': LASTING,
    '/etc/services.d/late/service.json': '{"ready": {"file": "/no/such", "timeoutMs": 50}}',
    '/etc/services.d/next/run': LASTING,
    '/etc/services.d/next/service.json': '{"requires": ["late"]}',
  });
  const words = { broken: 'failing', database: 'unhealthy', late: 'late', next: 'waiting' };
  await workbench.lintel.waitForText(/broken is failing/);
  await workbench.lintel.waitForText(/late is not ready in time/);
  await untilBody(workbench, '/', /database: unhealthy/);
  const { body: plain } = await workbench.ask('/');
  for (const [name, word] of Object.entries(words))
    assert.ok(plain.includes(`<li>${name}: ${word}</li>`), plain);
  assert.match(plain, /<h1>The workbench is incomplete<\/h1><p>Now 1 of 4 services are ready\.<\/p>/);
  const view = JSON.parse((await workbench.ask('/status.json')).body) as View;
  const lines = listServices(view, 0).map(({ name, word }) => [name, word] as const);
  assert.deepEqual(Object.fromEntries(lines), words);
  assert.match(makeHeadline(view, 0).detail, /; 1 of 4 services are ready$/);
  const { stdout } = await workbench.run(['status']);
  assert.match(stdout, /: the workbench runs; 1 of 4 services ready, 3 in trouble\n/);
  const states = [...stdout.matchAll(/^(\w+) +(\w+) +(?:yes|no|-) /gm)].map(([, name, word]) => [name, word]);
  assert.deepEqual(Object.fromEntries(states), words);
  assert.match(
    (await workbench.ask('/readyz')).body,
    /^not ready: broken \(.+\), late \(.+\), next \(.+\)$/m,
  );
});

describe('a request', () => {
  test('by HEAD has the same answer without its body; no other method is known', async t => {
    const { ask } = await bootWeb(t, SERVICES);
    const [get, head] = await Promise.all([ask('/healthz'), ask('/healthz', { method: 'HEAD' })]);
    const { date: _1, ...expected } = get.headers;
    const { date: _2, ...headers } = head.headers;
    assert.deepEqual([head.status, head.body, headers], [get.status, '', expected]);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const { status, headers } = await ask('/healthz', { method });
      assert.deepEqual([status, headers.allow], [405, 'GET, HEAD'], method);
    }
  });

  test('is answered for nobody to keep, embed or read from another site', async t => {
    const { ask } = await bootWeb(t, SERVICES);
    const { headers } = await ask('/healthz', { headers: { origin: 'http://evil.example' } });
    assert.deepEqual(
      [
        headers['cache-control'],
        headers['cross-origin-resource-policy'],
        headers['x-content-type-options'],
        headers['referrer-policy'],
        headers['access-control-allow-origin'],
      ],
      ['no-store', 'same-origin', 'nosniff', 'no-referrer', undefined],
    );
  });

  test('for what is not there hears what is', async t => {
    const { ask } = await bootWeb(t, SERVICES);
    for (const path of ['/etc/passwd', '/../../etc/passwd', '/v1/status', '/healthz/x', '/__proto__']) {
      const { status, body } = await ask(path);
      assert.equal(status, 404, path);
      assert.match(body, /^No such page, expected one of GET \/healthz, GET \/readyz/);
    }
  });

  test('below a proxy’s prefix, and without it, is the same', async t => {
    const { ask } = await bootWeb(t, SERVICES, { environment: { LINTEL_HTTP_PREFIX: '/user//ada@x/' } });
    for (const path of ['/healthz', '/user/ada@x/healthz', '/user/ada%40x//healthz'])
      assert.equal((await ask(path)).status, 200, path);
    assert.equal((await ask('/user/eve/healthz')).status, 404);
    const { status, headers } = await ask('/user/ada@x');
    assert.deepEqual([status, headers.location], [307, './ada%40x/']);
  });
});

describe('where it listens', () => {
  test('is the loopback alone, unless told otherwise', async t => {
    const { port, lintel } = await bootWeb(t, SERVICES);
    assert.match(lintel.log(), new RegExp(`answers HTTP on 127\\.0\\.0\\.1:${port} \\(LINTEL_HTTP\\)`));
    const everywhere = await bootWeb(t, SERVICES, {
      environment: { LINTEL_HTTP: `[::1]:${await findFreePort()}` },
    });
    assert.match(everywhere.lintel.log(), /answers HTTP on \[::1\]:\d+ /);
  });

  test('may be said by a script, also when it listens elsewhere by then', async t => {
    const [first, second] = [await findFreePort(), await findFreePort()];
    const workbench = await bootWeb(
      t,
      {
        ...SERVICES,
        '/etc/cont-init.d/10-move': `#!/bin/sh\n${AT_GATE}printf 'LINTEL_HTTP=${second}\\nLINTEL_HTTP_PREFIX=/there\\n' >>"$LINTEL_ENV"\n`,
      },
      { environment: { LINTEL_HTTP: String(first) } },
    );
    assert.equal((await askAt(first, '/healthz')).status, 200);
    workbench.gate.open();
    await workbench.lintel.waitForText(new RegExp(`answers HTTP on 127\\.0\\.0\\.1:${second} `));
    assert.equal((await askAt(second, '/there/healthz')).status, 200);
    await assert.rejects(askAt(first, '/healthz'), /ECONNREFUSED/);
  });

  test('is tried again where another program holds the port: said once, and the workbench goes on', async t => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    t.after(() => other.close());
    const { port } = other.address() as { port: number };
    const root = makeRoot(t, SERVICES);
    const lintel = root.boot({ environment: { LINTEL_HTTP: String(port) } });
    await lintel.waitForText(
      /warning: Cannot listen on .* \(LINTEL_HTTP\): another program listens there; tried again until it works/,
    );
    await lintel.waitForText(/web runs/);
    other.close();
    await lintel.waitForText(/answers HTTP on/);
    assert.equal((await askAt(port, '/readyz')).status, 200);
    assert.equal(lintel.log().match(/Cannot listen/g)?.length, 1);
    assert.equal((await lintel.stop()).code, 0);
  });

  test('that this machine does not have costs a warning', async t => {
    const root = makeRoot(t, SERVICES);
    const lintel = root.boot({ environment: { LINTEL_HTTP: '192.0.2.1:9180' } });
    await lintel.waitForText(
      /warning: Cannot listen on 192\.0\.2\.1:9180 .*: this machine has no such address/,
    );
    await lintel.waitForText(/web runs/);
    assert.equal((await lintel.stop()).code, 0);
  });

  test('on a service’s port is refused before anything runs', async t => {
    const root = makeRoot(t, {
      ...SERVICES,
      '/etc/services.d/web/service.json': '{"ready": {"tcp": 9180}}',
    });
    const { code, stderr } = await root.boot({ environment: { LINTEL_HTTP: '9180' } }).end();
    assert.equal(code, 2);
    assert.match(
      stderr,
      /Cannot use LINTEL_HTTP: port 9180, which service web listens on, expected a port that no service has/,
    );
    assert.doesNotMatch(stderr, /web starts/);
  });

  test('needs no root', async t => {
    const { ask, run } = await bootWeb(t, SERVICES, { isUnprivileged: IS_ROOT });
    assert.equal((await run(WAIT, { isUnprivileged: IS_ROOT })).code, 0);
    assert.equal((await ask('/readyz')).body, 'ready\n');
  });
});
