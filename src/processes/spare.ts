import { closeSync, openSync } from 'node:fs';

/** Errors that say nothing about what was asked for: a descriptor or memory is missing to look at it. */
const STARVED: ReadonlySet<string | undefined> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']);

export function isStarved(error: unknown): boolean {
  return STARVED.has((error as NodeJS.ErrnoException | undefined)?.code);
}

/** Held so that there is one descriptor left for what decides about life and death of processes. */
let spare: number | undefined;

/**
 * What `act` returns, which opens one file at a time and closes it again: also while clients or services have taken
 * every other descriptor. Throws what `act` throws, for want of a descriptor only where there is no spare one either.
 */
export function withDescriptor<T>(act: () => T): T {
  if (spare === undefined) keepSpare();
  try {
    return act();
  } catch (error) {
    if (spare === undefined || !isStarved(error)) throw error;
  }
  closeSync(spare);
  spare = undefined;
  try {
    return act();
  } finally {
    keepSpare();
  }
}

/** Somebody else may have been faster; the next look tries again. */
function keepSpare(): void {
  try {
    spare = openSync('/dev/null', 'r');
  } catch {
    spare = undefined;
  }
}

/** Whether there is one besides the spare one. */
export function hasDescriptor(): boolean {
  try {
    closeSync(openSync('/dev/null', 'r'));
    return true;
  } catch {
    return false;
  }
}
