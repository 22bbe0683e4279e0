/**
 * Any request that fast-check can think of, to both doors of a real Lintel: each is answered or dropped, none with a 5xx
 * that means a bug, and Lintel goes on. FUZZ_RUNS=100000 for a long look.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { ROUTES } from '../../src/control/routes.ts';
import { PAGES } from '../../src/web/answers.ts';
import { LASTING, WAIT } from '../control/workbench.ts';
import { bootWeb, type WebWorkbench } from './client.ts';

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 5000);
/** So many are under way at a time. */
const AT_ONCE = 12;
/** A client of this test that is neither answered nor dropped within this time has found a hang. Milliseconds. */
const LIMIT_MS = 30_000;
/** What V8 takes for a flood of new things; see load.test.ts. */
const MOST_MIB = 64;

interface Request {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  /** Where it is cut off; the rest is never sent. */
  readonly cut: number;
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE', 'get', 'BREW', ''];
/** `usual` nine times of ten: what is odd everywhere never gets past the parser of HTTP. */
const seldom = <A, B>(rare: fc.Arbitrary<A>, usual: fc.Arbitrary<B>) =>
  fc.oneof({ weight: 1, arbitrary: rare }, { weight: 9, arbitrary: usual });
const odd = fc.string({ unit: 'binary', maxLength: 40 });
const latin = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map(code => String.fromCharCode(code)),
  maxLength: 60,
});
const encoded = odd.map(text => encodeURIComponent(text.toWellFormed()));
/** JSON of the shape that routes ask for, and of any other. */
const body = fc.oneof(
  fc.json(),
  fc
    .record(
      {
        names: fc.oneof(fc.array(fc.oneof(fc.constantFrom('web', '__proto__'), odd)), odd),
        action: fc.oneof(fc.constantFrom('start', 'restart', 'kill', '__proto__'), fc.anything()),
        waitMs: fc.oneof(fc.integer({ min: -1, max: 20 }), fc.anything()),
        withDependents: fc.oneof(fc.boolean(), odd),
        [String('__proto__')]: fc.anything(),
      },
      { requiredKeys: [] },
    )
    .map(value => safeJson(value)),
  latin,
  fc.nat(90_000).map(size => 'x'.repeat(size)),
);
const query = seldom(
  latin.map(text => `?${text}`),
  fc
    .array(
      fc.tuple(
        fc.oneof(
          fc.constantFrom('watch', 'lines', 'follow', 'name', 'waitMs', 'reveal', 'variable', 'format'),
          fc.constantFrom('x', '__proto__', '%', ''),
        ),
        fc.oneof(fc.constantFrom('1', '0', '-1', '9'.repeat(30), 'web', 'json', '%', '%00', ''), encoded),
      ),
      { maxLength: 3 },
    )
    .map(pairs =>
      pairs.length === 0 ? '' : `?${pairs.map(([name, value]) => `${name}=${value}`).join('&')}`,
    ),
);
const headers = fc.array(
  seldom(
    fc.oneof(
      fc.constantFrom<readonly [string, string]>(
        ['upgrade', 'websocket'],
        ['expect', '100-continue'],
        ['expect', 'nothing'],
        ['transfer-encoding', 'chunked'],
        ['transfer-encoding', 'gzip'],
        ['content-length', '99999999999999999999'],
        ['content-length', '-1'],
        ['content-length', '70000'],
        ['host', ''],
      ),
      fc.tuple(fc.string({ minLength: 1, maxLength: 12 }), latin),
    ),
    fc.constantFrom<readonly [string, string]>(
      ['connection', 'close'],
      ['connection', 'keep-alive, upgrade'],
      ['accept', 'application/json'],
      ['accept', 'application/openmetrics-text; version=1.0.0; q=0.5'],
      ['accept', '*/*;q=0, ,;=,'],
      ['accept-encoding', 'gzip, br;q=1.0, *;q=0'],
      ['cookie', 'x'.repeat(4000)],
    ),
  ),
  { maxLength: 3 },
);

function makeRequests(paths: readonly string[], ends: readonly string[]): fc.Arbitrary<Request> {
  const path = seldom(
    fc.oneof(
      fc.constantFrom('/', '//', '*', '', '/%', '/..%2f..%2fetc/passwd', 'http://x/healthz', '/__proto__'),
      latin.map(text => `/${text}`),
      fc.nat(10_000).map(size => `/${'a/'.repeat(size)}`),
    ),
    fc.constantFrom(...paths, ...paths, '/constructor'),
  );
  return fc
    .record({
      method: seldom(fc.constantFrom(...METHODS), fc.constantFrom('GET', 'POST')),
      target: fc.tuple(path, query).map(parts => parts.join('')),
      headers,
      body: fc.oneof({ weight: 2, arbitrary: fc.constant('') }, { weight: 1, arbitrary: body }),
      cut: seldom(fc.nat(300), fc.constant(Number.POSITIVE_INFINITY)),
    })
    .filter(({ target }) => !ends.some(end => target.includes(end)));
}

