/**
 * Signals are caught before anything else is loaded: the kernel drops a TERM for a PID 1 that has no handler
 * yet. Until the program says who receives them, they wait.
 *
 * The loader and the bundle are two scripts, so what they share stands on globalThis under one symbol.
 */

/** Every signal that somebody may send to a container and that JavaScript can catch, but SIGCHLD. */
const CAUGHT = [
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGCONT',
  'SIGTSTP',
  'SIGWINCH',
  'SIGURG',
  'SIGIO',
  'SIGPWR',
  'SIGXCPU',
  'SIGXFSZ',
  'SIGVTALRM',
] as const;

export type CaughtSignal = (typeof CAUGHT)[number];
type Receiver = (signal: CaughtSignal) => void;

interface Post {
  readonly waiting: CaughtSignal[];
  receiver?: Receiver;
}

const KEY = Symbol.for('lintel.signals');
const shared = globalThis as { [KEY]?: Post };

/** Puts the handlers up, once. Signals wait until `receiveSignals`. */
export function catchSignals(): Post {
  if (shared[KEY] !== undefined) return shared[KEY];
  const post: Post = { waiting: [] };
  shared[KEY] = post;
  for (const signal of CAUGHT) {
    process.on(signal, () =>
      post.receiver === undefined ? post.waiting.push(signal) : post.receiver(signal),
    );
  }
  // Node stops SIGPIPE from ending the process; TTIN and TTOU would stop a PID 1 that writes to a terminal
  // whose foreground belongs to the CMD.
  process.on('SIGTTOU', () => undefined);
  process.on('SIGTTIN', () => undefined);
  return post;
}

/** From now on `receiver` gets every signal, first those that waited. */
export function receiveSignals(receiver: Receiver): void {
  const post = catchSignals();
  post.receiver = receiver;
  for (const signal of post.waiting.splice(0)) receiver(signal);
}

/** Gives every signal its default meaning back: for a subcommand that a person ends with Ctrl-C. */
export function releaseSignals(): void {
  for (const signal of [...CAUGHT, 'SIGTTOU', 'SIGTTIN'] as const) process.removeAllListeners(signal);
  const pending = shared[KEY]?.waiting.find(signal => signal === 'SIGTERM' || signal === 'SIGINT');
  if (pending !== undefined) process.kill(process.pid, pending);
}
