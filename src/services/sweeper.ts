import { adopterOf, type Spawner } from '../processes/child.ts';
import { findMembers, type Process, readProcessesIfPossible, signalProcess } from '../processes/tree.ts';
import type { Entries, Entry } from './entry.ts';
import type { Effect } from './states.ts';

/** Ends what is left of services whose own process has ended. Services that end together share one scan of /proc. */
export interface Sweeper {
  /**
   * Remembers which processes the service has now. To be asked before it is told to stop: a server's children, such
   * as sshd's sessions, may outlive it, be adopted, and have overwritten the environment that would mark them.
   */
  remember(entry: Entry): void;
  sweep(entry: Entry, wish: Extract<Effect, { type: 'sweep' }>): void;
  /** Some child has ended: perhaps one that a sweep waits for. */
  onChildEnded(): void;
}

/** While a sweep waits for processes that are no children of ours, nobody tells us of their end. */
const POLL_MS = 100;

export function makeSweeper(entries: Entries, spawner: Spawner, onSwept: (entry: Entry) => void): Sweeper {
  const adopter = adopterOf(spawner);
  let isPlanned = false;
  let timer: NodeJS.Timeout | undefined;

  function plan(): void {
    if (isPlanned) return;
    isPlanned = true;
    setImmediate(sweepAll);
  }

  function sweepAll(): void {
    isPlanned = false;
    clearTimeout(timer);
    timer = undefined;
    if (findSweeping().length === 0) return;
    const all = readProcessesIfPossible();
    if (all !== undefined) for (const entry of findSweeping()) sweepOne(entry, all);
    if (findSweeping().length > 0) timer = setTimeout(plan, POLL_MS);
  }

  function findSweeping(): Entry[] {
    return [...entries.values()].filter(({ service }) => service.state.name === 'sweeping');
  }

  function sweepOne(entry: Entry, all: ReadonlyMap<number, Process>): void {
    const { name, sweep } = entry;
    const leader = entry.child?.leader();
    if (sweep === undefined) return;
    const { signal, scope } = sweep.wish;
    const { known } = entry;
    const members = leader === undefined ? [] : findMembers(all, { name, leader, scope, adopter, known });
    if (members.length === 0) return onSwept(entry);
    // KILL is repeated for whatever was forked meanwhile; TERM is said once, or a polite program would be hurried.
    if (signal === 'SIGTERM' && sweep.isSaid) return;
    sweep.isSaid = true;
    for (const member of members) signalProcess(member, signal);
  }

  return {
    remember(entry) {
      const leader = entry.child?.leader();
      const { name, known } = entry;
      const all = leader === undefined ? undefined : readProcessesIfPossible();
      if (leader === undefined || all === undefined) return;
      entry.known = findMembers(all, { name, leader, scope: 'tree', adopter, known });
    },
    sweep(entry, wish) {
      entry.sweep = { wish, isSaid: false };
      plan();
    },
    onChildEnded() {
      if (timer !== undefined) plan();
    },
  };
}
