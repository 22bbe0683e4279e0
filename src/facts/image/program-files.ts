import { parseFirstLine, parseShebang } from '../../definitions/shebang.ts';
import { type Owned, readWay } from './owners.ts';
import type { Tree } from './tree.ts';

/** A file that is to be run as a program. */
export interface ProgramFile {
  readonly path: string;
  /** Where it stands. */
  readonly role: 'cont-init.d' | 'cont-finish.d' | 'service';
  /** The service that it belongs to. */
  readonly service: string | undefined;
  /** A script of the image that has the name of one that Lintel ships. */
  readonly replacesShipped: boolean;
  readonly kind: 'file' | 'folder' | 'nothing' | 'something else';
  readonly way: readonly Owned[];
  readonly bytes: number;
  /** Its beginning, a character a byte; undefined where it can't be read. */
  readonly text: string | undefined;
  /** Programs that its first line names, and whether they are there. */
  readonly needs: readonly Need[];
  /** What env takes for one name. */
  readonly unsplit: string | undefined;
  /** The program that it becomes and nobody has installed, where becoming it is all that it does. */
  readonly becomes: { readonly name: string; readonly line: number } | undefined;
  /** Programs of s6 and execline that it names and nobody has installed, each where it stands first. */
  readonly s6Programs: readonly { readonly name: string; readonly line: number }[];
}

export interface Need {
  readonly program: string;
  readonly isThere: boolean;
}

/** Looks along PATH for a name; a path is one of its own. */
export type HasProgram = (name: string) => boolean;

/** Longer scripts have their faults further up as well. */
const MOST_BYTES = 256 * 1024;

export function readProgramFile(
  place: Pick<ProgramFile, 'path' | 'role' | 'service' | 'replacesShipped'>,
  { tree, hasProgram }: { readonly tree: Tree; readonly hasProgram: HasProgram },
): ProgramFile {
  const found = tree.find(place.path);
  const text = tree.readPart(place.path, { offset: 0, bytes: MOST_BYTES })?.toString('latin1');
  const line = parseFirstLine(text ?? '');
  const [interpreter, ...others] = line?.programs ?? [];
  const needs = [
    // The kernel looks along no PATH.
    ...(interpreter === undefined
      ? []
      : [{ program: interpreter, isThere: interpreter.startsWith('/') && hasProgram(interpreter) }]),
    ...others.map(program => ({ program, isThere: hasProgram(program) })),
  ];
  const becomes = findSoleProgram(text ?? '');
  return {
    ...place,
    kind: nameKind(found?.stat),
    way: readWay(tree, place.path),
    bytes: found?.stat.size ?? 0,
    text,
    needs,
    unsplit: line?.unsplit,
    becomes: becomes === undefined || hasProgram(becomes.name) ? undefined : becomes,
    s6Programs: findS6Programs(text ?? '').filter(({ name }) => !hasProgram(name)),
  };
}

const PLAIN_SHELL = /^(?:(?:ba|da|a)?sh (?:-[eux]+)?|env (?:ba|da|a)?sh)$/;
/** What changes nothing about where programs are found. */
const HARMLESS = /^(?:#.*|set -[a-z]+|exec 2>&1)?$/;

/** The NAME of a script whose only command is `exec NAME …`: what else a shell may do before nobody guesses. */
function findSoleProgram(text: string): ProgramFile['becomes'] {
  const { interpreter, rest } = parseShebang(text) ?? { interpreter: '', rest: '' };
  if (!PLAIN_SHELL.test(`${interpreter} ${rest}`)) return undefined;
  const lines = text.split('\n').map(line => line.trim());
  const first = lines.findIndex(line => !HARMLESS.test(line));
  const command = lines.slice(first).filter(line => !HARMLESS.test(line));
  const name = /^exec ([\w][\w.+-]*)(?!\S)/.exec(command[0] ?? '')?.[1];
  const isOne = command.every((line, index) => line.endsWith('\\') === index < command.length - 1);
  if (name === undefined || !isOne || command.some(line => /[;|]|&&/.test(line))) return undefined;
  return { name, line: first + 1 };
}

/** Words that are execline's in a script of execline's only: to a shell most are its own, or nothing. */
const EXECLINE = new Set(
  'background backtick case define dollarat elgetopt elgetpositionals emptyenv envfile exec exit export fdblock fdclose fdmove fdreserve fdswap forbacktickx foreground forstdin forx getcwd getpid heredoc homeof if ifelse ifte ifthenelse importas loopwhilex multidefine multisubstitute pipeline piperw posix-cd posix-umask redirfd runblock trap tryexec unexport wait withstdinas'.split(
    ' ',
  ),
);
const S6 = /(?<![\w./$-])(s6-[a-z][a-z0-9-]*|logutil-[a-z-]+|execlineb|importas)(?![\w-])/g;

/** Each once, where it stands first. */
function findS6Programs(text: string): { name: string; line: number }[] {
  const isExecline = parseShebang(text)?.interpreter === 'execlineb';
  const found = new Map<string, number>();
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*#/.test(line)) continue;
    const words = [...line.matchAll(S6)].map(([, name = '']) => name);
    const first = /^\s*(?:\{\s*)?([a-z-]+)\b/.exec(line)?.[1] ?? '';
    if (isExecline && EXECLINE.has(first)) words.push(first);
    for (const name of words) if (!found.has(name)) found.set(name, index + 1);
  }
  return [...found].map(([name, line]) => ({ name, line }));
}

function nameKind(stat: { isFile(): boolean; isDirectory(): boolean } | undefined): ProgramFile['kind'] {
  if (stat === undefined) return 'nothing';
  if (stat.isFile()) return 'file';
  return stat.isDirectory() ? 'folder' : 'something else';
}
