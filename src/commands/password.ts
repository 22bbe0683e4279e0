import { NOT_RUNNING } from '../control/client.ts';
import { isBetween, listPlaces, listTrusted } from '../control/places.ts';
import { LintelError, renderCause } from '../errors.ts';
import { readLinkStat, readText } from '../facts/files.ts';
import type { Environment } from '../launch/environ.ts';
import { renderJson } from '../printable.ts';
import { type Command, jsonFlag } from './command.ts';

const MAX_BYTES = 1024;

/** Prints what stands in a file that is root's and the workbench user's alone. */
export const password: Command = {
  name: 'password',
  summary: 'print the workbench user’s password',
  flags: [jsonFlag('{password}'), { name: '--vnc', doc: 'the desktop’s password instead' }],
  details:
    'For the workbench user and root. It is PASSWORD (VNC_PASSWORD), or what the boot made up, and the same after a restart of the container. The desktop’s is made also where no desktop runs: an image may bring a VNC server of its own. Programs read it from the files that LINTEL_PASSWORD_FILE and LINTEL_VNC_PASSWORD_FILE name.',
  examples: [
    { line: 'lintel password', does: 'for Jupyter, code-server, RStudio and ssh' },
    { line: 'lintel password --vnc', does: 'for the desktop' },
  ],
  run({ given, origin }) {
    const name = given.has('--vnc') ? 'vnc-password' : 'password';
    const text = readSecret(origin.environment, name);
    return { text: `${given.has('--json') ? renderJson({ password: text }) : text}\n`, exitCode: 0 };
  },
};

/** The first that is there. In /tmp anybody could have put one: only in a folder of who may have started Lintel. */
function readSecret(environment: Environment, name: string): string {
  const uid = process.geteuid?.() ?? 0;
  const folders = listPlaces(environment, uid);
  const trusted = listTrusted(uid);
  for (const folder of folders) {
    const stat = readLinkStat(folder);
    if (!stat?.isDirectory() || !trusted.has(stat.uid) || (stat.mode & 0o022) !== 0) continue;
    try {
      const text = readText(`${folder}/secrets/${name}`, MAX_BYTES);
      if (text !== undefined) return text.replace(/\n$/, '');
    } catch (error) {
      throw new LintelError(
        `Cannot read the password: ${renderCause(error)}, expected the workbench user or root to ask`,
        1,
      );
    }
  }
  const where = isBetween(environment, folders)
    ? 'Lintel has not made it yet, or it is about to end'
    : 'no Lintel has made one here, or it is not yours to see';
  throw new LintelError(`Cannot find a password: ${where}`, NOT_RUNNING);
}
