import { parse } from 'dotenv';
import { findUnusable } from '../environment.ts';
import { locateAssignments } from '../facts/image/assignments.ts';
import type { Environment } from '../launch/environ.ts';

/** What a script appended to the file named in $LINTEL_ENV. */
export interface Grown {
  readonly set: Environment;
  /** One sentence for each line or variable that can't be used; what they hold is in none of them. */
  readonly warnings: readonly string[];
}

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
    warnings: [
      ...locateAssignments(text, {}).stray.map(line => `${path}, line ${line}: no NAME=value`),
      ...unusable,
    ],
  };
}
