import { openLibc } from '../pid1/libc.ts';
import { LINTEL_VERSION } from '../version.ts';
import type { Command } from './command.ts';
import { parseFlags } from './flags.ts';

/** Prints the version, and with --json how this very start went. */
export const version: Command = {
  name: 'version',
  usage: '[--json]',
  summary: 'print the version',
  run({ args, cacheUse }) {
    const flags = parseFlags(args, ['--json']);
    if (!flags['--json']) return { text: `lintel ${LINTEL_VERSION}\n`, exitCode: 0 };
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
