import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { makeS6Places } from '../../src/apply/s6.ts';
import { writeTerminationLog } from '../../src/apply/termination.ts';
import type { Probe } from '../../src/definitions/probe-schema.ts';
import { EXIT_CODE_FILE } from '../../src/facts/exit-code.ts';
import { readProcess as readSelf } from '../../src/facts/process.ts';
import { openLibc } from '../../src/pid1/libc.ts';
import { askProbe } from '../../src/probes/probe.ts';
import { runToEnd } from '../../src/processes/run.ts';
import { endStragglers } from '../../src/processes/stragglers.ts';
import {
  killGroup,
  makeIdentity,
  readProcess,
  readProcesses,
  signalProcess,
} from '../../src/processes/tree.ts';
import { bootWorkbench, LASTING, WAIT } from '../control/workbench.ts';
import { waitUntil } from '../waiting.ts';
import { begin, SELF, SPAWNERS } from './starting.ts';

/** Clients and services may take every descriptor that there is: nobody dies of that, and nobody becomes immortal. */
const [[, NATIVE]] = SPAWNERS;
/** Few enough to take them all in a moment. */
const SOFT_LIMIT = 100;
const ATTEMPTS = 10;
const PLENTY_MS = 10_000;

/** A limit below all that is open: not even a descriptor that is given up can be had again. */
const NONE = 3;

/** Leaves nothing to look with until the test ends, not even what is held back for that. */
function refuseDescriptors(t: TestContext): void {
  const libc = openLibc();
  if ('missing' in libc) throw new Error(libc.missing);
  const { hard } = readSelf(undefined).openFiles;
  t.after(() => libc.setOpenFiles({ soft: hard, hard }));
  assert.ok(libc.setOpenFiles({ soft: NONE, hard }));
  assert.throws(readProcesses, { code: 'EMFILE' });
}

/** Takes every descriptor that is left, but for some, until the returned function is called, or the test ends. */
function takeDescriptors(t: TestContext, spared = 0): () => void {
  const libc = openLibc();
  if ('missing' in libc) throw new Error(libc.missing);
  const { hard } = readSelf(undefined).openFiles;
  assert.ok(libc.setOpenFiles({ soft: SOFT_LIMIT, hard }));
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'EMFILE');
  }
  for (const fd of taken.splice(0, spared)) closeSync(fd);
  const giveBack = () => {
    for (const fd of taken.splice(0)) closeSync(fd);
    libc.setOpenFiles({ soft: hard, hard });
  };
  t.after(giveBack);
  return giveBack;
}

test('a process is seen and signalled while every descriptor is taken', async t => {
  const { child, ended } = begin(t, NATIVE, { argv: ['sleep', '9999'] });
  const leader = child?.leader();
  assert.ok(leader !== undefined && child !== undefined);
  // Nothing is looked at for the first time here.
  readProcesses();
  takeDescriptors(t);
  for (let count = 0; count < 3; count++) assert.ok(readProcesses().has(child.pid));
  assert.equal(readProcess(child.pid)?.startTicks, leader.startTicks);
  assert.equal(makeIdentity(child.pid, () => false)()?.startTicks, leader.startTicks);
  signalProcess(leader, 'SIGTERM');
  assert.deepEqual(await ended, { signal: 'SIGTERM' });
  assert.equal(readProcess(child.pid), undefined);
});

test('a program is not run without what it was to read', async t => {
  const run = { user: SELF, environment: { PATH: process.env['PATH'] ?? '' }, timeoutMs: PLENTY_MS };
  const giveBack = takeDescriptors(t, 4);
  const { exit } = await runToEnd(NATIVE, { ...run, argv: ['cat'], input: 'a password' });
  giveBack();
  const error = 'no file descriptor is left for its input';
  assert.deepEqual(exit, { error, code: 126, isTemporary: true });
});

