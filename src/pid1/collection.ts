/** The boot is over by then, and whoever it started has begun. Milliseconds. */
const AFTER_MS = 2000;
/** V8 drops the code of a function that has not run between this many collections: most of a boot's never runs again. */
const COLLECTIONS = 4;
const BETWEEN_MS = 500;

/**
 * Gives back what only the boot needed, some 4 MiB of every container: V8 itself collects when new memory is wanted,
 * which an idle workbench never does. Each time takes about 10 ms. Keeps no process alive.
 */
export function collectLater(): void {
  for (let count = 0; count < COLLECTIONS; count++)
    setTimeout(collect, AFTER_MS + count * BETWEEN_MS).unref();
}

/** The flag can't be given at start: then V8 refuses the code cache. */
function collect(): void {
  // Loaded only here: at start they would cost a millisecond.
  process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc');
  const gc: unknown = process.getBuiltinModule('node:vm').runInNewContext('gc');
  if (typeof gc === 'function') gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
