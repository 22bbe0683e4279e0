import { readClockMs } from '../clock.ts';
import { findDescendants, type Process, readProcessesIfPossible, signalProcess } from './tree.ts';

const TERM_LIMIT_MS = 2000;
const KILL_LIMIT_MS = 500;
const POLL_MS = 10;

/**
 * Ends whatever is left when services and CMD are gone: TERM, then KILL. Returns at once when nothing is, and
 * otherwise as soon as the last has ended, within `limitMs`. Returns those that needed KILL, as "name[pid]".
 */
export async function endStragglers(limitMs: number, kill: AbortSignal): Promise<string[]> {
  const left = findLeft();
  if (left.length === 0) return [];
  signalAll(left, 'SIGTERM');
  const stubborn = await waitForEnd(Math.min(limitMs / 2, TERM_LIMIT_MS), kill);
  if (stubborn.length === 0) return [];
  signalAll(stubborn, 'SIGKILL');
  await waitForEnd(Math.min(limitMs / 2, KILL_LIMIT_MS));
  return stubborn.map(({ name, pid }) => `${name}[${pid}]`);
}

/** None where nothing is left to look with: the kernel ends them with PID 1. */
function findLeft(): Process[] {
  const all = readProcessesIfPossible();
  return all === undefined ? [] : findDescendants(all);
}

function signalAll(processes: readonly Process[], signal: NodeJS.Signals): void {
  for (const target of processes) signalProcess(target, signal);
}

/** What still lives after at most `limitMs`. */
async function waitForEnd(limitMs: number, cut?: AbortSignal): Promise<Process[]> {
  const deadlineMs = readClockMs() + limitMs;
  for (;;) {
    const left = findLeft();
    if (left.length === 0 || readClockMs() > deadlineMs || cut?.aborted) return left;
    await new Promise(resolve => setTimeout(resolve, POLL_MS));
  }
}
