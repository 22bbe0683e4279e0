import { LintelError } from '../errors.ts';
import { suggestWord } from '../settings/suggest.ts';
import { type Command, type CommandContext, type CommandResult, JSON_FLAG } from './command.ts';
import { doctor } from './doctor.ts';
import { env } from './env.ts';
import { facts } from './facts.ts';
import { parseFlags } from './flags.ts';
import { health } from './health.ts';
import { makeCommandHelp, makeHelp } from './help.ts';
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
  summary: 'print this help, or that of one command',
  flags: [JSON_FLAG],
  operands: { usage: '[COMMAND]', atMost: 1 },
  details: 'The same as "lintel COMMAND --help".',
  examples: [
    { line: 'lintel help', does: 'all commands and all variables' },
    { line: 'lintel help logs', does: 'one command: its options and examples' },
  ],
  run({ given }) {
    const [name] = given.operands;
    const wanted = name === undefined ? COMMANDS : [findCommand(name)];
    if (given.has('--json')) return { text: `${JSON.stringify(wanted, null, 2)}\n`, exitCode: 0 };
    return {
      text: name === undefined ? makeHelp(COMMANDS) : wanted.map(makeCommandHelp).join(''),
      exitCode: 0,
    };
  },
};

/** Every subcommand, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  status,
  start,
  stop,
  restart,
  logs,
  ready,
  health,
  env,
  run,
  shutdown,
  password,
  plan,
  facts,
  doctor,
  version,
  help,
];

/** Runs a subcommand, or prints its help. Throws a LintelError for what stops it: code 2 for an unknown one. */
export async function runCommand(
  name: string,
  args: readonly string[],
  context: Omit<CommandContext, 'given'>,
): Promise<CommandResult> {
  const command = findCommand(name);
  if (asksForHelp(args)) return { text: makeCommandHelp(command), exitCode: 0 };
  return command.run({ ...context, given: parseFlags(args, command) });
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
