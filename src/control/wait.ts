import type { Subject } from './subject.ts';

/**
 * Looks now and after each change of the workbench until `look` gives something else than undefined, and returns
 * that; undefined when `waitMs` is over or nobody waits any more. Never rejects but for a bug of `look`.
 */
export function waitFor<T>(
  subject: Subject,
  look: () => T | undefined,
  limit: { readonly waitMs: number; readonly signal: AbortSignal },
): Promise<T | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<T | undefined>();
  const check = () => {
    try {
      const seen = look();
      if (seen !== undefined) resolve(seen);
    } catch (error) {
      reject(error);
    }
  };
  const giveUp = () => resolve(undefined);
  const unwatch = subject.watch(check);
  const timer = setTimeout(giveUp, limit.waitMs);
  limit.signal.addEventListener('abort', giveUp, { once: true });
  if (limit.signal.aborted) giveUp();
  check();
  return promise.finally(() => {
    unwatch();
    clearTimeout(timer);
    limit.signal.removeEventListener('abort', giveUp);
  });
}
