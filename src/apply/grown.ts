import { parse } from 'dotenv';
import { readTextIfAny } from '../facts/files.ts';
import type { Environment } from '../launch/environ.ts';

/** What scripts appended to the file named in $LINTEL_ENV: dotenv syntax, as CI systems have it. Nothing is evaluated. */
export function readGrown(path: string): Environment {
  const text = readTextIfAny(path) ?? '';
  return text === '' ? {} : parse(text);
}
