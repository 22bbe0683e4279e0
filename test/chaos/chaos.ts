/**
 * `npm run chaos -- [--minutes 30] [--seed N] [--log FILE] [--dist FOLDER]`: ten services under Lintel as PID 1 of a throw-away
 * container, and everything bad that can happen to them in an order by chance. Ends with a table, and with code 1 where
 * a service is not up again, a zombie is left, memory has grown, the end is not clean or Lintel speaks of a bug.
 *
 *     boot      until all are ready
 *     warm-up   every mischief once, and a flood from each service, so that what is loaded or filled at first use is
 *               there; then quiet: "the start"
 *     chaos     for so many minutes, some at a time
 *     settle    nothing happens any more, until all are ready; what restarts have left running by design is ended;
 *               quiet once more: "the end"
 *     TERM
 */
import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { sandboxKind } from '../../dev/sandbox.ts';
import { makeLimits } from './limits.ts';
import { floodAll, killLeftovers, MISCHIEFS, type Mischief } from './mischief.ts';
import { type Observer, observe } from './observer.ts';
import { describeRss, readRssKiB } from './processes.ts';
import { type Chance, makeChance } from './random.ts';
import { type Reader, readLog } from './reader.ts';
import { makeVictim, type Status, type Victim } from './victim.ts';
import { NAMES, startWorkbench } from './workbench.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    log: { type: 'string' },
    /** The built program; a copy of the checkout's where it is not given, which a build may replace meanwhile. */
    dist: { type: 'string' },
  },
});
const MOST_AT_ONCE = 4;
const MOST_BETWEEN_MS = 1500;
/** Backoff goes up to 30 s, and a service that requires another waits for that besides. */
const SETTLE_LIMIT_MS = 120_000;
/** Of the services' own ends after TERM, and Lintel's. */
const END_LIMIT_MS = 30_000;
/** An idle Lintel gives memory back within 45 s; the least of some looks is what stays. */
const QUIET_LOOKS = 45;
const QUIET_LOOK_MS = 1000;
const MOST_GROWTH = 0.1;

interface Result {
  readonly counts: ReadonlyMap<string, number>;
  readonly startKiB: number;
  readonly endKiB: number;
  readonly zombies: number;
  readonly status: Status;
  readonly faults: readonly string[];
}

const say = makeDiary(values.log);
process.exit((await run(Number(values.minutes) * 60_000, Number(values.seed))) ? 0 : 1);

function makeDiary(path: string | undefined): (text: string) => void {
  if (path !== undefined) writeFileSync(path, '');
  const beganMs = performance.now();
  return text => {
    const line = `${((performance.now() - beganMs) / 1000).toFixed(1).padStart(7)} ${text}\n`;
    if (path === undefined) process.stdout.write(line);
    else appendFileSync(path, line);
  };
}

async function run(limitMs: number, seed: number): Promise<boolean> {
  if (sandboxKind() !== 'root namespaces')
    throw new Error('Cannot make chaos: it needs root, for namespaces');
  process.stdout.write(`chaos with --minutes ${limitMs / 60_000} --seed ${seed}\n`);
  const scratch = mkdtempSync(join(tmpdir(), 'lintel-chaos-'));
  const dist = values.dist ?? join(scratch, 'dist');
  if (values.dist === undefined) cpSync(join(import.meta.dirname, '../../dist'), dist, { recursive: true });
  const limits = makeLimits();
  const sandbox = startWorkbench(dist);
  const reader = readLog([sandbox.stdout, sandbox.stderr], say);
  try {
    const pid = await sandbox.pid1();
    limits.take(pid);
    say(`-- Lintel is process ${pid} here`);
    sandbox.stdin.end('\n');
    const victim = makeVictim({ pid, limits, setReading: reader.setReading });
    const observer = observe(victim);
    const result = await torment({ victim, observer, chance: makeChance(seed), limitMs });
    process.kill(pid, 'SIGTERM');
    const timer = setTimeout(() => sandbox.kill('SIGKILL'), END_LIMIT_MS);
    const { exitCode, signal } = await sandbox;
    clearTimeout(timer);
    observer.end();
    return conclude(result, { end: String(exitCode ?? signal), observer, reader });
  } finally {
    sandbox.kill('SIGKILL');
    await sandbox;
    limits.remove();
    rmSync(scratch, { recursive: true });
  }
}

