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

/** Of the output, so much is shown when something goes wrong. */
const SHOWN_CHARACTERS = 6000;

/** All that a container has written so far, and whether it has ended. */
interface Written {
  readonly text: string;
  readonly hasEnded: boolean;
}

/** The end of it, for messages. */
export function renderTail(text: string): string {
  return `It wrote:\n${text.slice(-SHOWN_CHARACTERS)}`;
}

/**
 * Waits until what a container writes, from the character `from` on, matches; throws when it ends or the time is over
 * first. The result's `index` counts from the first character of all.
 */
export async function waitForText(
  look: () => Written,
  pattern: RegExp,
  from: number,
): Promise<RegExpExecArray> {
  const find = () => pattern.exec(look().text.slice(from)) ?? (look().hasEnded ? 'ended' : undefined);
  const found = await waitUntil(`the output matches ${pattern}`, find).catch((error: Error) => error);
  const tail = renderTail(look().text);
  if (found instanceof Error) throw new Error(`${found.message}. ${tail}`);
  if (found === 'ended') throw new Error(`Cannot find ${pattern}: the container has ended. ${tail}`);
  found.index += from;
  return found;
}
