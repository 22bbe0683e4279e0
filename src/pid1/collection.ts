/** The boot is over by then, and whoever it started has begun. Milliseconds. */
const AFTER_MS = 2000;
/** V8 drops the code of a function that has not run between this many collections: most of a boot's never runs again. */
const COLLECTIONS = 4;
const BETWEEN_MS = 500;
/** What floods of the log, clients by the hundred and the like have needed is looked after this often. Milliseconds. */
const LOOK_MS = 20_000;
/** Less is not worth a collection. */
const WORTH_BYTES = 3 * 2 ** 20;

/**
 * Gives back what only the boot needed, some 4 MiB of every container, and later what a busy time has needed: V8 itself
 * collects when new memory is wanted, which an idle workbench never does. Each time takes about 10 ms. Keeps no process
 * alive.
 */
export function collectLater(): void {
  setTimeout(collectTimes, AFTER_MS, COLLECTIONS, keepCollecting).unref();
}

function collectTimes(count: number, then: () => void): void {
  collect();
  if (count === 1) then();
  else setTimeout(collectTimes, BETWEEN_MS, count - 1, then).unref();
}

/** In a busy time once a look where this process has grown since the last; in the calm after it as often as after a boot. */
function keepCollecting(): void {
  let keptBytes = readRss() ?? 0;
  let isBusy = false;
  const keep = () => {
    keptBytes = readRss() ?? keptBytes;
  };
  setInterval(() => {
    const bytes = readRss();
    if (bytes === undefined) return;
    const hasGrown = bytes >= keptBytes + WORTH_BYTES;
    if (hasGrown) {
      collect();
      keep();
    } else if (isBusy) {
      collectTimes(COLLECTIONS, keep);
    }
    isBusy = hasGrown;
  }, LOOK_MS).unref();
}

/** undefined where no descriptor is left to read it with. */
function readRss(): number | undefined {
  try {
    return process.memoryUsage.rss();
  } catch {
    return undefined;
  }
}

let gc: unknown;

/** The flag can't be given at start: then V8 refuses the code cache. */
function collect(): void {
  // Loaded only here: at start they would cost a millisecond.
  process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc');
  gc ??= process.getBuiltinModule('node:vm').runInNewContext('gc');
  if (typeof gc === 'function') gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  trim();
}

/** Buffers and the like lie in libc's heap, which gives pages back only when it is told to; musl has no such call. */
function trim(): void {
  try {
    const { functions } = process
      .getBuiltinModule('node:ffi')
      .dlopen(null, { malloc_trim: { arguments: ['u64'], return: 'i32' } });
    functions.malloc_trim(0n);
  } catch {
    // Nothing is given back then.
  }
}
