import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { readClockMs } from '../clock.ts';
import type { Libc } from './libc.ts';

/** How a child ended, as waitpid(2) codes it. */
export type WaitStatus = number;

export interface Reaper {
  /** Calls back once, in a later turn of the loop, when that child of `libc.spawn` has ended. */
  expect(pid: number, onEnded: (status: WaitStatus) => void): void;
  /** Looks for ended children now, not when the kernel next tells of one. */
  reapAll(): void;
  /** How many children died of KILL within the last second: 0, 1, or 2 for more than one. */
  countKills(): number;
  /** How many orphans it has reaped. */
  countOrphans(): number;
}

const JUST_NOW_MS = 1000;
/** As wait(2) codes an end by SIGKILL, in the lowest seven bits. */
const KILLED = 9;

/**
 * Reaps every child that has ended: those that `libc.spawn` started report their status, orphans that were handed
 * to this process just go. A child of child_process is left to libuv, which waits for it itself: an exit status
 * taken from it is lost for good. Which those are is known from Node's own public channel.
 */
export function startReaper(libc: Libc, onOrphan: () => void): Reaper {
  const expected = new Map<number, (status: WaitStatus) => void>();
  /** Started in this turn of the loop: who they are and what they say is yet to be looked at. */
  const fresh = new Set<number>();
  const children = new Set<ChildProcess>();
  subscribe('child_process', message => children.add((message as { process: ChildProcess }).process));
  let isLookingAgain = false;
  /** When the last two died of KILL. */
  let killedMs: readonly number[] = [];
  let orphans = 0;

  function reapAll(): void {
    isLookingAgain = false;
    for (let pid = libc.peekEnded(); pid !== 0; pid = libc.peekEnded()) {
      if (fresh.has(pid) || isNodes(children, pid)) {
        // libuv takes its own in this same turn of the loop; whatever ended behind it is looked at after that.
        if (!isLookingAgain) setImmediate(reapAll);
        isLookingAgain = true;
        return;
      }
      const status = libc.reap(pid);
      if (status === undefined) return;
      if ((status & 0x7f) === KILLED) killedMs = [...killedMs.slice(-1), readClockMs()];
      const onEnded = expected.get(pid);
      expected.delete(pid);
      if (onEnded !== undefined) onEnded(status);
      else {
        orphans += 1;
        onOrphan();
      }
    }
  }

  process.on('SIGCHLD', reapAll);
  // Whatever ended before the handler stood.
  reapAll();
  return {
    expect(pid, onEnded) {
      expected.set(pid, onEnded);
      fresh.add(pid);
      queueMicrotask(() => fresh.delete(pid));
    },
    reapAll,
    countKills: () => killedMs.filter(atMs => atMs > readClockMs() - JUST_NOW_MS).length,
    countOrphans: () => orphans,
  };
}

function isNodes(children: Set<ChildProcess>, pid: number): boolean {
  for (const child of children) {
    // The channel speaks before the pid is known, so it is read only now.
    if (child.exitCode !== null || child.signalCode !== null) children.delete(child);
    else if (child.pid === pid) return true;
  }
  return false;
}
