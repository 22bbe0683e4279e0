import type { Environment } from '../launch/environ.ts';
import { isTerminal } from '../terminal.ts';

/** What stdout is, as far as it decides how things look. */
export interface Terminal {
  readonly isTerminal: boolean;
  readonly hasColours: boolean;
  /** undefined where lines may be as long as they like. */
  readonly columns: number | undefined;
  readonly rows: number | undefined;
  /** It can't be drawn upon: what is new is written below. */
  readonly isDumb?: boolean;
}

/** Colours only on a terminal that has them, and never under NO_COLOR (https://no-color.org). */
export function readTerminal(environment: Environment): Terminal {
  if (!isTerminal(1)) return { isTerminal: false, hasColours: false, columns: undefined, rows: undefined };
  const isDumb = environment['TERM'] === 'dumb';
  const hasColours = (environment['NO_COLOR'] ?? '') === '' && !isDumb;
  const { columns, rows } = process.stdout;
  return { isTerminal: true, isDumb, hasColours, columns: columns || undefined, rows: rows || undefined };
}

const COLOURS = { dim: '\x1b[2m', red: '\x1b[31m', green: '\x1b[32m', yellow: '\x1b[33m' } as const;
export type Colour = keyof typeof COLOURS;

export function paint(text: string, colour: Colour | undefined, { hasColours }: Terminal): string {
  return hasColours && colour !== undefined && text !== '' ? `${COLOURS[colour]}${text}\x1b[0m` : text;
}
