import { constants } from 'node:os';
import { readHead } from '../facts/files.ts';
import type { Libc } from '../pid1/libc.ts';
import type { SpawnRequest } from '../pid1/posix-spawn.ts';
import type { Reaper, WaitStatus } from '../pid1/reaper.ts';
import type { Exit } from './exit.ts';
import { signalName } from './signals.ts';

export interface Started {
  readonly pid: number;
  /** Calls back once, in a later turn of the loop. */
  readonly onEnded: (listener: (exit: Exit) => void) => void;
}

/** Starts a process by libc. A file without an interpreter's line is given to sh, as execvp(3) does. */
export function spawnPosix(
  by: { readonly libc: Libc; readonly reaper: Reaper },
  request: SpawnRequest,
): Started | Exit {
  const texts = [...request.argv, ...Object.values(request.environment)];
  // libc would cut such a text there without a word.
  if (texts.some(text => text.includes('\0')))
    return { error: 'a NUL character in an argument or a variable', code: 126 };
  const first = by.libc.spawn(request);
  const outcome =
    'errno' in first && first.errno === constants.errno.ENOEXEC
      ? by.libc.spawn(throughShell(request))
      : first;
  if ('errno' in outcome) return { error: renderErrno(outcome.errno, request), code: codeOf(outcome.errno) };
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

function codeOf(errno: number): 126 | 127 {
  return errno === constants.errno.ENOENT ? 127 : 126;
}

/** The file itself is there (the caller has looked), so exec's "no such file" means its interpreter. */
function renderErrno(errno: number, { path }: SpawnRequest): string {
  const { ENOENT, EACCES, E2BIG, EAGAIN, ENOMEM, EPERM } = constants.errno;
  if (errno === ENOENT) return renderMissingInterpreter(path);
  const sentences: Readonly<Record<number, string>> = {
    [EACCES]: `${path}: its user may not run it, or may not enter the working directory`,
    [E2BIG]: 'its arguments and variables are too large for the kernel (128 KiB for one, about 2 MiB in all)',
    [EAGAIN]: 'the limit of processes is reached',
    [ENOMEM]: 'there is not enough memory',
    [EPERM]: 'not permitted',
  };
  const name = Object.entries(constants.errno).find(([, number]) => number === errno)?.[0];
  return sentences[errno] ?? `${path}: ${name ?? `error ${errno}`}`;
}

const FIRST_LINE_BYTES = 256;

function renderMissingInterpreter(path: string): string {
  const line = /^#!\s*(\S+)[^\n]*/.exec(readHead(path, FIRST_LINE_BYTES) ?? '');
  if (line === null) return `${path}: the loader that it names does not exist (built for another system?)`;
  if (line[0].endsWith('\r')) return `${path}: its first line ends in CRLF, expected a plain newline`;
  return `${path}: its interpreter ${line[1]} does not exist`;
}
