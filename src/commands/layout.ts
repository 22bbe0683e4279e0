import type { Terminal } from './terminal.ts';
import { measure, wrap } from './width.ts';

/** Lines longer than this are hard to read; shorter than that there is no room for words. Columns. */
const MOST_COLUMNS = 100;
const LEAST_COLUMNS = 40;
/** Where nobody says how wide it is: a file, a pipe. */
const USUAL_COLUMNS = 80;
const MARGIN = '  ';
const INDENT = '      ';
/** Beside the names the texts have at least so much room, or stand below them. */
const LEAST_TEXT_COLUMNS = 36;

/** How wide words are set. */
export function chooseColumns({ columns = USUAL_COLUMNS }: Pick<Terminal, 'columns'>): number {
  return Math.max(LEAST_COLUMNS, Math.min(columns, MOST_COLUMNS));
}

/** The text in lines; all but the first one begin with `indent`. */
export function renderParagraph(text: string, terminal: Pick<Terminal, 'columns'>, indent = ''): string[] {
  const lines = wrap(text, chooseColumns(terminal) - indent.length);
  return lines.map((line, index) => (index === 0 ? line : `${indent}${line}`));
}

/** Names, and beside or below them what is said of each. */
export function renderEntries(
  rows: readonly (readonly [string, string])[],
  terminal: Pick<Terminal, 'columns'>,
): string[] {
  const columns = chooseColumns(terminal);
  const widest = Math.max(...rows.map(([name]) => measure(name)));
  const room = columns - 2 * MARGIN.length - widest;
  if (room < LEAST_TEXT_COLUMNS) return renderBelow(rows, terminal);
  return rows.flatMap(([name, text]) =>
    wrap(text, room).map((line, index) => {
      const beside = index === 0 ? name : '';
      return `${MARGIN}${beside}${' '.repeat(widest - measure(beside))}${MARGIN}${line}`;
    }),
  );
}

/** Names, and below each what is said of it. */
export function renderBelow(
  rows: readonly (readonly [string, string])[],
  terminal: Pick<Terminal, 'columns'>,
): string[] {
  const room = chooseColumns(terminal) - INDENT.length;
  return rows.flatMap(([name, text]) => [
    `${MARGIN}${name}`,
    ...wrap(text, room).map(line => `${INDENT}${line}`),
  ]);
}
