import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Workshop } from './image.ts';
import { makeJob } from './jobs.ts';
import { listInit, readCpuMs, readMemory, readPeakMiB, resetPeak, sum } from './processes.ts';
import { awaitStamps, endRun, READY_LIMIT_MS, start, theOne } from './sandbox.ts';
import type { Case } from './statistics.ts';
import type { Subject } from './subjects.ts';

/** As native/lines.h has it: 200 MB. */
const LINES = 2_000_000;
const SETTLE_MS = 500;
const TALK_LIMIT_MS = 50_000;

/**
 * 200 MB of 100-byte lines from a service, through the init, to a reader that takes all of it. Of the init with its
 * helpers: `cpu`, and `growth`, the peak of its memory less what it had before (MiB). `wall`: from the first byte
 * written to the last one read. `lost`: lines that came not at all, not whole or not in their place.
 */
export async function makeLogCases(workshop: Workshop, inits: readonly Subject[]): Promise<readonly Case[]> {
  const cases = inits.map(async (init): Promise<Case> => {
    const job = await makeJob(workshop, init, { services: 1, scripts: 0, program: 'chatty' });
    const run = async () => {
      const run = await start(workshop, { ...job, until: 'end' });
      const ready = await awaitStamps(run, 'service', { count: 1, limitMs: READY_LIMIT_MS });
      const pid = theOne(ready, 'pid').number;
      await sleep(SETTLE_MS);
      const folders = await listInit(pid);
      const before = await weigh(folders);
      await Promise.all(folders.map(resetPeak));
      await writeFile(join(run.directory, 'go'), '');
      const stamps = await awaitStamps(run, 'drained', { count: 1, limitMs: TALK_LIMIT_MS });
      const peaks = await Promise.all(folders.map(readPeakMiB));
      const { cpuMs } = await weigh(folders);
      await endRun(run, pid);
      const drained = theOne(stamps, 'drained');
      return {
        cpu: cpuMs - before.cpuMs,
        growth: sum(peaks) - before.rssMiB,
        wall: drained.ms - theOne(stamps, 'talk').ms,
        lost: LINES - drained.number,
      };
    };
    return { name: `${init.name} log`, run };
  });
  return Promise.all(cases);
}

async function weigh(folders: readonly string[]): Promise<{ cpuMs: number; rssMiB: number }> {
  const cpuMs = sum(await Promise.all(folders.map(readCpuMs)));
  const memory = await Promise.all(folders.map(readMemory));
  return { cpuMs, rssMiB: sum(memory.map(({ Rss }) => Rss)) };
}
