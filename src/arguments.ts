import { basename } from 'node:path';
import { suggestWord } from './settings/suggest.ts';

export type Invocation =
  | { readonly type: 'boot'; readonly command: readonly string[] }
  | { readonly type: 'subcommand'; readonly name: string; readonly args: readonly string[] };

/** Names under which the program is installed; a leading argument of such a name is Lintel itself. */
export const OWN_PATHS: ReadonlySet<string> = new Set([
  '/init',
  '/opt/onyxia-init.sh',
  '/usr/local/bin/lintel',
  '/usr/local/lib/lintel/lintel.cjs',
]);

const FLAGS: ReadonlyMap<string, string> = new Map([
  ['--help', 'help'],
  ['-h', 'help'],
  ['--version', 'version'],
  ['-V', 'version'],
]);

export interface Known {
  readonly subcommands: ReadonlySet<string>;
  /** Where nobody's CMD is expected: whether there is a program of that name. */
  readonly isProgram?: (name: string) => boolean;
}

/**
 * As `lintel` it is the command line. Under any other name (/init, /opt/onyxia-init.sh) it boots, and arguments
 * are the CMD: Lintel's own names in front of it are dropped, so platforms may chain them in any order. The word
 * `lintel` before a subcommand means the command line too, for `docker run IMAGE lintel plan`.
 */
export function parseArguments(
  program: string,
  args: readonly string[],
  { subcommands, isProgram = () => true }: Known,
): Invocation {
  const rest = args.slice(countOwnNames(args));
  const [first] = rest;
  const isCommandLine = basename(program) === 'lintel';
  const saysLintel =
    rest.length < args.length && basename(args[args.length - rest.length - 1] ?? '') === 'lintel';
  // No program's name begins with a dash: `--help` is meant for Lintel.
  const isSubcommand = first !== undefined && (subcommands.has(first) || first.startsWith('-'));
  const isDirect = basename(program) === 'lintel.cjs' && rest.length === args.length;
  // The program's own file is started by hand: a boot of this machine with a mistyped word as its CMD is hardly meant.
  const isMistyped =
    isDirect && first !== undefined && (suggestWord(first, subcommands) !== undefined || !isProgram(first));
  if (isCommandLine || isMistyped || (isSubcommand && (saysLintel || isDirect)))
    return { type: 'subcommand', name: FLAGS.get(first ?? '--help') ?? first ?? '', args: rest.slice(1) };
  return { type: 'boot', command: rest };
}

function countOwnNames(args: readonly string[]): number {
  const count = args.findIndex(arg => arg !== 'lintel' && !OWN_PATHS.has(arg));
  return count === -1 ? args.length : count;
}
