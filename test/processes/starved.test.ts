import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import type { Probe } from '../../src/definitions/probe-schema.ts';
import { readProcess as readSelf } from '../../src/facts/process.ts';
import { openLibc } from '../../src/pid1/libc.ts';
import { askProbe } from '../../src/probes/probe.ts';
import { makeIdentity, readProcess, readProcesses, signalProcess } from '../../src/processes/tree.ts';
import { waitUntil } from '../waiting.ts';
import { begin, SPAWNERS } from './starting.ts';

/** Clients and services may take every descriptor that there is: nobody dies of that, and nobody becomes immortal. */
const [[, NATIVE]] = SPAWNERS;
/** Few enough to take them all in a moment. */
const SOFT_LIMIT = 100;
const ATTEMPTS = 10;

/** Takes every descriptor that is left until the returned function is called, or the test ends. */
function takeDescriptors(t: TestContext): () => void {
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
  assert.equal(makeIdentity(child.pid)()?.startTicks, leader.startTicks);
  signalProcess(leader, 'SIGTERM');
  assert.deepEqual(await ended, { signal: 'SIGTERM' });
  assert.equal(readProcess(child.pid), undefined);
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
