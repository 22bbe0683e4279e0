import { setTimeout as sleep } from 'node:timers/promises';

/** Each wait of a test ends after this time (milliseconds), with what was awaited. */
const WAIT_LIMIT_MS = 60_000;
const POLL_MS = 5;

/**
 * Waits until `look` gives something else than undefined or false, and returns that. Throws after
 * WAIT_LIMIT_MS, saying `what` did not happen.
 */
export async function waitUntil<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadlineMs = performance.now() + WAIT_LIMIT_MS;
  while (performance.now() < deadlineMs) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    await sleep(POLL_MS);
  }
  throw new Error(`Cannot go on: not within ${WAIT_LIMIT_MS} ms: ${what}`);
}
