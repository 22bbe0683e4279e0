import { lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { LintelError, renderCause } from '../errors.ts';
import { writeFile } from './files.ts';

/**
 * A file that somebody asked for by name, whole or not at all. Nothing but a file is replaced by it: root may have been
 * led to a link. Throws a LintelError.
 */
export function writeDrawing(path: string, text: string): void {
  const refuse = (seen: string) =>
    new LintelError(
      `Cannot write ${JSON.stringify(path)}: ${seen}, expected the name of a file, or - for stdout`,
      1,
    );
  try {
    if (lstatSync(dirname(path), { throwIfNoEntry: false }) === undefined)
      throw refuse('there is no such folder');
    const old = lstatSync(path, { throwIfNoEntry: false });
    if (old !== undefined && !old.isFile()) throw refuse('something else has that name');
    const owner = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
    writeFile(path, { text, mode: 0o644, owner });
  } catch (error) {
    throw error instanceof LintelError ? error : refuse(renderCause(error));
  }
}
