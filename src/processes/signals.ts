import { constants } from 'node:os';

/** The number of a signal, as in `kill -l`; 0 for a name that the system does not know. */
export function signalNumber(signal: NodeJS.Signals): number {
  return constants.signals[signal] ?? 0;
}

/** The name of a signal; of two names for one number (SIGIOT, SIGABRT) the usual one. */
export function signalName(number: number): NodeJS.Signals {
  const names = Object.entries(constants.signals).filter(([, candidate]) => candidate === number);
  const usual = names.find(([name]) => !['SIGIOT', 'SIGPOLL', 'SIGUNUSED'].includes(name)) ?? names[0];
  return (usual?.[0] ?? `SIG${number}`) as NodeJS.Signals;
}
