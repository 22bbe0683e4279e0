/** One line of a file of variables. */
export interface Assignment {
  readonly name: string;
  readonly value: string;
  /** Counted from 1. */
  readonly line: number;
}

export interface Assignments {
  readonly set: readonly Assignment[];
  /** Lines that are no assignments, blank or comments: they do nothing. */
  readonly stray: readonly number[];
}

/** dotenv's own, which it keeps to itself, from the first character of a name: it tells what is set, and not where. */
const ASSIGNMENT =
  /(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)(?:\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?$/my;
const BLANKS = /\s*/y;

/**
 * As dotenv understands the text, with the line of each. `values` are dotenv's: only their places are told here. Goes
 * from place to place, so that thousands of blank lines cost no more than others.
 */
export function locateAssignments(given: string, values: Readonly<Record<string, string>>): Assignments {
  const text = given.replaceAll(/\r\n?/g, '\n');
  const set: Assignment[] = [];
  const stray: number[] = [];
  let line = 1;
  for (let at = 0; at < text.length; ) {
    const begin = at + (matchAt(BLANKS, text, at)?.[0].length ?? 0);
    line += countNewlines(text, at, begin);
    const found = matchAt(ASSIGNMENT, text, begin);
    if (found !== null) set.push({ name: found[1] ?? '', value: values[found[1] ?? ''] ?? '', line });
    else if (begin < text.length && text[begin] !== '#') stray.push(line);
    at = begin + (found?.[0].length ?? lengthOfLine(text, begin));
    line += countNewlines(text, begin, at);
  }
  return { set, stray };
}

function matchAt(what: RegExp, text: string, at: number): RegExpExecArray | null {
  what.lastIndex = at;
  return what.exec(text);
}

function lengthOfLine(text: string, begin: number): number {
  const end = text.indexOf('\n', begin);
  return (end === -1 ? text.length : end) - begin;
}

function countNewlines(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at !== -1 && at < to; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

/** Docker's --env-file, and what `docker image inspect` prints of an image's variables: nothing is quoted. */
export function parseEnvList(text: string): Assignments {
  const set: Assignment[] = [];
  const stray: number[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const [, name, value = ''] = /^([^=#\s][^=\s]*)=(.*?)\r?$/.exec(line) ?? [];
    if (name !== undefined) set.push({ name, value, line: index + 1 });
    else if (!/^\s*(#|$)/.test(line)) stray.push(index + 1);
  }
  return { set, stray };
}
