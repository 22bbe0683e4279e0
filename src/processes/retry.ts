import { type Child, type ProcessSpec, type Spawner, startProcess } from './child.ts';
import type { Exit } from './exit.ts';

/** A process that may be yet to begin. */
export interface Attempt {
  /** undefined before it has begun. */
  child(): Child | undefined;
  /** Ends the waiting for a start; what runs already is not touched. */
  giveUp(): void;
}

/** The waits between starts double; all together last 5 s. */
const FIRST_WAIT_MS = 40;
const RETRIES = 7;

/**
 * As `startProcess`, for what has nobody to start it again: for want of a process, of memory or of a descriptor it is
 * tried once more, up to 7 times within 5 s, which `onWait` is told of once. `onExit` is called once, with the last
 * error when it never began.
 */
export function startPatiently(
  spawner: Spawner,
  spec: ProcessSpec,
  { onWait, onExit }: { readonly onWait: (error: string) => void; readonly onExit: (exit: Exit) => void },
): Attempt {
  let child: Child | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isGivenUp = false;
  let failure: Exit | undefined;

  function start(retries: number, waitMs: number): void {
    failure = undefined;
    child = startProcess(spawner, spec, exit => {
      if (!('isTemporary' in exit) || retries === 0 || isGivenUp) return onExit(exit);
      if (retries === RETRIES) onWait(exit.error);
      failure = exit;
      timer = setTimeout(start, waitMs, retries - 1, 2 * waitMs);
    });
  }

  start(RETRIES, FIRST_WAIT_MS);
  return {
    child: () => child,
    giveUp() {
      isGivenUp = true;
      if (failure === undefined) return;
      clearTimeout(timer);
      setImmediate(onExit, failure);
      failure = undefined;
    },
  };
}
