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

/** dotenv's own, which it keeps to itself: it tells what is set, and not where. */
const ASSIGNMENT =
  /^\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?$/gm;

/** As dotenv understands the text, with the line of each. `values` are dotenv's: only their places are told here. */
export function locateAssignments(text: string, values: Readonly<Record<string, string>>): Assignments {
  const lines = text.replaceAll(/\r\n?/g, '\n');
  const set: Assignment[] = [];
  let rest = '';
  let end = 0;
  let line = 1;
  for (const match of lines.matchAll(ASSIGNMENT)) {
    const [all, name = ''] = match;
    const blank = /^\s*/.exec(all)?.[0] ?? '';
    line += countLines(lines.slice(end, match.index) + blank);
    set.push({ name, value: values[name] ?? '', line });
    line += countLines(all.slice(blank.length));
    rest += lines.slice(end, match.index) + all.replaceAll(/[^\n]/g, ' ');
    end = match.index + all.length;
  }
  rest += lines.slice(end);
  const stray = rest.split('\n').flatMap((line, index) => (/^\s*(#|$)/.test(line) ? [] : [index + 1]));
  return { set, stray };
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

function countLines(text: string): number {
  return text.split('\n').length - 1;
}