test('the last word and the exit code that a script wrote are not lost while every descriptor is taken', t => {
  const root = mkdtempSync(join(tmpdir(), 'lintel-starved-'));
  t.after(() => rmSync(root, { recursive: true }));
  const places = makeS6Places({ root, environmentFolder: `${root}/run/lintel/env`, user: SELF });
  assert.deepEqual(places.make(), []);
  writeFileSync(root + EXIT_CODE_FILE, '7\n');
  mkdirSync(`${root}/dev`);
  writeFileSync(`${root}/dev/termination-log`, 'still stopping, and longer than the last word\n');
  readProcesses();
  const giveBack = takeDescriptors(t);
  writeTerminationLog(root, 'ended');
  const wish = places.readExitCode();
  giveBack();
  assert.deepEqual(wish, { code: 7 });
  assert.equal(readFileSync(`${root}/dev/termination-log`, 'utf8'), 'ended\n');
});

test('what this process has started can be ended where nothing at all is left to look with', async t => {
  const [polite, hung] = [1, 2].map(() => begin(t, NATIVE, { argv: ['sleep', '9999'] }));
  const gone = begin(t, NATIVE, { argv: ['true'] });
  await gone.ended;
  const asked = runToEnd(NATIVE, {
    argv: ['sleep', '9999'],
    user: SELF,
    environment: { PATH: process.env['PATH'] ?? '' },
    timeoutMs: 50,
  });
  // Read ends are made in this turn of the loop.
  await new Promise(setImmediate);
  refuseDescriptors(t);
  polite?.child?.signal('SIGTERM');
  if (hung?.child !== undefined) killGroup(hung.child);
  // Its number may be anybody's.
  gone.child?.signal('SIGKILL');
  assert.deepEqual(await polite?.ended, { signal: 'SIGTERM' });
  assert.deepEqual(await hung?.ended, { signal: 'SIGKILL' });
  const { exit, isTimedOut } = await asked;
  assert.deepEqual([exit, isTimedOut], [{ signal: 'SIGKILL' }, true]);
  assert.deepEqual(await endStragglers(100, new AbortController().signal), []);
});

test('services and CMD end when they are asked to where nothing at all is left to look with', async t => {
  const { lintel, run } = bootWorkbench(
    t,
    {
      '/etc/services.d/web/run': LASTING,
      '/etc/services.d/web/service.json': '{"stopTimeoutMs": 200}',
    },
    { command: ['sleep', '9999'] },
  );
  assert.equal((await run(WAIT)).code, 0);
  execFileSync('prlimit', ['--pid', String(lintel.pid), `--nofile=${NONE}:`]);
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 143, stderr);
  assert.match(stderr, /web stopped: it was ended by SIGTERM/);
  assert.doesNotMatch(stderr, /Bug/);
});

test('a probe without a descriptor to ask with says nothing about the service', async t => {
  const http = createServer((_, response) => response.end()).listen(0, '127.0.0.1');
  const tcp = createTcpServer().listen(0, '127.0.0.1');
  t.after(() => [http.close(), tcp.close()]);
  await Promise.all([http, tcp].map(server => once(server, 'listening')));
  const [httpPort, tcpPort] = [http, tcp].map(server => (server.address() as AddressInfo).port);
  const probes: readonly Probe[] = [
    { http: `http://127.0.0.1:${httpPort}/` },
    { http: `http://localhost:${httpPort}/` },
    { tcp: `127.0.0.1:${tcpPort}` },
    { socket: '/run/no.sock' },
  ];
  const ask = (probe: Probe) =>
    askProbe(probe, { environment: {}, signal: new AbortController().signal, start: () => undefined });
  // What is loaded at first use needs no descriptor later.
  await Promise.all(probes.map(ask));
  for (const probe of probes) {
    let outcome = await askStarved(probe);
    // What a thread of the test's own held in that moment was one too many for this.
    for (let again = 0; again < ATTEMPTS && !('isStarved' in outcome); again++)
      outcome = await askStarved(probe);
    assert.ok('isStarved' in outcome, `${JSON.stringify(probe)}: ${JSON.stringify(outcome)}`);
    assert.match(outcome.symptom, /^it could not be asked: /);
  }

  async function askStarved(probe: Probe) {
    // A connection that ends meanwhile would give a descriptor back.
    await waitUntil('no connection is left', async () => {
      const counts = await Promise.all(
        [http, tcp].map(server => promisify(server.getConnections.bind(server))()),
      );
      return counts.every(count => count === 0);
    });
    const giveBack = takeDescriptors(t);
    const outcome = await ask(probe);
    giveBack();
    return outcome;
  }
  assert.deepEqual(await ask({ tcp: `127.0.0.1:${tcpPort}` }), { isOk: true });
});
