import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runToEnd } from '../../src/processes/run.ts';
import { unlessSilent } from '../../src/steps/silence.ts';
import { SELF, SPAWNERS } from '../processes/starting.ts';
import { startGitServer } from './git-server.ts';

/** Real git, which waits minutes for a server that never begins with TLS, and for one that takes its time. */
const LIMIT_MS = 20_000;
const TOKEN = 'glpat-of-a-test';

function git(signal: AbortSignal, timeoutMs: number, ...args: readonly string[]) {
  const [, spawner] = SPAWNERS[1];
  const environment = { PATH: process.env['PATH'] ?? '', GIT_TERMINAL_PROMPT: '0', HOME: '/nowhere' };
  return runToEnd(spawner, { argv: ['git', ...args], user: SELF, environment, timeoutMs, signal });
}

function makePlace(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'lintel-silence-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'clone');
}

test('a clone whose server answers nobody is ended', async t => {
  const silent = createServer();
  await once(silent.listen(0, '127.0.0.1'), 'listening');
  t.after(() => silent.close());
  const url = `https://127.0.0.1:${(silent.address() as AddressInfo).port}/tiny.git`;
  const { promise: reached, resolve } = Promise.withResolvers<void>();
  silent.once('connection', () => resolve());
  const outcome = await unlessSilent(signal => git(signal, LIMIT_MS, 'clone', url, makePlace(t)), {
    hasArrived: () => false,
    ask: async over => {
      await reached;
      return !(await git(over, 200, 'ls-remote', url, 'HEAD')).isTimedOut;
    },
    askAfterMs: 0,
  });
  assert.equal(outcome, undefined);
});

test('a clone whose server is slow, but answers others, is waited for', async t => {
  const server = await startGitServer(t, { token: TOKEN });
  const url = `http://ada:${TOKEN}@127.0.0.1:${server.port}/private.git`;
  const place = makePlace(t);
  const { promise: asked, resolve: onAsked } = Promise.withResolvers<void>();
  const { promise: answered, resolve: onAnswered } = Promise.withResolvers<void>();
  // Its first request is answered when somebody else has been.
  server.onLetIn = () => {
    server.onLetIn = async () => undefined;
    onAsked();
    return answered;
  };
  const outcome = await unlessSilent(signal => git(signal, LIMIT_MS, 'clone', url, place), {
    hasArrived: () => false,
    ask: async over => {
      await asked;
      const { exit, isTimedOut } = await git(over, LIMIT_MS, 'ls-remote', url, 'HEAD');
      assert.deepEqual(exit, { code: 0 });
      onAnswered();
      return !isTimedOut;
    },
    askAfterMs: 0,
  });
  assert.deepEqual(outcome?.exit, { code: 0 });
  assert.deepEqual(readdirSync(place).sort(), ['.git', 'README']);
});

test('what gets something is asked nothing', async () => {
  const { promise: looked, resolve } = Promise.withResolvers<void>();
  const outcome = await unlessSilent(() => looked.then(() => 'done'), {
    hasArrived: () => {
      resolve();
      return true;
    },
    ask: () => assert.fail('it was asked'),
    askAfterMs: 0,
  });
  assert.equal(outcome, 'done');
});
