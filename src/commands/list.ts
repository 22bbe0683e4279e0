import type { Command } from './command.ts';
import { facts } from './facts.ts';
import { parseFlags } from './flags.ts';
import { makeHelp } from './help.ts';
import { plan } from './plan.ts';
import { version } from './version.ts';

const help: Command = {
  name: 'help',
  usage: '',
  summary: 'print this help',
  run({ args }) {
    parseFlags(args, []);
    return { text: makeHelp(COMMANDS), exitCode: 0 };
  },
};

/** Every subcommand, in the order of the help. */
export const COMMANDS: readonly Command[] = [plan, facts, version, help];