async function torment(given: {
  readonly victim: Victim;
  readonly observer: Observer;
  readonly chance: Chance;
  readonly limitMs: number;
}): Promise<Result> {
  const { victim, observer, chance, limitMs } = given;
  await settle(victim);
  for (const mischief of MISCHIEFS) await commit(mischief, victim, chance);
  await settle(victim);
  await floodAll(victim);
  await settle(victim);
  const startKiB = await measure(victim);
  const counts = await raise(victim, chance, limitMs);
  const { status, faults } = await settle(victim);
  await killLeftovers(victim);
  const endKiB = await measure(victim);
  return { counts, startKiB, endKiB, zombies: observer.zombies(), status, faults };
}

/** Until the time is over and the last has ended. */
async function raise(victim: Victim, chance: Chance, limitMs: number): Promise<Map<string, number>> {
  const counts = new Map(MISCHIEFS.map(({ name }) => [name, 0]));
  const going = new Map<string, Promise<void>>();
  const lots = MISCHIEFS.flatMap(mischief => Array.from({ length: mischief.weight }, () => mischief));
  const deadlineMs = performance.now() + limitMs;
  while (performance.now() < deadlineMs) {
    const mischief = chance.pick(lots);
    if (!going.has(mischief.name)) {
      counts.set(mischief.name, (counts.get(mischief.name) ?? 0) + 1);
      going.set(
        mischief.name,
        commit(mischief, victim, chance).finally(() => going.delete(mischief.name)),
      );
    }
    await sleep(chance.number(MOST_BETWEEN_MS));
    if (going.size >= MOST_AT_ONCE) await Promise.race(going.values());
  }
  await Promise.all(going.values());
  return counts;
}

async function commit(mischief: Mischief, victim: Victim, chance: Chance): Promise<void> {
  say(`-> ${mischief.name}`);
  const said = await mischief.act(victim, chance).catch(error => `not done: ${error}`);
  say(`<- ${mischief.name}: ${said} (RSS ${readRssKiB(victim.pid)} KiB)`);
}

/** Waits until every service is up and ready, and says who is not after the limit. */
async function settle(victim: Victim): Promise<Pick<Result, 'status' | 'faults'>> {
  const deadlineMs = performance.now() + SETTLE_LIMIT_MS;
  for (;;) {
    const status = await victim.status().catch(() => undefined);
    const bad = status?.services.filter(({ state, isReady }) => state !== 'up' || !isReady) ?? [];
    if (status?.services.length === NAMES.length && bad.length === 0) return { status, faults: [] };
    if (performance.now() > deadlineMs) {
      if (status === undefined) throw new Error('Cannot go on: Lintel does not answer any more');
      return { status, faults: bad.map(({ name, state, lastDeath }) => `${name} is ${state}: ${lastDeath}`) };
    }
    await sleep(QUIET_LOOK_MS / 4);
  }
}

async function measure(victim: Victim): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let count = 0; count < QUIET_LOOKS; count++) {
    await sleep(QUIET_LOOK_MS);
    least = Math.min(least, readRssKiB(victim.pid) ?? 0);
  }
  say(`-- at least ${least} KiB, now ${describeRss(victim.pid)}`);
  return least;
}

function conclude(
  result: Result,
  { end, observer, reader }: { readonly end: string; readonly observer: Observer; readonly reader: Reader },
): boolean {
  const seen = observer.seen();
  const growth = result.endKiB / result.startKiB - 1;
  const restarts = result.status.services.map(({ spawn }) => spawn - 1).reduce((sum, one) => sum + one, 0);
  const rows: readonly (readonly [string, string | number])[] = [
    ...result.counts,
    ['restarts of services', restarts],
    ['log read, MiB', Math.round(reader.bytes / 2 ** 20)],
    ['RSS after the warm-up, KiB', result.startKiB],
    ['RSS at the end, KiB', `${result.endKiB} (${growth < 0 ? '' : '+'}${(100 * growth).toFixed(1)} %)`],
    ['RSS at most, KiB', seen.mostRssKiB],
    ['processes at most', seen.mostProcesses],
    ['slowest answer, ms', `${seen.slowestMs} (${seen.unanswered} never came)`],
    ['zombies at the end', result.zombies],
    ['zombies that stayed for a second', seen.lastingZombies],
    ['exit code', end],
  ];
  for (const [what, count] of rows) process.stdout.write(`${what.padEnd(34)} ${count}\n`);
  const faults = [
    ...result.faults,
    ...(result.zombies === 0 ? [] : ['zombies are left']),
    ...(growth <= MOST_GROWTH ? [] : [`memory has grown by more than ${MOST_GROWTH * 100} %`]),
    ...(end === '0' ? [] : [`TERM ended it with ${end}`]),
    ...reader.bugs,
  ];
  for (const fault of faults) process.stdout.write(`FAULT: ${fault}\n`);
  return faults.length === 0;
}
