import { parse } from 'dotenv';
import { findUnusable } from '../environment.ts';
import type { Environment } from '../launch/environ.ts';

/** What a script appended to the file named in $LINTEL_ENV. */
export interface Grown {
  readonly set: Environment;
  /** One sentence for each line or variable that can't be used; what they hold is in none of them. */
  readonly warnings: readonly string[];
}

/** An assignment as dotenv sees it, quoted values over several lines included. */
const ASSIGNMENT =
  /^\s*(?:export\s+)?[\w.-]+(?:\s*=\s*?|:\s+?)(?:\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?$/gm;

/** Reads dotenv syntax, as CI systems have it. Nothing is evaluated. `path` is for the warnings alone. */
export function parseGrown(text: string, path: string): Grown {
  if (text === '') return { set: {}, warnings: [] };
  const parsed = Object.entries(parse(text));
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
function findMalformed(text: string): number[] {
  const rest = text.replaceAll(ASSIGNMENT, found => found.replaceAll(/[^\n]/g, ''));
  return rest.split('\n').flatMap((line, index) => (/^\s*(#|$)/.test(line) ? [] : [index + 1]));
}
