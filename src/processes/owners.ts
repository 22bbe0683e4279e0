import type { Leader, Process } from './tree.ts';

/** By what the living processes of services can be told. */
export interface Roots {
  /** The pid whose children orphans become. */
  readonly adopter: number;
  readonly services: readonly { readonly name: string; readonly leaders: readonly Leader[] }[];
}

/** What is known of a process besides what /proc shows of all; each says a service, or nothing. */
export interface Hints {
  /** Whom it belonged to before. */
  remember(process: Process): string | undefined;
  /** Whom an orphan says that it belongs to. */
  ask(orphan: Process): string | undefined;
}

/** Nearly always two: parents are older than their children, and within one tick a pid tells. */
const MOST_ROUNDS = 10;

/**
 * To which service each process belongs, by pid: those that a service was started as, what is in their sessions and
 * groups, what descends from these, and orphans that are remembered or say so. One pass for all services, where a
 * sweep's closure would be one for each.
 */
export function findOwners(
  all: ReadonlyMap<number, Process>,
  { adopter, services }: Roots,
  hints: Hints,
): Map<number, string> {
  const owners = new Map<number, string>();
  for (const { name, leaders } of services)
    for (const leader of leaders) if (!isReused(all, leader)) owners.set(leader.pid, name);
  const find = (process: Process) =>
    owners.get(process.session) ??
    owners.get(process.group) ??
    owners.get(process.parent) ??
    hints.remember(process) ??
    (process.parent === adopter ? hints.ask(process) : undefined);
  const oldestFirst = [...all.values()].sort((a, b) => a.startTicks - b.startTicks || a.pid - b.pid);
  const strangers = oldestFirst.filter(({ pid }) => pid !== 1 && pid !== process.pid && !owners.has(pid));
  for (let round = 0, count = -1; count !== owners.size && round < MOST_ROUNDS; round++) {
    count = owners.size;
    for (const stranger of strangers) {
      const owner = owners.get(stranger.pid) ?? find(stranger);
      if (owner !== undefined) owners.set(stranger.pid, owner);
    }
  }
  return owners;
}

/** Another process has that number by now. */
function isReused(all: ReadonlyMap<number, Process>, { pid, startTicks }: Leader): boolean {
  const current = all.get(pid);
  return current !== undefined && current.startTicks !== startTicks;
}
