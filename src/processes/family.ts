import { adopterOf, type Spawner } from './child.ts';
import type { Attempt } from './retry.ts';
import { findMembers, readProcessesIfPossible, signalProcess } from './tree.ts';

/** A process with all that it started, told by the mark that it carries. */
export interface Family {
  readonly spawner: Spawner;
  readonly attempt: Attempt;
  /** Its value of MARK: no service is called so. */
  readonly mark: string;
}

const KILL_ROUNDS = 50;
const KILL_ROUND_MS = 10;

/** Returns how many there are; where nothing is left to look with, it is the process itself, and there may be more. */
export function signalFamily({ spawner, attempt, mark }: Family, signal: NodeJS.Signals): number {
  const child = attempt.child();
  if (child === undefined) return 0;
  const all = readProcessesIfPossible();
  if (all === undefined) {
    child.signal(signal);
    return 1;
  }
  const leader = child.leader();
  if (leader === undefined) return 0;
  const wanted = { name: mark, leader, scope: 'tree', adopter: adopterOf(spawner) } as const;
  const members = findMembers(all, wanted);
  for (const member of members) signalProcess(member, signal);
  return members.length;
}

/** KILL until nobody is left, 0.5 s at most. */
export async function killFamily(family: Family): Promise<void> {
  for (let round = 0; round < KILL_ROUNDS && signalFamily(family, 'SIGKILL') > 0; round++) {
    await new Promise(resolve => setTimeout(resolve, KILL_ROUND_MS));
  }
}
