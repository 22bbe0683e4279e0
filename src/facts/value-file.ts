import { isUtf8 } from 'node:buffer';
import { findUnusable, MAX_VARIABLE_BYTES } from '../environment.ts';
import { renderCause } from '../errors.ts';
import { readBytes } from './files.ts';

/**
 * The value that a file holds for a variable: its text as it stands there, never evaluated, without one newline at
 * its end. `trouble` says why it can't be one, and nothing of what it holds. Never throws, never waits.
 */
export function readValueFile(
  name: string,
  path: string,
): { readonly value: string } | { readonly trouble: string } {
  const bytes = readBytesOrTrouble(path);
  if (typeof bytes === 'string') return { trouble: bytes };
  if (!isUtf8(bytes)) return { trouble: 'it is no valid UTF-8' };
  const value = dropNewline(bytes.toString('utf8'));
  const trouble = findUnusable(name, value);
  return trouble === undefined ? { value } : { trouble };
}

function readBytesOrTrouble(path: string): Buffer | string {
  try {
    return readBytes(path, MAX_VARIABLE_BYTES + 1) ?? 'no such file';
  } catch (error) {
    return renderCause(error);
  }
}

function dropNewline(text: string): string {
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}
