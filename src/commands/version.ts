import { openLibc } from '../pid1/libc.ts';
import { LINTEL_VERSION } from '../version.ts';
import { type Command, jsonFlag } from './command.ts';

/** Prints the version, and with --json how this very start went. */
export const version: Command = {
  name: 'version',
  summary: 'print the version',
  flags: [jsonFlag('{version, node, arch, codeCache, ffi}')],
  details: 'With --json also of Node, and how this very start went.',
  examples: [
    { line: 'lintel version', does: 'one line' },
    { line: 'lintel version --json', does: 'also whether the code cache was used' },
  ],
  run({ given, cacheUse }) {
    if (!given.has('--json')) return { text: `lintel ${LINTEL_VERSION}\n`, exitCode: 0 };
    const libc = openLibc();
    const ffi = 'missing' in libc ? libc.missing : 'available';
    const about = {
      version: LINTEL_VERSION,
      node: process.version,
      arch: process.arch,
      codeCache: cacheUse,
      ffi,
    };
    return { text: `${JSON.stringify(about)}\n`, exitCode: 0 };
  },
};
