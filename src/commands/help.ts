import { LintelError } from '../errors.ts';
import { suggestName, suggestWord } from '../settings/suggest.ts';
import type { Command, CommandContext, CommandResult } from './command.ts';
import type { Flag } from './flags.ts';
import { renderEntries, renderParagraph } from './layout.ts';
import type { Terminal } from './terminal.ts';
import { describeVariables, findVariable, listNames, renderTopics, renderVariable } from './variables.ts';

/** Commands under the word that says what they are for. */
export type Groups = readonly (readonly [string, readonly Command[]])[];

const HELP_FLAG: Flag = { name: '--help', short: '-h', doc: 'print this help' };
/** What `lintel help` takes besides the names of commands and variables. */
const ALL_VARIABLES = 'variables';

const NO_BREAK = '\u00a0';
/** More names than these are no help. */
const MOST_ALIKE = 5;

export const EXIT_CODES = '0 ok, 1 failed, 2 usage, 3 Lintel does not run here; 130 after Ctrl-C';

/** `lintel help`, with one operand at most: nothing, "variables", or the name of a command or a variable. */
export function showHelp(groups: Groups, { given, terminal }: CommandContext): CommandResult {
  const [name] = given.operands;
  const isJson = given.has('--json');
  const commands = groups.flatMap(([, members]) => members);
  if (name === undefined)
    return print(isJson ? { commands: commands.map(describeCommand) } : renderHelp(groups, terminal));
  if (name === ALL_VARIABLES)
    return print(isJson ? { variables: describeVariables() } : renderTopics(terminal));
  const command = commands.find(candidate => candidate.name === name);
  if (command !== undefined)
    return print(isJson ? { commands: [describeCommand(command)] } : renderCommandHelp(command, terminal));
  const variable = findVariable(name);
  if (variable !== undefined)
    return print(isJson ? { variables: describeVariables(name) } : renderVariable(variable, terminal));
  throw refuse(name, commands);
}

function print(answer: string | object): CommandResult {
  return {
    text: typeof answer === 'string' ? answer : `${JSON.stringify(answer, null, 2)}\n`,
    exitCode: 0,
  };
}

function refuse(name: string, commands: readonly Command[]): LintelError {
  const words = [...commands.map(command => command.name), ALL_VARIABLES];
  const meant = suggestWord(name, words) ?? suggestName(name, listNames());
  const alike = meant === undefined ? listNames().filter(one => one.includes(name.toUpperCase())) : [meant];
  const expected =
    alike.length === 0 || alike.length > MOST_ALIKE
      ? `a command, a variable or "${ALL_VARIABLES}"`
      : `perhaps ${alike.join(' or ')}`;
  return new LintelError(
    `Cannot help with ${JSON.stringify(name)}: no such command or variable, expected ${expected}`,
    2,
  );
}

/** Made from the list of commands, so it can't be out of date. */
export function renderHelp(groups: Groups, terminal: Terminal): string {
  const widest = Math.max(...groups.flatMap(([, commands]) => commands.map(({ name }) => name.length)));
  const sections = groups.map(([title, commands]) => [
    `${title}:`,
    ...renderEntries(
      commands.map(({ name, summary }) => [name.padEnd(widest), summary]),
      terminal,
    ),
    '',
  ]);
  return [
    ...renderParagraph(
      'Lintel boots a workbench: it applies the platform’s settings, runs cont-init.d and supervises services.',
      terminal,
    ),
    '',
    ...renderEntries(
      [
        ['/init [CMD…]', 'boot, as PID 1'],
        ['lintel COMMAND …', 'look at a workbench that runs, and steer it'],
      ],
      terminal,
    ),
    '',
    ...sections.flat(),
    ...renderEntries(
      [
        ['lintel help COMMAND', 'its options and examples, as lintel COMMAND --help'],
        [`lintel help ${ALL_VARIABLES}`, 'every variable that Lintel reads'],
        ['lintel help NAME', 'one of them, such as PIP_REPOSITORY'],
      ],
      terminal,
    ),
    '',
    ...renderParagraph(`Exit codes: ${EXIT_CODES}.`, terminal),
    '',
  ].join('\n');
}

/** What `lintel help NAME` and `lintel NAME --help` print. */
export function renderCommandHelp(command: Command, terminal: Terminal): string {
  return [
    `${command.summary[0]?.toUpperCase() ?? ''}${command.summary.slice(1)}.`,
    '',
    ...wrapUsage(command, terminal),
    '',
    ...renderParagraph(command.details, terminal),
    '',
    'Options:',
    ...renderEntries(listFlags(command), terminal),
    '',
    'Examples:',
    ...renderEntries(
      command.examples.map(({ line, does }) => [line, does]),
      terminal,
    ),
    '',
  ].join('\n');
}

/** "lintel logs [--follow] [--lines N] [--json] [NAME…]" */
export function renderUsage({ name, flags, operands }: Command): string {
  const options = flags.map(flag => `[${flag.name}${flag.value === undefined ? '' : ` ${flag.value}`}]`);
  return ['lintel', name, ...options, operands?.usage ?? ''].join(' ').trimEnd();
}

/** An option and its value stay on one line. */
function wrapUsage(command: Command, terminal: Terminal): string[] {
  const joined = renderUsage(command).replaceAll(/\[[^[\]]*\]/g, part => part.replaceAll(' ', NO_BREAK));
  const lines = renderParagraph(`Usage: ${joined}`, terminal, '       ');
  return lines.map(line => line.replaceAll(NO_BREAK, ' '));
}

/** "-n, --lines N" and what it does. */
export function listFlags({ flags }: Command): [string, string][] {
  return [...flags, HELP_FLAG].map(({ name, short, value, doc }) => [
    `${short === undefined ? '' : `${short}, `}${name}${value === undefined ? '' : ` ${value}`}`,
    doc,
  ]);
}

function describeCommand(command: Command): object {
  const { name, summary, details, flags, examples } = command;
  return { name, summary, usage: renderUsage(command), details, options: [...flags, HELP_FLAG], examples };
}
