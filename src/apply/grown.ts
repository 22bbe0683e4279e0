import { parse } from 'dotenv';
import { findUnusable } from '../environment.ts';
import type { Environment } from '../launch/environ.ts';

/** What a script appended to the file named in $LINTEL_ENV. */
export interface Grown {
  readonly set: Environment;
  /** One sentence for each line or variable that can't be used; what they hold is in none of them. */
  readonly warnings: readonly string[];
}

/** An assignment as dotenv sees it, quoted values over several lines included, from the first character of its name. */
const ASSIGNMENT =
  /(?:export\s+)?[\w.-]+(?:\s*=\s*?|:\s+?)(?:\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?$/my;
const BLANKS = /\s*/y;

/** Reads dotenv syntax, as CI systems have it. Nothing is evaluated. `path` is for the warnings alone. */
export function parseGrown(text: string, path: string): Grown {
  if (text === '') return { set: {}, warnings: [] };
  const parsed = Object.entries(parse(text, { fast: true }));
  const unusable = parsed.flatMap(([name, value]) => {
    const trouble = findUnusable(name, value);
    return trouble === undefined ? [] : [`variable ${name} in ${path} is passed over: ${trouble}`];
  });
  return {
    set: Object.fromEntries(parsed.filter(([name, value]) => findUnusable(name, value) === undefined)),
    warnings: [...findMalformed(text).map(line => `${path}, line ${line}: no NAME=value`), ...unusable],
  };
}

/** Numbers of the lines that are neither empty nor a comment nor part of an assignment. */
function findMalformed(given: string): number[] {
  const text = given.replaceAll(/\r\n?/g, '\n');
  const malformed: number[] = [];
  let line = 1;
  for (let at = 0; at < text.length; ) {
    const begin = findEnd(BLANKS, text, at) ?? at;
    line += countNewlines(text, at, begin);
    const next = text.indexOf('\n', begin);
    const lineEnd = next === -1 ? text.length : next;
    const end = text[begin] === '#' ? lineEnd : findEnd(ASSIGNMENT, text, begin);
    if (end === undefined && begin < text.length) malformed.push(line);
    at = end ?? lineEnd;
    line += countNewlines(text, begin, at);
  }
  return malformed;
}

/** Where what stands at that place ends. */
function findEnd(what: RegExp, text: string, at: number): number | undefined {
  what.lastIndex = at;
  return what.test(text) ? what.lastIndex : undefined;
}

function countNewlines(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at !== -1 && at < to; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
