/** The first line of a script. */
export interface Shebang {
  /** Without its folders: "bash", "with-contenv", "env". */
  readonly interpreter: string;
  /** What stands behind it. The kernel hands it on as one word. */
  readonly rest: string;
}

/** Linux reads no more of the line. */
export const SHEBANG_BYTES = 256;

/** s6-overlay's own interpreters: what begins with one was written for s6. */
const S6_INTERPRETERS = new Set(['with-contenv', 'execlineb']);

/** `head` is the beginning of a file; undefined for what is no script. */
export function parseShebang(head: string): Shebang | undefined {
  const line = /^#![ \t]*(\S+)[ \t]*([^\n]*)/.exec(head);
  if (line === null) return undefined;
  const [, path = '', rest = ''] = line;
  return { interpreter: path.slice(path.lastIndexOf('/') + 1), rest: rest.trim() };
}

/**
 * What to put in front of a script's path to run it where its folder is mounted noexec: the interpreter of its first
 * line and what stands behind it, one word as to the kernel. undefined where there is no such line.
 */
export function parseInterpreter(head: string): readonly [string, ...string[]] | undefined {
  const withContenv = parseWithContenv(head);
  if (withContenv !== undefined) return withContenv;
  const path = /^#![ \t]*(\S+)/.exec(head)?.[1];
  if (path === undefined) return undefined;
  const rest = parseShebang(head)?.rest ?? '';
  return rest === '' ? [path] : [path, rest];
}

export function isS6Interpreter(interpreter: string | undefined): boolean {
  return interpreter !== undefined && S6_INTERPRETERS.has(interpreter);
}

/**
 * The program that `#!/command/with-contenv PROGRAM` means, with its arguments; undefined for any other script.
 * Below Lintel everybody has the container's environment already, so nothing is left for with-contenv to do.
 */
export function parseWithContenv(head: string): [string, ...string[]] | undefined {
  const shebang = parseShebang(head);
  if (shebang?.interpreter !== 'with-contenv') return undefined;
  const [program = '', ...args] = shebang.rest.split(/[ \t]+/);
  return program === '' ? undefined : [program, ...args];
}

/** What has to be there for a script's first line to work. */
export interface FirstLine {
  /** Paths and names of programs, in the order in which they start each other. */
  readonly programs: readonly string[];
  /** What env would look for as one name, though it is several words: only `env -S` splits them. */
  readonly unsplit: string | undefined;
}

/** `head` is the beginning of a file; undefined for what is no script. */
export function parseFirstLine(head: string): FirstLine | undefined {
  const path = /^#![ \t]*(\S+)/.exec(head)?.[1];
  const { interpreter, rest } = parseShebang(head) ?? { interpreter: '', rest: '' };
  if (path === undefined) return undefined;
  if (interpreter === 'env') {
    const { program, unsplit } = parseEnv(rest);
    return { programs: [path, ...(program === undefined ? [] : [program])], unsplit };
  }
  const [program] = parseWithContenv(head) ?? [];
  return { programs: [path, ...(program === undefined ? [] : [program])], unsplit: undefined };
}

/** The kernel hands everything behind env on as one word. */
function parseEnv(rest: string): {
  readonly program: string | undefined;
  readonly unsplit: string | undefined;
} {
  const split = /^(?:-\w*S|--split-string=?)\s*(.*)$/.exec(rest)?.[1];
  if (split === undefined)
    return /\s/.test(rest)
      ? { program: undefined, unsplit: rest }
      : { program: rest || undefined, unsplit: undefined };
  const words = split.split(/\s+/);
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '-u' || word === '-C') words.shift();
    // What a variable says is not known yet.
    else if (word.includes('${')) return { program: undefined, unsplit: undefined };
    else if (word !== '' && !word.startsWith('-') && !word.includes('='))
      return { program: word, unsplit: undefined };
  }
  return { program: undefined, unsplit: undefined };
}
