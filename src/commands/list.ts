import { LintelError } from '../errors.ts';
import { suggestWord } from '../settings/suggest.ts';
import { analyze } from './analyze.ts';
import { check } from './check.ts';
import { type Command, type CommandContext, type CommandResult, jsonFlag } from './command.ts';
import { doctor } from './doctor.ts';
import { env } from './env.ts';
import { facts } from './facts.ts';
import { parseFlags } from './flags.ts';
import { health } from './health.ts';
import { type Groups, renderCommandHelp, showHelp } from './help.ts';
import { logs } from './logs.ts';
import { password } from './password.ts';
import { plan } from './plan.ts';
import { ready } from './ready.ts';
import { restart } from './restart.ts';
import { run } from './run.ts';
import { shutdown } from './shutdown.ts';
import { start } from './start.ts';
import { status } from './status.ts';
import { stop } from './stop.ts';
import { version } from './version.ts';

const help: Command = {
  name: 'help',
  summary: 'print this help, or that of a command or a variable',
  flags: [jsonFlag('{commands}; with a variable’s NAME, or "variables", {variables}')],
  operands: { usage: '[COMMAND | variables | NAME]', atMost: 1 },
  details:
    'The help of a command is the same as by "lintel COMMAND --help". With "variables": every variable that Lintel reads; with the NAME of one: what it does and what is expected.',
  examples: [
    { line: 'lintel help', does: 'all commands' },
    { line: 'lintel help logs', does: 'one command: its options and examples' },
    { line: 'lintel help PIP_REPOSITORY', does: 'one variable' },
  ],
  run: context => showHelp(GROUPS, context),
};

/** Every subcommand by what it is for, in the order of the help. */
export const GROUPS: Groups = [
  ['See how it is', [status, logs, ready, health, analyze]],
  ['Steer it', [start, stop, restart, shutdown]],
  ['Use its environment', [env, run, password]],
  ['Look at a machine, an image or a server', [check, plan, facts, doctor]],
  ['About Lintel', [version, help]],
];

export const COMMANDS: readonly Command[] = GROUPS.flatMap(([, commands]) => commands);

/** Runs a subcommand, or prints its help. Throws a LintelError for what stops it: code 2 for an unknown one. */
export async function runCommand(
  name: string,
  args: readonly string[],
  context: Omit<CommandContext, 'given'>,
): Promise<CommandResult> {
  const command = findCommand(name);
  if (asksForHelp(args)) return { text: renderCommandHelp(command, context.terminal), exitCode: 0 };
  return await command.run({ ...context, given: parseFlags(args, command) });
}

/** Behind `--` stands somebody else's. */
function asksForHelp(args: readonly string[]): boolean {
  const dashes = args.indexOf('--');
  const own = dashes === -1 ? args : args.slice(0, dashes);
  return own.includes('--help') || own.includes('-h');
}

function findCommand(name: string): Command {
  const found = COMMANDS.find(candidate => candidate.name === name);
  if (found !== undefined) return found;
  const names = COMMANDS.map(candidate => candidate.name);
  const meant = suggestWord(name, names);
  const expected = meant === undefined ? `one of ${names.join(', ')}` : `perhaps "${meant}"`;
  throw new LintelError(
    `Cannot run ${JSON.stringify(`lintel ${name}`)}: no such subcommand, expected ${expected}`,
    2,
  );
}
