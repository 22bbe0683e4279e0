import { type Exit, renderExit } from '../processes/exit.ts';
import type { OutputReader } from '../processes/pipes.ts';
import { type Handle, killGroup } from '../processes/tree.ts';

/** As `startProcess`, with all but these settled. */
export type StartProgram = (
  argv: readonly [string, ...string[]],
  output: OutputReader,
  onExit: (exit: Exit) => void,
) => Handle | undefined;

/** No process, memory or descriptor was left to ask with, which says nothing about who was to be asked. */
export interface Starved {
  readonly starvedOf: string;
}

/** How a program ended, and its last line or what kept it from beginning. */
export interface Complaint {
  readonly how: string;
  readonly said: string;
}

const LAST_CHARACTERS = 4096;
/** Of the last line, so much is repeated. */
const SHOWN_CHARACTERS = 200;

/**
 * Whether a program ends with exit code 0. Resolves with why not: how it ended and its last line. When the signal
 * aborts, it and what it left behind in its process group are killed.
 */
export function askProgram(
  argv: readonly [string, ...string[]],
  start: StartProgram,
  signal: AbortSignal,
): Promise<string | Complaint | Starved | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | Complaint | Starved | undefined>();
  let tail = '';
  const output = {
    onData: (_: 'stdout' | 'stderr', data: Buffer) => {
      tail = (tail + data.toString('latin1', Math.max(0, data.length - LAST_CHARACTERS))).slice(
        -LAST_CHARACTERS,
      );
    },
    onEnd: () => undefined,
  };
  const child = start(argv, output, exit => resolve(judge(exit, tail)));
  signal.addEventListener('abort', () => {
    if (child !== undefined) killGroup(child);
  });
  return promise;
}

function judge(exit: Exit, tail: string): string | Complaint | Starved | undefined {
  if ('isTemporary' in exit) return { starvedOf: renderExit(exit) };
  if ('code' in exit && exit.code === 0) return undefined;
  // Its name may come from a variable.
  if ('error' in exit) return { how: 'could not start', said: exit.error };
  const last = Buffer.from(tail, 'latin1').toString('utf8').trimEnd().split('\n').at(-1)?.trim() ?? '';
  return last === '' ? renderExit(exit) : { how: renderExit(exit), said: last.slice(0, SHOWN_CHARACTERS) };
}
