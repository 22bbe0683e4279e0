import { constants } from 'node:os';
import { findUnusable } from '../environment.ts';
import { isDirectory, readStat } from '../facts/files.ts';
import { findProgram } from '../facts/programs.ts';
import { readRunnable } from '../facts/scripts.ts';
import type { ExecRequest } from '../pid1/exec.ts';
import type { Libc } from '../pid1/libc.ts';
import { explainExec, findBinaryFault } from './exec-error.ts';
import type { Exit } from './exit.ts';

type Failure = Extract<Exit, { readonly error: string }>;

/**
 * This process becomes the program: it keeps its pid, its terminal and its parent, as exec does. Returns only where that
 * fails, with why. A text without an interpreter's line is given to sh, as execvp(3) does.
 */
export function replaceProcess(libc: Libc, request: Omit<ExecRequest, 'path'>): Failure {
  const found = findReplacement(request);
  if ('error' in found) return found;
  const { path } = found;
  const errno = libc.exec({ ...request, path });
  if (errno !== constants.errno.ENOEXEC || findBinaryFault(path) !== undefined)
    return explainExec(errno, path) as Failure;
  const argv = ['sh', path, ...request.argv.slice(1)];
  return explainExec(libc.exec({ ...request, path: '/bin/sh', argv }), '/bin/sh') as Failure;
}

/** The program that it would become, or why there is none. Changes nothing. */
export function findReplacement(
  request: Pick<ExecRequest, 'argv' | 'environment'>,
): { readonly path: string } | Failure {
  const [program = ''] = request.argv;
  const unusable = Object.entries(request.environment).find(([name, value]) => findUnusable(name, value));
  if (unusable !== undefined || request.argv.some(text => text.includes('\0')))
    return { error: 'a NUL character, or too many bytes, in an argument or a variable', code: 126 };
  const path = findProgram(program, request.environment);
  return path === undefined ? explainAbsence(program) : { path };
}

function explainAbsence(program: string): Failure {
  if (!program.includes('/')) return { error: `${program}: not found on PATH`, code: 127 };
  if (readStat(program) === undefined) return { error: `${program}: no such file`, code: 127 };
  const obstacle = isDirectory(program) ? 'it is a directory' : readRunnable(program).obstacle;
  return { error: `${program}: ${obstacle ?? 'it is not executable'}`, code: 126 };
}
