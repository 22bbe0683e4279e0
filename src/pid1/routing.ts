import type { CaughtSignal } from './signals.ts';

/** What decides the meaning of a signal. */
export interface Situation {
  /** There is a CMD and it runs. */
  readonly isCommandRunning: boolean;
  /** Standard input is a terminal, whose signals the CMD gets from the kernel itself. */
  readonly hasTerminal: boolean;
  readonly hasServices: boolean;
  /** When the stop was asked for; undefined before that. Milliseconds. */
  readonly stopAskedMs: number | undefined;
  readonly nowMs: number;
}

export type Meaning = 'stop' | 'kill' | 'forward' | 'ignore';

/** A second TERM or INT at least this much later means "at once"; sooner it is the same wish, sent twice. */
const IMPATIENCE_MS = 1000;

/**
 * | signal               | no CMD | CMD on a terminal | CMD without one | CMD and no services      |
 * |----------------------|--------|-------------------|-----------------|--------------------------|
 * | TERM                 | stop   | stop              | stop            | forward, however often   |
 * | INT                  | stop   | ignore            | forward         | as the columns before    |
 * | QUIT, TSTP           | ignore | ignore            | forward         | as the columns before    |
 * | HUP, USR1, WINCH, …  | ignore | forward           | forward         | forward                  |
 *
 * TERM or INT again, 1 s after a stop was asked for: kill.
 */
export function routeSignal(signal: CaughtSignal, situation: Situation): Meaning {
  const isAsking = signal === 'SIGTERM' || signal === 'SIGINT';
  if (isAsking && situation.stopAskedMs !== undefined) {
    return situation.nowMs - situation.stopAskedMs >= IMPATIENCE_MS ? 'kill' : 'ignore';
  }
  if (!situation.isCommandRunning) return isAsking ? 'stop' : 'ignore';
  switch (signal) {
    case 'SIGTERM':
      return situation.hasServices ? 'stop' : 'forward';
    case 'SIGINT':
    case 'SIGQUIT':
    case 'SIGTSTP':
      return situation.hasTerminal ? 'ignore' : 'forward';
    default:
      return 'forward';
  }
}
