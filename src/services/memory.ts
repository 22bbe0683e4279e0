import { watch } from 'node:fs';
import { readClockMs } from '../clock.ts';
import { type CgroupFacts, readKills } from '../facts/cgroup.ts';
import type { Exit } from '../processes/exit.ts';

/** What the kernel has counted while something died: processes killed because memory had run out. */
export interface MemoryKill {
  readonly before: number;
  readonly after: number;
  readonly limitBytes: number | undefined;
  /** One was killed, and just then one process of ours died of KILL: that is who it was. */
  readonly isCertain: boolean;
}

/** The counter is the whole container's and names nobody, so it is compared with who died just then. */
export interface MemoryWatch {
  /** What the kernel killed just before that end; undefined when that has nothing to do with it. */
  look(exit: Exit): MemoryKill | undefined;
  /** Some child has ended: perhaps one that the kernel killed. Version 1 tells nobody by itself. */
  onChildEnded(): void;
  close(): void;
}

export interface MemoryWatchOptions {
  readonly cgroup: CgroupFacts;
  /** How many of our children died of KILL within the last second, as far as it is known. */
  readonly countKills: () => number | undefined;
  /** The kernel killed something, and nobody who was looked at died: a child of a service, or of the CMD. */
  readonly onOthers: (kill: MemoryKill) => void;
}

/** So long after the counter has risen a death is connected with it. */
const JUST_THEN_MS = 1000;
/** So long a death is waited for that explains a risen counter. */
const SETTLE_MS = 500;
/** Ended children are looked into together. */
const GATHER_MS = 100;
/** The first watch costs half a millisecond, which a boot has no time for; deaths are looked into meanwhile. */
const BEGIN_MS = 200;
/** Version 1 tells nobody that its counter has risen. Often enough for a line in the log. */
const POLL_MS = 30_000;

/** Watches the counter of the memory cgroup from now on. Keeps no process alive; never throws. */
export function watchMemory({ cgroup, countKills, onOthers }: MemoryWatchOptions): MemoryWatch {
  const { oomCounter, memoryLimitBytes } = cgroup;
  if (oomCounter === undefined) return { look: () => undefined, onChildEnded() {}, close() {} };
  const { path, isWatchable } = oomCounter;
  let count = readKills(path) ?? 0;
  let rise: Rise | undefined;
  let settling: NodeJS.Timeout | undefined;
  let gathering: NodeJS.Timeout | undefined;

  function notice(): void {
    const now = readKills(path);
    if (now === undefined || now <= count) return;
    rise = {
      before: count,
      after: now,
      untilMs: readClockMs() + JUST_THEN_MS,
      victims: now - count,
      isSaid: false,
    };
    count = now;
    clearTimeout(settling);
    settling = setTimeout(sayOthers, SETTLE_MS, rise).unref();
  }

  function sayOthers(seen: Rise): void {
    if (!seen.isSaid) onOthers(describe(seen));
  }

  function look(exit: Exit): MemoryKill | undefined {
    notice();
    if (rise === undefined || readClockMs() > rise.untilMs) return undefined;
    const isKilled = 'signal' in exit && exit.signal === 'SIGKILL';
    // More processes died of KILL than the kernel has counted: somebody else did that.
    if (isKilled && rise.victims === 0) return undefined;
    if (isKilled) rise.victims -= 1;
    rise.isSaid = true;
    return describe(rise);
  }

  function describe({ before, after }: Rise): MemoryKill {
    return {
      before,
      after,
      limitBytes: memoryLimitBytes,
      isCertain: after - before === 1 && countKills() === 1,
    };
  }

  function onChildEnded(): void {
    if (isWatchable || gathering !== undefined) return;
    gathering = setTimeout(() => {
      gathering = undefined;
      notice();
    }, GATHER_MS).unref();
  }

  let stop = () => clearTimeout(beginning);
  const beginning = setTimeout(() => {
    stop = isWatchable ? watchFile(path, notice) : poll(notice);
    notice();
  }, BEGIN_MS).unref();
  return {
    look,
    onChildEnded,
    close() {
      stop();
      clearTimeout(settling);
      clearTimeout(gathering);
    },
  };
}

/** What the kernel has killed since the container began; undefined for nothing. */
export function readMemoryKills({ oomCounter, memoryLimitBytes }: CgroupFacts): MemoryKill | undefined {
  const after = oomCounter === undefined ? undefined : readKills(oomCounter.path);
  if (after === undefined || after === 0) return undefined;
  return { before: 0, after, limitBytes: memoryLimitBytes, isCertain: false };
}

interface Rise {
  readonly before: number;
  readonly after: number;
  readonly untilMs: number;
  /** Those of the killed that nobody has been found to be. */
  victims: number;
  isSaid: boolean;
}

/** The kernel tells of each change, so that nothing wakes up without one. */
function watchFile(path: string, onChange: () => void): () => void {
  try {
    const watcher = watch(path, { persistent: false }, onChange);
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    // The user's limit of watches is reached.
    return poll(onChange);
  }
}

function poll(onChange: () => void): () => void {
  const timer = setInterval(onChange, POLL_MS).unref();
  return () => clearInterval(timer);
}
