import { VARIABLES } from '../settings/variables.ts';
import type { Command } from './command.ts';
import type { Flag } from './flags.ts';

const HELP_FLAG: Flag = { name: '--help', short: '-h', doc: 'print this help' };

/** Made from the list of commands and the list of variables, so it can't be out of date. */
export function makeHelp(commands: readonly Command[]): string {
  const variables = Object.values(VARIABLES).map(({ names, doc }) => [names[0] ?? '', doc] as const);
  return [
    'Lintel boots a workbench: it applies the platform’s settings, runs cont-init.d and supervises services.',
    '',
    'As PID 1:  /init [CMD…]      (see lintel plan for what it would do)',
    '',
    ...table(commands.map(command => [renderUsage(command), command.summary])),
    '',
    'lintel help COMMAND says more. Exit codes: 0 ok, 1 failed, 2 usage, 3 Lintel does not run here.',
    '',
    'Variables:',
    ...table(variables),
    '',
  ].join('\n');
}

/** What `lintel help NAME` and `lintel NAME --help` print. */
export function makeCommandHelp(command: Command): string {
  return [
    `${command.summary[0]?.toUpperCase() ?? ''}${command.summary.slice(1)}.`,
    '',
    `Usage: ${renderUsage(command)}`,
    '',
    ...wrap(command.details),
    '',
    'Options:',
    ...table(listFlags(command)),
    '',
    'Examples:',
    ...table(command.examples.map(({ line, does }) => [line, does])),
    '',
  ].join('\n');
}

/** "lintel logs [--follow] [--lines N] [--json] [NAME…]" */
export function renderUsage({ name, flags, operands }: Command): string {
  const options = flags.map(flag => `[${flag.name}${flag.value === undefined ? '' : ` ${flag.value}`}]`);
  return ['lintel', name, ...options, operands?.usage ?? ''].join(' ').trimEnd();
}

/** "-n, --lines N" and what it does. */
export function listFlags({ flags }: Command): [string, string][] {
  return [...flags, HELP_FLAG].map(({ name, short, value, doc }) => [
    `${short === undefined ? '' : `${short}, `}${name}${value === undefined ? '' : ` ${value}`}`,
    doc,
  ]);
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`);
}

const LINE_CHARACTERS = 100;

function wrap(text: string): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last.length + word.length >= LINE_CHARACTERS) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}
