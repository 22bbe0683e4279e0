import type { Workshop } from './image.ts';
import { makeJob } from './jobs.ts';
import { awaitStamps, endRun, start, theOne, timesOf } from './sandbox.ts';
import type { Case } from './statistics.ts';
import type { Subject } from './subjects.ts';

/** 10,000 forks, and the time that native/orphans.c waits for the last zombie. */
const LIMIT_MS = 30_000;
const REAPED_LIMIT_MS = 6000;

/**
 * 10,000 orphans of one service, one after the other. `zombies`: how many are left 100 ms after the last of them has
 * ended. `reaped`: when none was left any more, counted from there; absent where that took more than 5 s.
 */
export async function makeOrphanCases(
  workshop: Workshop,
  inits: readonly Subject[],
): Promise<readonly Case[]> {
  const cases = inits.map(async (init): Promise<Case> => {
    const job = await makeJob(workshop, init, { services: 1, scripts: 0, program: 'orphans' });
    const run = async () => {
      const run = await start(workshop, { ...job, until: 'end' });
      await awaitStamps(run, 'zombies', { count: 1, limitMs: LIMIT_MS });
      const stamps = await awaitStamps(run, 'reaped', { count: 1, limitMs: REAPED_LIMIT_MS });
      await endRun(run, theOne(stamps, 'pid').number);
      const [reaped] = timesOf(stamps, 'reaped');
      return {
        zombies: theOne(stamps, 'zombies').number,
        ...(reaped === undefined ? {} : { reaped: reaped - theOne(stamps, 'orphan').ms }),
      };
    };
    return { name: `${init.name} orphans`, run };
  });
  return Promise.all(cases);
}
