import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import type { Libc } from './libc.ts';

/**
 * Reaps orphans that were handed to this process, and never a child of Node's own: libuv waits for those itself,
 * and an exit status taken from it is lost for good. Node's children are known from its own public channel.
 */
export function startReaper(libc: Libc, onReaped: () => void): void {
  const children = new Set<ChildProcess>();
  subscribe('child_process', message => children.add((message as { process: ChildProcess }).process));
  let isLookingAgain = false;

  function reapAll(): void {
    isLookingAgain = false;
    for (let pid = libc.peekEnded(); pid !== 0; pid = libc.peekEnded()) {
      if (isNodes(children, pid)) {
        // libuv takes its own in this same turn of the loop; whatever ended behind it is looked at after that.
        if (!isLookingAgain) setImmediate(reapAll);
        isLookingAgain = true;
        return;
      }
      if (!libc.reap(pid)) return;
      onReaped();
    }
  }

  process.on('SIGCHLD', reapAll);
  // Whatever ended before the handler stood.
  reapAll();
}

function isNodes(children: Set<ChildProcess>, pid: number): boolean {
  for (const child of children) {
    // The channel speaks before the pid is known, so it is read only now.
    if (child.exitCode !== null || child.signalCode !== null) children.delete(child);
    else if (child.pid === pid) return true;
  }
  return false;
}
