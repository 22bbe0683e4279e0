import { constants } from 'node:os';

/** The number of a signal, as in `kill -l`; 0 for a name that the system does not know. */
export function signalNumber(signal: NodeJS.Signals): number {
  return constants.signals[signal] ?? 0;
}
