import { setTimeout as sleep } from 'node:timers/promises';
import { NODE, type Workshop } from './image.ts';
import { makeJob } from './jobs.ts';
import { listInit, readMemory, readThreads, sum, type Thread } from './processes.ts';
import { awaitStamps, endRun, type Job, READY_LIMIT_MS, start, theOne, timesOf } from './sandbox.ts';
import { lintel, type Subject } from './subjects.ts';

/** The boot is over, and what it alone needed has been given back (2 s after everything was started). */
const SETTLE_MS = 4000;
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
  /** From a settled service's death by KILL to its successor's first instruction; empty when none came back. */
  readonly restartsMs: readonly number[];
}

/** All at once: nobody disturbs the others by doing nothing. Bare node comes later, or they would share its pages. */
export async function watchIdle(workshop: Workshop, inits: readonly Subject[]): Promise<Map<string, Idle>> {
  process.stderr.write(`idle for ${IDLE_S} s, twice\n`);
  const work = { services: 20, scripts: 0, program: 'mortal' } as const;
  const watched = inits.map(async (init): Promise<[string, Idle]> => {
    const job = await makeJob(workshop, init, work);
    return [init.name, await measureIdle(workshop, { ...job, until: 'end' }, work.services)];
  });
  const idle = new Map(await Promise.all(watched));
  const { image } = await makeJob(workshop, lintel, { ...work, services: 0 });
  const command = [NODE, '-e', 'setInterval(() => {}, 2 ** 30)'];
  return idle.set('bare node', await measureIdle(workshop, { image, command, until: 'end' }, 0));
}

/** Watches the job for ten seconds in which it has nothing to do, then sees its services die and come back. */
async function measureIdle(workshop: Workshop, job: Job, services: number): Promise<Idle> {
  const run = await start(workshop, job);
  const pid = theOne(await awaitStamps(run, 'pid', { count: 1, limitMs: READY_LIMIT_MS }), 'pid').number;
  await awaitStamps(run, 'service', { count: services, limitMs: READY_LIMIT_MS });
  await sleep(SETTLE_MS);
  const before = await readThreads(`/proc/${pid}`);
  await sleep(IDLE_S * 1000);
  const after = await readThreads(`/proc/${pid}`);
  const own = await readMemory(`/proc/${pid}`);
  const all = await Promise.all((await listInit(pid)).map(readMemory));
  const later = await awaitStamps(run, 'service', { count: 2 * services, limitMs: RESTART_LIMIT_MS });
  await endRun(run, pid);
  return {
    cpuMs: sum(after.map(thread => thread.cpuMs)) - sum(before.map(thread => thread.cpuMs)),
    wakeups: countWakeups(before, after),
    rssMiB: own.Rss,
    privateDirtyMiB: own.Private_Dirty,
    pssMiB: sum(all.map(memory => memory.Pss)),
    restartsMs: pairRestarts(timesOf(later, 'death'), timesOf(later, 'service').slice(services)),
  };
}

function countWakeups(before: readonly Thread[], after: readonly Thread[]): Record<string, number> {
  const earlier = new Map(before.map(thread => [thread.name, thread.sleeps]));
  const counts = after.map(({ name, sleeps }): [string, number] => [name, sleeps - (earlier.get(name) ?? 0)]);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

/** The services die one after the other and come back in that order. */
function pairRestarts(deaths: readonly number[], births: readonly number[]): number[] {
  return births.map((birth, index) => birth - (deaths[index] ?? Number.NaN));
}
