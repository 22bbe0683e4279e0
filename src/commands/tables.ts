import { escapeLine } from '../printable.ts';
import { type Colour, paint, type Terminal } from './terminal.ts';
import { cut, measure } from './width.ts';

export interface Cell {
  readonly text: string;
  readonly colour?: Colour | undefined;
}

const GAP = '  ';
const LEAST_COLUMNS = 20;

/** Lines of aligned columns. On a terminal the last column is cut so that each row is one line. */
export function renderTable(rows: readonly (readonly Cell[])[], terminal: Terminal): string[] {
  const safe = rows.map(row => row.map(({ text, colour }) => ({ text: escapeLine(text), colour })));
  const widths = (safe[0] ?? []).map((_, index) =>
    Math.max(...safe.map(row => measure(row[index]?.text ?? ''))),
  );
  return safe.map(row => renderRow(row, widths, terminal));
}

function renderRow(row: readonly Cell[], widths: readonly number[], terminal: Terminal): string {
  let left = Math.max(terminal.columns ?? Number.POSITIVE_INFINITY, LEAST_COLUMNS);
  let line = '';
  for (const [index, { text, colour }] of row.entries()) {
    const isLast = index === row.length - 1;
    const shown = cut(text, left);
    const padding = isLast ? '' : ' '.repeat(Math.max(0, (widths[index] ?? 0) - measure(shown)));
    line += paint(shown, colour, terminal) + (isLast ? '' : padding + GAP);
    left = Math.max(0, left - measure(shown) - padding.length - GAP.length);
  }
  return line.trimEnd();
}
