import { readdirSync } from 'node:fs';
import { readUnits } from '../facts/units.ts';
import { findOwners, type Roots } from './owners.ts';
import { withDescriptor } from './spare.ts';
import { type Process, readMark, readProcess } from './tree.ts';

/** What the processes of one service use together. */
export interface Usage {
  /** Those that live. */
  readonly processes: number;
  /** The sum of theirs: what two of them share counts twice. */
  readonly residentBytes: number;
  /** As far as it was seen; never falls. */
  readonly cpuSeconds: number;
}

/**
 * Measures all services in one reading of /proc. To be called again only when it has ended. Rejects as `readProcesses`
 * throws, and has then learned nothing.
 */
export type UsageMeter = (findRoots: () => Roots) => Promise<ReadonlyMap<string, Usage>>;

/** A process as it was last seen; whoever was asked for an owner and had none is not asked again. */
interface Seen {
  readonly process: Process;
  readonly owner: string | undefined;
}
type Sighting = ReadonlyMap<number, Seen>;

/** Between so many processes others get their turn: that many take 5 ms. */
const BATCH = 256;

/**
 * The CPU time of a service is that of its living processes, with what each has waited for, and of those that have ended
 * without anybody of the service to wait for them. Of these, what they used after the last reading is lost.
 */
export function makeUsageMeter(): UsageMeter {
  const units = readUnits();
  const endedTicks = new Map<string, number>();
  const highestTicks = new Map<string, number>();
  let before: Sighting = new Map();

  return async findRoots => {
    const all = await readProcessesInTurns();
    // Asked afterwards, so that it knows what was started meanwhile.
    const roots = findRoots();
    const now = look(all, roots, before);
    for (const { process, owner } of findLost(before, now))
      endedTicks.set(owner, (endedTicks.get(owner) ?? 0) + process.cpuTicks);
    before = now;
    return new Map(roots.services.map(({ name }) => [name, measure(name)]));
  };

  function measure(name: string): Usage {
    const own = [...before.values()].filter(({ owner }) => owner === name).map(({ process }) => process);
    const sum = (of: (process: Process) => number) => own.reduce((total, process) => total + of(process), 0);
    const ticks = sum(({ cpuTicks }) => cpuTicks) + (endedTicks.get(name) ?? 0);
    // A program that waits for nobody loses what its children used.
    const highest = Math.max(ticks, highestTicks.get(name) ?? 0);
    highestTicks.set(name, highest);
    return {
      processes: sum(({ isZombie }) => (isZombie ? 0 : 1)),
      residentBytes: sum(({ residentPages }) => residentPages) * units.pageBytes,
      cpuSeconds: highest / units.ticksPerSecond,
    };
  }
}

async function readProcessesInTurns(): Promise<Map<number, Process>> {
  const all = new Map<number, Process>();
  const pids = withDescriptor(() => readdirSync('/proc'))
    .map(Number)
    .filter(Number.isInteger);
  for (const [index, pid] of pids.entries()) {
    if (index % BATCH === BATCH - 1) await new Promise(resolve => setImmediate(resolve));
    const found = readProcess(pid);
    if (found !== undefined) all.set(pid, found);
  }
  return all;
}

function look(all: ReadonlyMap<number, Process>, roots: Roots, before: Sighting): Sighting {
  const names = new Set(roots.services.map(({ name }) => name));
  const asked = new Map<number, string | undefined>();
  const recall = (process: Process) => findSame(before, process);
  const ask = (orphan: Process) => {
    if (asked.has(orphan.pid) || recall(orphan) !== undefined) return asked.get(orphan.pid);
    const mark = readMark(orphan.pid);
    asked.set(orphan.pid, mark !== undefined && names.has(mark) ? mark : undefined);
    return asked.get(orphan.pid);
  };
  const owners = findOwners(all, roots, { remember: process => recall(process)?.owner, ask });
  const isNoted = (process: Process) =>
    owners.has(process.pid) || asked.has(process.pid) || recall(process) !== undefined;
  return new Map(
    [...all.values()]
      .filter(isNoted)
      .map(process => [process.pid, { process, owner: owners.get(process.pid) }]),
  );
}

/** Those that have ended and that no living process of the same service can have waited for. */
function findLost(before: Sighting, now: Sighting) {
  return [...before.values()].flatMap(({ process, owner }) => {
    if (owner === undefined || findSame(now, process) !== undefined) return [];
    const parent = before.get(process.parent);
    const isWaitedFor = parent?.owner === owner && findSame(now, parent.process) !== undefined;
    return isWaitedFor ? [] : [{ process, owner }];
  });
}

/** The same process, not another with its number. */
function findSame(sighting: Sighting, { pid, startTicks }: Process): Seen | undefined {
  const seen = sighting.get(pid);
  return seen?.process.startTicks === startTicks ? seen : undefined;
}
