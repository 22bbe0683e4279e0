import { readdir, readFile, readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Workshop } from './image.ts';
import { awaitStamps, type Job, type Run, start, theOne, timesOf } from './sandbox.ts';

const READY_LIMIT_MS = 20_000;
const SETTLE_MS = 2000;
const ORPHANS_LIMIT_MS = 30_000;
export const IDLE_S = 10;
/** The services die 15 s after their start at the earliest (program.c); a second or two later they should be back. */
const RESTART_LIMIT_MS = 8000;

/** What an init with 20 services does while nothing happens, and what it costs. */
export interface Idle {
  readonly cpuMs: number;
  /** How often each thread of PID 1 went to sleep again, by "name/thread id"; only those that did. */
  readonly wakeups: Readonly<Record<string, number>>;
  /** Of PID 1. */
  readonly rssMiB: number;
  readonly privateDirtyMiB: number;
  /** Of the init with all its helpers, without the services. */
  readonly pssMiB: number;
  /** From a service's death by KILL to its successor's first instruction; empty when none came back. */
  readonly restartsMs: readonly number[];
}

/** Watches the job for ten seconds in which it has nothing to do, then sees its services die and come back. */
export async function measureIdle(workshop: Workshop, job: Job, services: number): Promise<Idle> {
  const run = await start(workshop, job);
  const pid = theOne(await awaitStamps(run, 'pid', { count: 1, limitMs: READY_LIMIT_MS }), 'pid').number;
  await awaitStamps(run, 'service', { count: services, limitMs: READY_LIMIT_MS });
  await sleep(SETTLE_MS);
  const before = await readThreads(pid);
  await sleep(IDLE_S * 1000);
  const after = await readThreads(pid);
  const own = await readMemory(`/proc/${pid}`);
  const pssMiB = await readInitPss(pid);
  const later = await awaitStamps(run, 'service', { count: 2 * services, limitMs: RESTART_LIMIT_MS });
  await end(run, pid);
  return {
    cpuMs: sum(after.map(thread => thread.cpuMs)) - sum(before.map(thread => thread.cpuMs)),
    wakeups: countWakeups(before, after),
    rssMiB: own.Rss,
    privateDirtyMiB: own.Private_Dirty,
    pssMiB,
    restartsMs: pairRestarts(timesOf(later, 'death'), timesOf(later, 'service').slice(services)),
  };
}

/** How many zombies are left a while after 10,000 orphans have ended below that init. */
export async function countZombies(workshop: Workshop, job: Job): Promise<number> {
  const run = await start(workshop, job);
  const stamps = await awaitStamps(run, 'service', { count: 1, limitMs: ORPHANS_LIMIT_MS });
  const pid = theOne(stamps, 'pid').number;
  await sleep(SETTLE_MS);
  const proc = `/proc/${pid}/root/proc`;
  const states = (await readdir(proc)).filter(isPid).map(async each => {
    return (await readFile(`${proc}/${each}/stat`, 'utf8').catch(() => '')).includes(') Z ');
  });
  const zombies = (await Promise.all(states)).filter(Boolean).length;
  await end(run, pid);
  return zombies;
}

/** An init whose services have all died may have ended before. */
async function end(run: Run, pid: number): Promise<void> {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
  await run.ended;
}

interface Thread {
  readonly name: string;
  readonly cpuMs: number;
  readonly sleeps: number;
}

/** The scheduler counts nanoseconds, where utime and stime count hundredths of a second. */
async function readThreads(pid: number): Promise<readonly Thread[]> {
  const ids = await readdir(`/proc/${pid}/task`);
  return Promise.all(
    ids.map(async id => {
      const task = `/proc/${pid}/task/${id}`;
      const status = await readFile(`${task}/status`, 'utf8');
      const name = /^Name:\t(.*)$/m.exec(status)?.[1] ?? '';
      const [nanoseconds] = (await readFile(`${task}/schedstat`, 'utf8')).split(' ');
      const sleeps = Number(/^voluntary_ctxt_switches:\t(\d+)$/m.exec(status)?.[1]);
      return { name: `${name}/${id}`, cpuMs: Number(nanoseconds) / 1e6, sleeps };
    }),
  );
}

function countWakeups(before: readonly Thread[], after: readonly Thread[]): Record<string, number> {
  const earlier = new Map(before.map(thread => [thread.name, thread.sleeps]));
  const counts = after.map(({ name, sleeps }): [string, number] => [name, sleeps - (earlier.get(name) ?? 0)]);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

async function readMemory(process: string): Promise<Record<'Rss' | 'Pss' | 'Private_Dirty', number>> {
  const text = await readFile(`${process}/smaps_rollup`, 'utf8');
  const read = (field: string) => Number(new RegExp(`^${field}: +(\\d+) kB$`, 'm').exec(text)?.[1]) / 1024;
  return { Rss: read('Rss'), Pss: read('Pss'), Private_Dirty: read('Private_Dirty') };
}

/** All processes of its namespace but the services: s6 and runit have a helper for each of them. */
async function readInitPss(pid: number): Promise<number> {
  const proc = `/proc/${pid}/root/proc`;
  const shares = (await readdir(proc)).filter(isPid).map(async each => {
    // A process may end while it is looked at.
    const program = await readlink(`${proc}/${each}/exe`).catch(() => '/bench/program');
    return program === '/bench/program' ? 0 : (await readMemory(`${proc}/${each}`)).Pss;
  });
  return sum(await Promise.all(shares));
}

/** The services die one after the other and come back in that order. */
function pairRestarts(deaths: readonly number[], births: readonly number[]): number[] {
  return births.map((birth, index) => birth - (deaths[index] ?? Number.NaN));
}

function isPid(name: string): boolean {
  return /^\d+$/.test(name);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
