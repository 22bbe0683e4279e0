import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type TestContext } from 'node:test';
import { bootRoot, type Files, isAlive } from '../rig.ts';

/** Real services with probes of their own. */
function service(name: string, script: string, json: object = {}): Files {
  return {
    [`/etc/services.d/${name}/run`]: `#!/bin/sh\n${script}\n`,
    [`/etc/services.d/${name}/service.json`]: JSON.stringify(json),
  };
}

const SOON = { intervalMs: 10 };
const SLEEP = 'exec sleep 9999';
/** A service that waits for `web` to be ready, and writes down that it began. */
const FOLLOWER = service('follower', `echo yes > "$LINTEL_ROOT/tmp/follows"\n${SLEEP}`, {
  requires: ['web'],
});

/** A server on loopback that answers as the test says, and counts. */
async function serve(t: TestContext, answer: () => number): Promise<{ port: number; count: () => number }> {
  let count = 0;
  const server = createServer((_, response) => {
    count += 1;
    response.writeHead(answer()).end();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, count: () => count };
}

test('a service with an http probe is ready when it answers, and its dependents wait for that', async t => {
  let status = 503;
  const { port, count } = await serve(t, () => status);
  const ready = { http: `http://127.0.0.1:${port}/`, ...SOON };
  const lintel = bootRoot(t, { ...service('web', SLEEP, { ready }), ...FOLLOWER });
  await lintel.waitUntil('it was asked often', () => count() > 30);
  assert.throws(() => lintel.root.read('/tmp/follows'));
  status = 200;
  await lintel.waitForFile('/tmp/follows');
  await lintel.waitForText(/web is ready \(ms=\d+\)/);
  const asked = count();
  await lintel.waitForText(/follower starts/);
  assert.ok(count() <= asked + 1, 'a service that is ready is asked no more');
  await lintel.stop();
});

for (const [what, ready, script] of [
  ['a file probe', { file: '${LINTEL_ROOT}/tmp/ready', ...SOON }, `: > "$LINTEL_ROOT/tmp/ready"\n${SLEEP}`],
  [
    'an exec probe',
    { exec: ['sh', '-c', 'test -e "$LINTEL_ROOT/tmp/ready"'], ...SOON },
    `: > "$LINTEL_ROOT/tmp/ready"\n${SLEEP}`,
  ],
  ['a notification on descriptor 3', { notifyFd: 3 }, `echo >&3\n${SLEEP}`],
] as const) {
  test(`a service with ${what} is ready when it says so`, async t => {
    const lintel = bootRoot(t, { ...service('web', script, { ready }), ...FOLLOWER });
    await lintel.waitForFile('/tmp/follows');
    await lintel.waitForText(/web is ready[\s\S]*follower starts/);
    await lintel.stop();
  });
}

test('a service that dies before it is ready follows its policy, while its dependents wait', async t => {
  const script = `echo x >> "$LINTEL_ROOT/tmp/tries"
[ "$(wc -l < "$LINTEL_ROOT/tmp/tries")" = 3 ] || exit 1
echo >&3\n${SLEEP}`;
  const json = { ready: { notifyFd: 3 }, backoffMs: { min: 10, max: 20 } };
  const lintel = bootRoot(t, { ...service('web', script, json), ...FOLLOWER });
  await lintel.waitForFile('/tmp/follows');
  const { stderr } = await lintel.stop();
  assert.equal(stderr.match(/web exited with code 1/g)?.length, 2);
  assert.equal(stderr.match(/follower starts/g)?.length, 1);
});

test('a service that is late is named, goes on, and is ready when it says so after all', async t => {
  const ready = { file: '${LINTEL_ROOT}/tmp/ready', ...SOON, timeoutMs: 50 };
  const lintel = bootRoot(t, { ...service('web', SLEEP, { ready }), ...FOLLOWER });
  await lintel.waitForText(/web is not ready in time: \S+\/tmp\/ready: no such file; it goes on/);
  assert.doesNotMatch(lintel.log(), /follower starts/);
  lintel.root.write({ '/tmp/ready': '' });
  await lintel.waitForFile('/tmp/follows');
  const { stderr } = await lintel.stop();
  assert.equal(stderr.match(/web starts/g)?.length, 1);
});

test('every 10 s one line says what everybody waits for', async t => {
  const ready = { file: '${LINTEL_ROOT}/tmp/ready' };
  const lintel = bootRoot(t, { ...service('web', SLEEP, { ready }), ...FOLLOWER });
  await lintel.waitForText(
    /^lintel: waiting for web \(starting for 10 s: \S+\/tmp\/ready: no such file; needed by follower\)$/m,
  );
  await lintel.stop();
});

test('so many failures of its health probe in a row restart a service, and it is said why', async t => {
  let status = 200;
  const { port, count } = await serve(t, () => status);
  const health = { http: `http://127.0.0.1:${port}/`, ...SOON, failures: 3 };
  const lintel = bootRoot(t, service('web', 'trap "exit 0" TERM\nwhile :; do sleep 0.01; done', { health }));
  await lintel.waitUntil('it was asked', () => count() > 5);
  status = 500;
  await lintel.waitForText(
    /warning: web is unhealthy and is stopped: http:\/\/127.0.0.1:\d+\/: 500 \(3 times in a row\)/,
  );
  status = 200;
  await lintel.waitForText(/web starts \(spawn=2\)/);
  await lintel.stop();
});

test('a failure now and then restarts nothing', async t => {
  let asked = 0;
  const { port, count } = await serve(t, () => (asked++ % 3 === 2 ? 200 : 500));
  const health = { http: `http://127.0.0.1:${port}/`, ...SOON, failures: 3 };
  const lintel = bootRoot(t, service('web', SLEEP, { health }));
  await lintel.waitUntil('it was asked often', () => count() > 50);
  const { stderr } = await lintel.stop();
  assert.doesNotMatch(stderr, /unhealthy/);
});

test('a service that is unhealthy for good fails, and its container does not end with 0', async t => {
  const json = { health: { file: '/no/such/file', ...SOON, failures: 1 }, restart: 'never' };
  const lintel = bootRoot(t, service('web', 'trap "exit 0" TERM\nwhile :; do sleep 0.01; done', json));
  const { code, stderr } = await lintel.end();
  assert.equal(code, 1, stderr);
});

test('what happens next is said of an unhealthy service, and kept as its last death', async t => {
  const json = { health: { file: '/no/such/file', ...SOON, failures: 1 }, backoffMs: { min: 86_400_000 } };
  const lintel = bootRoot(t, service('web', SLEEP, json));
  await lintel.waitForText(/web is unhealthy and is stopped: \S+: no such file; restarting in 86400.00 s/);
  await lintel.stop();
});

test('a probe that hangs is not asked twice at a time, and nothing of it is left at the end', async t => {
  const exec = ['sh', '-c', 'echo $$ >> "$LINTEL_ROOT/tmp/probes"; sleep 9999'];
  const lintel = bootRoot(t, service('web', SLEEP, { ready: { exec, ...SOON } }));
  await lintel.waitForFile('/tmp/probes', /^(\d+\n){2}/);
  const [first = 0] = lintel.root.read('/tmp/probes').split('\n').map(Number);
  assert.equal(isAlive(first), false);
  await lintel.stop();
});