function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '{}';
  }
}

function render({ method, target, headers: given, body: text, cut }: Request): Buffer {
  const lines = given.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const length = given.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name))
    ? ''
    : `content-length: ${Buffer.byteLength(text)}\r\n`;
  const whole = Buffer.from(`${method} ${target} HTTP/1.1\r\nhost: x\r\n${lines}${length}\r\n${text}`);
  return whole.subarray(0, cut);
}

/** Sends it, ends its side, and returns what came until the other end closed. A stream is given up after its first words. */
function send(socket: Socket, request: Request): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = '';
  const timer = setTimeout(() => reject(new Error('neither answered nor dropped')), LIMIT_MS);
  const end = () => {
    clearTimeout(timer);
    socket.destroy();
    resolve(text);
  };
  socket.setEncoding('latin1').on('data', chunk => {
    text += chunk;
    // What has been answered as a stream, or on a connection that stays, is over for this test.
    if (/x-ndjson|keep-alive: timeout/i.test(text)) end();
  });
  // Reset by a server that wants to read no more, which is its right.
  socket.on('error', () => undefined);
  socket.on('close', end);
  socket.end(render(request));
  return promise;
}

async function fuzz(
  workbench: WebWorkbench,
  requests: fc.Arbitrary<Request>,
  open: () => Socket,
): Promise<Map<string, number>> {
  const statuses = new Map<string, number>();
  const property = fc.asyncProperty(fc.array(requests, { minLength: 1, maxLength: AT_ONCE }), async some => {
    const answers = await Promise.all(some.map(request => send(open(), request)));
    for (const answer of answers) {
      const [, status = 'dropped'] = /^(?:HTTP\/1\.1 100 .*?\r\n\r\n)?HTTP\/1\.1 (\d{3})/s.exec(answer) ?? [];
      assert.ok(
        !/^5/.test(status) || /^503 /.test(answer.slice(9)) || status === '505',
        answer.slice(0, 500),
      );
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  });
  await fc.assert(property, { numRuns: Math.ceil(RUNS / (AT_ONCE / 2)) });
  const { code, stdout } = await workbench.run(['health']);
  assert.deepEqual([code, stdout], [0, 'healthy\n']);
  assert.doesNotMatch(workbench.lintel.log(), /Bug/);
  return statuses;
}

async function bootReady(t: TestContext): Promise<WebWorkbench> {
  const workbench = await bootWeb(t, { '/etc/services.d/web/run': LASTING });
  await workbench.run(WAIT);
  return workbench;
}

function readMemoryMib(pid: number): number {
  return Number(/^Rss: +(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]) / 1024;
}

test('no request to the web door makes Lintel fail', async t => {
  const workbench = await bootReady(t);
  const { port, lintel } = workbench;
  const before = readMemoryMib(lintel.pid);
  const paths = PAGES.map(({ path }) => path);
  const statuses = await fuzz(workbench, makeRequests(paths, []), () => connect(port, '127.0.0.1'));
  t.diagnostic(JSON.stringify(Object.fromEntries(statuses)));
  for (const status of ['200', '400', '404', '405', '413']) assert.ok(statuses.has(status), `no ${status}`);
  assert.ok(readMemoryMib(lintel.pid) - before < MOST_MIB);
});

test('no request to the control socket makes Lintel fail', async t => {
  const workbench = await bootReady(t);
  const { root, lintel } = workbench;
  const before = readMemoryMib(lintel.pid);
  const paths = Object.values(ROUTES).map(({ path }) => path);
  // What ends the workbench is asked elsewhere.
  const requests = makeRequests(paths, [ROUTES.shutdown.path]);
  const statuses = await fuzz(workbench, requests, () => connect(root.at('/run/lintel/control.sock')));
  t.diagnostic(JSON.stringify(Object.fromEntries(statuses)));
  for (const status of ['200', '400', '404', '405']) assert.ok(statuses.has(status), `no ${status}`);
  assert.ok(readMemoryMib(lintel.pid) - before < MOST_MIB);
});
