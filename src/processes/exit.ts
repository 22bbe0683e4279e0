import { signalNumber } from './signals.ts';

/**
 * How a process ended; `error`: it never began, `isTemporary` where that was for want of processes or memory, and
 * `isForGood` where no other attempt in this container can go better. Data, never thrown.
 */
export type Exit =
  | { readonly code: number }
  | { readonly signal: NodeJS.Signals }
  | {
      readonly error: string;
      readonly code: 126 | 127;
      readonly isTemporary?: true;
      readonly isForGood?: true;
    };

/** What a shell would report: the code, 128 + the signal's number, 126 or 127 for what could not start. */
export function exitCodeOf(exit: Exit): number {
  return 'signal' in exit ? 128 + signalNumber(exit.signal) : exit.code;
}

/** "exited with code 3", "was ended by SIGKILL", "could not start: …". */
export function renderExit(exit: Exit): string {
  if ('error' in exit) return `could not start: ${exit.error}`;
  return 'code' in exit ? `exited with code ${exit.code}` : `was ended by ${exit.signal}`;
}

/** As fields of a line in the log. */
export function fieldsOf(exit: Exit): { readonly exitCode: number } | { readonly signal: string } {
  return 'signal' in exit ? { signal: exit.signal } : { exitCode: exit.code };
}
