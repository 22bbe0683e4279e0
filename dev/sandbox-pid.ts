import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Marks the processes that are still building a sandbox: the command has exactly its own environment. */
export const MARKER = 'LINTEL_SANDBOX_BUILD';

const START_TIMEOUT_MS = 10_000;
const POLL_MS = 5;

/**
 * The pid, as this process sees it, of the command that `outer` builds a sandbox for: of PID 1, or of its child.
 * Waits at most 10 s until it has been exec'd; rejects when that does not happen.
 */
export async function findCommand(outer: ChildProcess, isPid1: boolean): Promise<number> {
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadlineMs && outer.exitCode === null && outer.signalCode === null) {
    const found = readDescendants(outer.pid ?? 0).find(pid => isCommand(pid, isPid1));
    if (found !== undefined) return found;
    await sleep(POLL_MS);
  }
  throw new Error(
    `Cannot find the sandbox's command: it has ended, or did not start in ${START_TIMEOUT_MS} ms`,
  );
}

function readDescendants(pid: number): number[] {
  const children = readProc(pid, `task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return children.flatMap(child => [child, ...readDescendants(child)]);
}

/** In the namespace just below ours it is process 1, or another; and it is no longer one of the builders. */
function isCommand(pid: number, isPid1: boolean): boolean {
  const pids = readNamespacePids(pid);
  if (pids.length !== readNamespacePids(process.pid).length + 1) return false;
  if ((pids.at(-1) === '1') !== isPid1) return false;
  return readProc(pid, 'cmdline') !== '' && !readProc(pid, 'environ', MARKER).includes(MARKER);
}

/** The process's ids in ours and each inner pid namespace. */
function readNamespacePids(pid: number): string[] {
  return /^NSpid:\t(.*)$/m.exec(readProc(pid, 'status'))?.[1]?.split('\t') ?? [];
}

/** A file of a process that may end at any moment. */
function readProc(pid: number, file: string, otherwise = ''): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return otherwise;
  }
}
