import { constants } from 'node:os';
import type { Libc } from '../pid1/libc.ts';
import type { SpawnRequest } from '../pid1/posix-spawn.ts';
import type { Reaper, WaitStatus } from '../pid1/reaper.ts';
import { explainExec, findBinaryFault } from './exec-error.ts';
import type { Exit } from './exit.ts';
import { signalName } from './signals.ts';

export interface Started {
  readonly pid: number;
  /** Calls back once, in a later turn of the loop. */
  readonly onEnded: (listener: (exit: Exit) => void) => void;
}

/** Starts a process by libc. A text without an interpreter's line is given to sh, as execvp(3) does. */
export function spawnPosix(
  by: { readonly libc: Libc; readonly reaper: Reaper },
  request: SpawnRequest,
): Started | Exit {
  const texts = [...request.argv, ...Object.values(request.environment)];
  // libc would cut such a text there without a word.
  if (texts.some(text => text.includes('\0')))
    return { error: 'a NUL character in an argument or a variable', code: 126 };
  const first = by.libc.spawn(request);
  const isText =
    'errno' in first &&
    first.errno === constants.errno.ENOEXEC &&
    findBinaryFault(request.path) === undefined;
  const outcome = isText ? by.libc.spawn(throughShell(request)) : first;
  if ('errno' in outcome) return explainExec(outcome.errno, request.path);
  const { pid } = outcome;
  return { pid, onEnded: listener => by.reaper.expect(pid, status => listener(parseStatus(status))) };
}

/** As wait(2) codes it: a code in the second byte, else a signal in the lowest seven bits. */
export function parseStatus(status: WaitStatus): Exit {
  const signal = status & 0x7f;
  return signal === 0 ? { code: (status >> 8) & 0xff } : { signal: signalName(signal) };
}

function throughShell(request: SpawnRequest): SpawnRequest {
  return { ...request, path: '/bin/sh', argv: ['sh', request.path, ...request.argv.slice(1)] };
}
