import assert from 'node:assert/strict';
import test from 'node:test';
import { runToEnd } from '../../src/processes/run.ts';
import { readProcesses } from '../../src/processes/tree.ts';
import { SELF, SPAWNERS } from './starting.ts';

/** Programs that Lintel asks something, by either way of starting them. */
const PLENTY_MS = 10_000;
const environment = { PATH: '/usr/bin:/bin' };

for (const [how, spawner] of SPAWNERS) {
  const run = (script: string, more: { input?: string; timeoutMs?: number; signal?: AbortSignal } = {}) =>
    runToEnd(spawner, {
      argv: ['/bin/sh', '-c', script],
      user: SELF,
      environment,
      timeoutMs: PLENTY_MS,
      ...more,
    });

  test(`a program run by ${how} gets its input and gives its output and code`, async () => {
    const outcome = await run('cat; echo oops >&2; exit 3', { input: 'a "quoted" $(line)\n' });
    assert.deepEqual(outcome, {
      exit: { code: 3 },
      isTimedOut: false,
      stdout: 'a "quoted" $(line)\n',
      stderr: 'oops\n',
    });
  });

  test(`a program run by ${how} without input reads none`, async () => {
    assert.equal((await run('cat; echo end')).stdout, 'end\n');
  });

  test(`a program run by ${how} that does not read its input is no error`, async () => {
    assert.deepEqual((await run('exit 0', { input: 'x'.repeat(60_000) })).exit, { code: 0 });
  });

  test(`a program run by ${how} that hangs is killed with all that it started`, async () => {
    const outcome = await run('sleep 4242 & setsid sleep 4243 & sleep 4244', { timeoutMs: 100 });
    assert.deepEqual([outcome.exit, outcome.isTimedOut], [{ signal: 'SIGKILL' }, true]);
    const left = [...readProcesses().values()].filter(
      ({ parent, name }) => parent === process.pid && name === 'sleep',
    );
    assert.deepEqual(left, []);
  });

  test(`a program run by ${how} is killed when nobody wants its answer any more`, async () => {
    const outcome = await run('sleep 4245', { signal: AbortSignal.abort() });
    assert.deepEqual([outcome.exit, outcome.isTimedOut], [{ signal: 'SIGKILL' }, false]);
  });

  test(`of a program run by ${how} that writes without end only the beginning is kept`, async () => {
    const { stdout } = await run('head -c 1000000 /dev/zero');
    assert.equal(stdout.length, 256 * 1024);
  });

  test(`a program that is missing is an outcome of ${how}, no exception`, async () => {
    const outcome = await runToEnd(spawner, {
      argv: ['/nowhere/program'],
      user: SELF,
      environment,
      timeoutMs: PLENTY_MS,
    });
    assert.equal('error' in outcome.exit && outcome.exit.code, 127);
  });
}
