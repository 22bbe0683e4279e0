import type { CommandContext } from './command.ts';
import { CLEAR_LINE } from './screen.ts';
import type { Terminal } from './terminal.ts';
import { cut } from './width.ts';

/** A line that says what goes on, in the place where the answer will stand. */
export interface ProgressLine {
  show(line: string): void;
  /** Before the answer is written. */
  clear(): Promise<void>;
}

const SILENT: ProgressLine = { show: () => undefined, clear: async () => undefined };

/** Only on a terminal that can be drawn upon; undefined is none. */
export function makeProgressLine(
  terminal: Terminal | undefined,
  write: CommandContext['write'],
): ProgressLine {
  if (terminal?.isTerminal !== true || terminal.isDumb === true) return SILENT;
  // A line that wraps could not be taken back.
  const room = (terminal.columns ?? Number.POSITIVE_INFINITY) - 1;
  let last = Promise.resolve();
  // From the line's beginning, and nothing is left of what stood there.
  const draw = (line: string) => {
    last = last.then(() => write(`\r${CLEAR_LINE}${line}`));
    return last;
  };
  return {
    // What can't be written is told where the answer can't be.
    show: line => void draw(cut(line, room)).catch(() => undefined),
    clear: () => draw(''),
  };
}
