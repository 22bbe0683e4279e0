import { constants } from 'node:os';
import { readHead } from '../facts/files.ts';
import { findNoexecMount } from '../facts/mounts.ts';
import { findProgram } from '../facts/programs.ts';
import type { Environment } from '../launch/environ.ts';
import type { Exit } from './exit.ts';

type Failure = Extract<Exit, { readonly error: string }>;

/** Enough for an ELF header and for the longest "#!" line that Linux reads. */
const HEAD_BYTES = 256;

/**
 * Why `path` could not be run, from the error number of fork or exec. The file itself is there (the caller has
 * looked), so "no such file" means its interpreter.
 */
export function explainExec(errno: number, path: string): Failure {
  const { ENOENT, EACCES, ENOEXEC } = constants.errno;
  if (errno === ENOENT) return { error: `${path}: ${explainInterpreter(path)}`, code: 127 };
  if (errno === EACCES) return { error: `${path}: ${explainDenial(path)}`, code: 126 };
  if (errno === ENOEXEC) return { error: `${path}: ${findBinaryFault(path) ?? 'no program'}`, code: 126 };
  const error = SENTENCES[errno] ?? `${path}: ${nameOf(errno)}`;
  return { error, code: 126, ...(TEMPORARY.has(errno) && { isTemporary: true }) };
}

const { E2BIG, EAGAIN, ENOMEM, EMFILE, ENFILE, EPERM, EINVAL, EBADF } = constants.errno;
const SENTENCES: Readonly<Record<number, string>> = {
  [E2BIG]: 'its arguments and variables are too large for the kernel (128 KiB for one, about 2 MiB in all)',
  [EAGAIN]: 'the limit of processes is reached',
  [ENOMEM]: 'there is not enough memory',
  [EMFILE]: 'no file descriptor is left',
  [ENFILE]: 'no file descriptor is left on this machine',
  [EBADF]: 'the descriptor to notify on is above its limit of open files',
  [EPERM]: 'not permitted',
  [EINVAL]: 'a NUL character in an argument or a variable',
};
/** What may be over in a moment, without anybody mending it. */
const TEMPORARY: ReadonlySet<number> = new Set([EAGAIN, ENOMEM, EMFILE, ENFILE]);

function nameOf(errno: number): string {
  return Object.entries(constants.errno).find(([, number]) => number === errno)?.[0] ?? `error ${errno}`;
}

function explainInterpreter(path: string): string {
  const line = readFirstLine(path);
  if (line === undefined) return 'the loader that it names does not exist (built for another system?)';
  if (line.endsWith('\r')) return CRLF;
  return `its interpreter ${/\S+/.exec(line)?.[0]} does not exist`;
}

const CRLF = 'its first line ends in CRLF, expected a plain newline';

function explainDenial(path: string): string {
  const mount = findNoexecMount(path);
  if (mount !== undefined) return `it is on ${mount}, which is mounted noexec`;
  const interpreter = /\S+/.exec(readFirstLine(path) ?? '')?.[0] ?? path;
  const other = findNoexecMount(interpreter);
  if (other !== undefined) return `its interpreter ${interpreter} is on ${other}, which is mounted noexec`;
  return 'its user may not run it, or may not enter the working directory';
}

/** What stands behind "#!" in its first line; undefined without that, or for what can't be read. */
function readFirstLine(path: string): string | undefined {
  return /^#![ \t]*([^\n]*)/.exec(readHead(path, HEAD_BYTES) ?? '')?.[1];
}

/** e_machine of elf.h -> the name that `uname -m` and image builders use. */
const MACHINES: Readonly<Record<number, string>> = {
  3: 'i386',
  8: 'mips',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x86_64',
  183: 'aarch64',
  243: 'riscv64',
  258: 'loongarch64',
};
const OWN_MACHINES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

/**
 * What is wrong with a file that the kernel does not take for a program and that is no text either; undefined for a
 * text, which sh would run as execvp(3) has it.
 */
export function findBinaryFault(path: string): string | undefined {
  const head = readHead(path, HEAD_BYTES) ?? '';
  if (head.startsWith('\x7fELF')) return explainElf(head);
  return head.includes('\0') ? 'it is neither a program nor a script' : undefined;
}

function explainElf(head: string): string {
  const [low, high] = head.charCodeAt(5) === 2 ? [19, 18] : [18, 19];
  const number = head.charCodeAt(low) + 256 * head.charCodeAt(high);
  const machine = MACHINES[number] ?? `machine ${number}`;
  const own = OWN_MACHINES[process.arch] ?? process.arch;
  if (head.length < 20 || machine === own) return 'it is a damaged program';
  return `it is built for ${machine}, this machine is ${own}`;
}

/**
 * Why a script ended with 127 where its first line asks `env` for a program that is not there; undefined when that is
 * not why. `environment` is the one that the script had.
 */
export function explainNotFound(exit: Exit, program: string, environment: Environment): string | undefined {
  if (!('code' in exit) || 'error' in exit || exit.code !== 127) return undefined;
  const line = readFirstLine(findProgram(program, environment) ?? program) ?? '';
  const wanted = /^\S*\/env[ \t]+(?:(?:-\S+|\w+=\S*)[ \t]+)*([^\s=-][^\s=]*)(?=\s|$)/.exec(line)?.[1];
  if (wanted === undefined) return undefined;
  if (findProgram(wanted, environment) !== undefined) return line.endsWith('\r') ? CRLF : undefined;
  return `its first line asks env for ${wanted}, which is not on PATH`;
}
