import { VARIABLES } from '../settings/variables.ts';
import type { Command } from './command.ts';

/** Made from the list of commands and the list of variables, so it can't be out of date. */
export function makeHelp(commands: readonly Command[]): string {
  const lines = commands.map(
    ({ name, usage, summary }) => [`lintel ${name} ${usage}`.trimEnd(), summary] as const,
  );
  const variables = Object.values(VARIABLES).map(({ names, doc }) => [names[0] ?? '', doc] as const);
  return [
    'Lintel boots a workbench: it applies the platform’s settings, runs cont-init.d and supervises services.',
    '',
    'As PID 1:  /init [CMD…]      (see lintel plan for what it would do)',
    '',
    ...table(lines),
    '',
    'Variables:',
    ...table(variables),
    '',
  ].join('\n');
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`);
}
