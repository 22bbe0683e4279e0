import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { makeDoor } from '../../src/web/door.ts';
import { bootWorkbench, LASTING, WAIT } from '../control/workbench.ts';
import { waitUntil } from '../waiting.ts';
import { bootWeb, findFreePort, readAll } from './client.ts';

const SERVICES = { '/etc/services.d/web/run': LASTING };
const GET = 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n';
const CLOSING = 'GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n';

test('what is no request, or no good one, is answered by its status alone', async t => {
  const { ask, open, lintel } = await bootWeb(t, SERVICES);
  for (const [what, bytes, expected] of [
    ['garbage', '\x00\x01\x02 what?\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00', /^HTTP\/1\.1 400 /],
    ['another version of HTTP', 'GET / HTTP/9.9\r\n\r\n', /^HTTP\/1\.1 (400|505) /],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', /^HTTP\/1\.1 (400|505) /],
    ['an unknown method', 'BREW /healthz HTTP/1.1\r\nhost: x\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['no host', 'GET /healthz HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['huge headers', `${GET.slice(0, -2)}x: ${'y'.repeat(20_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
    ['a huge target', `GET /${'y'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`, /^HTTP\/1\.1 431 /],
    [
      'two lengths',
      `${GET.slice(0, -2)}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n`,
      /^HTTP\/1\.1 400 /,
    ],
    ['a body', `${GET.slice(0, -2)}content-length: 5\r\n\r\nhello`, /^HTTP\/1\.1 413 /],
    [
      'a body without end',
      `${GET.slice(0, -2)}transfer-encoding: chunked\r\n\r\n5\r\nhello`,
      /^HTTP\/1\.1 413 /,
    ],
    ['a file', 'PUT /healthz HTTP/1.1\r\nhost: x\r\ncontent-length: 999999999\r\n\r\nx', /^HTTP\/1\.1 405 /],
    [
      'an expectation',
      `${GET.slice(0, -2)}expect: a miracle\r\nconnection: close\r\n\r\n`,
      /^HTTP\/1\.1 417 /,
    ],
    [
      'an upgrade',
      `${CLOSING.replace('close', 'upgrade, close').slice(0, -2)}upgrade: websocket\r\n\r\n`,
      /^HTTP\/1\.1 200 /,
    ],
    ['a tunnel', 'CONNECT db:5432 HTTP/1.1\r\nhost: x\r\n\r\n', /^$/],
    ['HTTP/1.0', 'GET /healthz HTTP/1.0\r\n\r\n', /^HTTP\/1\.1 200 .*healthy\n$/s],
  ] as const) {
    await t.test(what, async () => {
      const socket = open();
      socket.write(bytes, 'latin1');
      assert.match(await readAll(socket), expected);
      assert.equal((await ask('/healthz')).status, 200);
    });
  }
  assert.doesNotMatch(lintel.log(), /Bug/);
});

describe('a client', () => {
  test('that says nothing, half a request, one letter a moment, or never reads is dropped in time', async t => {
    const { ask, open, lintel } = await bootWeb(t, SERVICES);
    const [silent, half, slow, idle, deaf] = [open(), open(), open(), open(), open()];
    half.write('GET /healthz HT');
    idle.write(GET);
    const drip = setInterval(() => slow.write('G'), 100);
    t.after(() => clearInterval(drip));
    // Requests without end, and no look at an answer.
    deaf.pause();
    const flood = setInterval(() => deaf.write(GET.repeat(20)), 1);
    t.after(() => clearInterval(flood));
    await Promise.all([silent, half, slow, idle].map(readAll));
    if (!deaf.closed) await once(deaf, 'close');
    assert.equal((await ask('/healthz')).status, 200);
    assert.doesNotMatch(lintel.log(), /Bug/);
  });

  test('that asks a thousand times before it listens is dropped, and nobody else', async t => {
    const { ask, open, lintel } = await bootWeb(t, SERVICES);
    const other = open();
    other.write(GET);
    await once(other, 'data');
    const greedy = open();
    greedy.write(GET.repeat(1000));
    await readAll(greedy);
    other.write(CLOSING);
    assert.match(await readAll(other), /healthy\n$/);
    assert.equal((await ask('/healthz')).status, 200);
    assert.doesNotMatch(lintel.log(), /Bug/);
  });

  test('that asks several times before it listens gets as many answers, in order', async t => {
    const { open, run } = await bootWeb(t, SERVICES);
    await run(WAIT);
    const socket = open();
    socket.write(
      ['/healthz', '/readyz', '/nowhere', '/healthz', '/readyz']
        .map(path => GET.replace('/healthz', path))
        .join('') + CLOSING,
    );
    assert.deepEqual(
      (await readAll(socket)).match(/^HTTP\/1\.1 \d+/gm)?.map(line => line.slice(9)),
      ['200', '200', '404', '200', '200', '200'],
    );
  });

  test('that goes in the middle is forgotten', async t => {
    const { ask, open, lintel } = await bootWeb(t, SERVICES);
    for (const bytes of ['', 'GET', GET, `${GET}${GET}GET /rea`]) {
      const socket = open();
      await once(socket, 'connect');
      socket.write(bytes);
      socket.resetAndDestroy();
    }
    assert.equal((await ask('/healthz')).status, 200);
    assert.doesNotMatch(lintel.log(), /Bug/);
  });

  test('that keeps its connection is answered on it, again and again', async t => {
    const { open } = await bootWeb(t, SERVICES);
    const socket = open().setEncoding('latin1');
    for (let count = 0; count < 100; count++) {
      socket.write(GET);
      const [text] = await once(socket, 'data');
      assert.match(text, /^HTTP\/1\.1 200 .*keep-alive: timeout=5\r\n.*healthy\n$/is);
    }
    socket.destroy();
  });
});

test('one address may hold its share of connections, and others get through', async t => {
  const { port } = await bootWeb(t, SERVICES);
  // Silent ones of one address: more than it may have.
  const sockets = Array.from({ length: 1200 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  await waitUntil(
    'the last are turned away',
    () => sockets.filter(({ closed }) => closed).length >= 1200 - 1024,
  );
  const other = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' });
  other.write(CLOSING);
  assert.match(await readAll(other), /healthy\n$/);
});

test('no more is let in than leaves files for services', async t => {
  const inside: Socket[] = [];
  const door = makeDoor({ openFilesHard: 40, serve: socket => void inside.push(socket) });
  const server = createServer(door.admit).listen(0);
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const come = (count: number, localAddress: string) =>
    Array.from({ length: count }, () =>
      connect({ port, host: '127.0.0.1', localAddress }).on('error', () => undefined),
    );
  const sockets = ['127.0.0.1', '127.0.0.2', '127.0.0.3'].flatMap(address => come(8, address));
  const closed = () => sockets.filter(socket => socket.closed).length;
  await waitUntil('10 of 24 are in', () => inside.length === 10 && closed() === 14);
  // Who leaves makes room.
  door.close();
  for (const socket of sockets) socket.destroy();
  await waitUntil('all are gone', () => inside.every(socket => socket.closed));
  const [late] = come(1, '127.0.0.1');
  await waitUntil('the next one is in', () => inside.length === 11);
  late?.destroy();
});

test('silent connections from everywhere keep nobody out for longer than a moment', async t => {
  const inside: Socket[] = [];
  const door = makeDoor({ openFilesHard: 40, serve: socket => void inside.push(socket) });
  const server = createServer(door.admit).listen(0);
  t.after(() => {
    server.close();
    for (const socket of inside) socket.destroy();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const come = (localAddress: string) =>
    connect({ port, host: '127.0.0.1', localAddress }).on('error', () => undefined);
  const silent = ['127.0.0.1', '127.0.0.2'].flatMap(address =>
    Array.from({ length: 5 }, () => come(address)),
  );
  await waitUntil('all places are taken', () => inside.length === 10);
  // Of a new address, and of one that has its share already, as all strangers have behind one proxy.
  for (const address of ['127.0.0.3', '127.0.0.2']) {
    const before = inside.length;
    let probe = come(address);
    await waitUntil(`${address} is in`, () => {
      if (probe.closed) probe = come(address);
      return inside.length > before;
    });
  }
  await waitUntil('two had to go', () => silent.filter(({ closed }) => closed).length === 2);
  assert.equal(inside.filter(({ destroyed }) => !destroyed).length, 10);
});

/** The lowest descriptor that the process could get next. */
function findFreeFile(pid: number): number {
  const used = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  let free = 0;
  while (used.has(free)) free += 1;
  return free;
}

/** Of the process so far, in hundredths of a second. */
function readCpu(pid: number): number {
  const [, user = 0, system = 0] =
    /\) \S(?: -?\d+){10} (\d+) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
  return Number(user) + Number(system);
}

test('without a descriptor left clients are turned away, which costs nothing and is over with it', async t => {
  const { lintel, ask, open, run } = await bootWeb(t, SERVICES);
  assert.equal((await run(WAIT)).code, 0);
  await ask('/healthz');
  const [, soft] = /Max open files +(\d+)/.exec(readFileSync(`/proc/${lintel.pid}/limits`, 'utf8')) ?? [];
  const limit = (files: number | string) =>
    execFileSync('prlimit', ['--pid', String(lintel.pid), `--nofile=${files}:`]);
  limit(findFreeFile(lintel.pid));
  const before = readCpu(lintel.pid);
  const sockets = Array.from({ length: 200 }, open);
  await waitUntil('they are turned away', () => sockets.filter(({ closed }) => closed).length > 190);
  assert.ok(readCpu(lintel.pid) - before < 100, 'it does not try again and again');
  limit(soft ?? '');
  for (const socket of sockets) socket.destroy();
  assert.equal((await ask('/healthz')).status, 200);
  assert.doesNotMatch(lintel.log(), /Bug/);
});

test('a port that is another’s for a while keeps no stop waiting', async t => {
  const port = await findFreePort();
  const other = createServer().listen(port, '127.0.0.1');
  t.after(() => other.close());
  await once(other, 'listening');
  const { lintel } = bootWorkbench(t, SERVICES, { environment: { LINTEL_HTTP: String(port) } });
  await lintel.waitForText(/Cannot listen/);
  await lintel.waitForText(/web runs/);
  assert.equal((await lintel.stop()).code, 0);
});
