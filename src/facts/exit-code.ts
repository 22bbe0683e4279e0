import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { renderCause } from '../errors.ts';

/** Where s6-overlay's scripts write the exit code of the container, below LINTEL_ROOT. */
export const EXIT_CODE_FILE = '/run/s6-linux-init-container-results/exitcode';

/** What a script wrote there; `trouble`: something that is no exit code. */
export type ExitCodeWish = { readonly code: number } | { readonly trouble: string };

const MAX_BYTES = 64;

/**
 * undefined when nobody wrote anything. Follows no link, waits for nobody, never throws. `open` may find a descriptor for
 * what opens one file, where none is left.
 */
export function readExitCodeWish(
  root: string,
  open: (act: () => string) => string = act => act(),
): ExitCodeWish | undefined {
  try {
    return parseExitCode(open(() => readOwn(root + EXIT_CODE_FILE)));
  } catch (error) {
    return { trouble: renderCause(error) };
  }
}

function parseExitCode(text: string): ExitCodeWish | undefined {
  const word = text.trim();
  if (word === '') return undefined;
  const code = /^\d{1,3}$/.test(word) ? Number(word) : Number.NaN;
  return code <= 255 ? { code } : { trouble: JSON.stringify(word.slice(0, MAX_BYTES)) };
}

function readOwn(path: string): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!fstatSync(fd).isFile()) throw new Error('it is no regular file');
    const buffer = Buffer.alloc(MAX_BYTES);
    return buffer.toString('latin1', 0, readSync(fd, buffer, 0, MAX_BYTES, 0));
  } finally {
    closeSync(fd);
  }
}
