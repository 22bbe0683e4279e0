/** Floods of honest requests. What they cost is looked at, never how long they take. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { LASTING, WAIT } from '../control/workbench.ts';
import { askAt, bootWeb, readAll, type WebWorkbench } from './client.ts';

const SERVICES = { '/etc/services.d/web/run': LASTING };
const GET = 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n';
/** So many connections ask at a time, and so many requests stand on each. */
const CLIENTS = 8;
const AT_ONCE = 16;
/** Rounds of 20,000 requests and 2000 connections each. */
const ROUNDS = 5;
/**
 * V8 takes more room for what is new in some rounds, and none in most; what leaks takes as much in each. So it is flat
 * when in two of them next to nothing was added: a leak of 50 bytes a request would be that much in every one.
 */
const FLAT_ROUNDS = 2;
const FLAT_MIB = 1;

/** Asks on connections that are kept, and checks every answer. */
async function askKept(port: number, requests: number): Promise<void> {
  await Promise.all(Array.from({ length: CLIENTS }, () => askOn(port, requests / CLIENTS)));
}

function askOn(port: number, requests: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  let unsent = requests;
  let awaited = 0;
  let rest = '';
  const ask = () => {
    awaited = Math.min(AT_ONCE, unsent);
    unsent -= awaited;
    socket.write(GET.repeat(awaited));
  };
  socket.on('data', chunk => {
    const answers = (rest + chunk).split('\r\n\r\nhealthy\n');
    rest = answers.pop() ?? '';
    if (!answers.every(head => head.startsWith('HTTP/1.1 200 ')))
      reject(new Error(`not all healthy: ${answers}`));
    awaited -= answers.length;
    if (awaited > 0) return;
    if (unsent > 0) return ask();
    socket.destroy();
    resolve();
  });
  socket.on('error', reject);
  socket.on('close', () => reject(new Error(`closed with ${unsent + awaited} requests to go`)));
  ask();
  return promise;
}

/** One connection for each request, as probes ask. */
async function askAnew(port: number, requests: number): Promise<void> {
  const PARALLEL = 100;
  for (let count = 0; count < requests; count += PARALLEL) {
    await Promise.all(
      Array.from({ length: PARALLEL }, async () => {
        const socket = connect(port, '127.0.0.1');
        socket.write(GET.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'));
        assert.match(await readAll(socket), /^HTTP\/1\.1 200 .*\r\n\r\nhealthy\n$/s);
      }),
    );
  }
}

function readMemoryMib(pid: number): number {
  const [, kib] = /^Rss: +(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}

async function bootReady(t: Parameters<typeof bootWeb>[0]): Promise<WebWorkbench> {
  const workbench = await bootWeb(t, SERVICES);
  const { code, stderr } = await workbench.run(WAIT);
  assert.equal(code, 0, stderr);
  return workbench;
}

test('a thousand probes in the same moment are answered, every one', async t => {
  const { port, lintel } = await bootReady(t);
  const replies = await Promise.all(Array.from({ length: 1000 }, () => askAt(port, '/readyz')));
  assert.deepEqual([...new Set(replies.map(({ status, body }) => `${status} ${body}`))], ['200 ready\n']);
  assert.doesNotMatch(lintel.log(), /Bug|Cannot/);
});

test('five thousand are answered or turned away at once, and the next one is answered', async t => {
  const { port, lintel } = await bootReady(t);
  const replies = await Promise.allSettled(Array.from({ length: 5000 }, () => askAt(port, '/readyz')));
  const answered = replies.filter(({ status }) => status === 'fulfilled').length;
  assert.ok(answered >= 1000, `${answered} were answered`);
  assert.equal((await askAt(port, '/readyz')).body, 'ready\n');
  assert.doesNotMatch(lintel.log(), /Bug|Cannot/);
});

test('100,000 requests and 10,000 connections leave memory as it was', async t => {
  const { port, lintel } = await bootReady(t);
  await askKept(port, 10_000);
  await askAnew(port, 5000);
  const sizes = [readMemoryMib(lintel.pid)];
  for (let round = 0; round < ROUNDS; round++) {
    await askKept(port, 20_000);
    await askAnew(port, 2000);
    sizes.push(readMemoryMib(lintel.pid));
  }
  t.diagnostic(`MiB after each round: ${sizes.map(size => size.toFixed(1)).join(', ')}`);
  const flat = sizes.slice(1).filter((size, index) => size - (sizes[index] ?? 0) < FLAT_MIB);
  assert.ok(flat.length >= FLAT_ROUNDS, `memory grew in ${ROUNDS - flat.length} of ${ROUNDS} rounds`);
  assert.doesNotMatch(lintel.log(), /Bug|Cannot/);
});

test('a service that dies during a flood is started again', async t => {
  const { port, lintel, run } = await bootReady(t);
  const { stdout } = await run(['status', '--json', 'web']);
  let isOver = false;
  const flood = (async () => {
    while (!isOver) await askKept(port, 8000);
  })();
  const [first] = JSON.parse(stdout).services;
  process.kill(first.pid, 'SIGKILL');
  await lintel.waitForText(/web was ended by SIGKILL/);
  const { code, stderr } = await run(WAIT);
  isOver = true;
  await flood;
  assert.equal(code, 0, stderr);
  assert.match(lintel.log(), /web starts \(spawn=2\)/);
});
