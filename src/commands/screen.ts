import type { Terminal } from './terminal.ts';

/** A page of its own: what stood on the terminal is back when it closes. Its lines do not wrap, and no cursor blinks in it. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';
/** Terminals that know it show all between the two at once; others pass over it. */
const [BEGIN, END] = ['\x1b[?2026h', '\x1b[?2026l'];
const goTo = (row: number) => `\x1b[${row}H`;
/** Before a line, not behind it: behind one that fills the row it would take its last character. */
export const CLEAR_LINE = '\x1b[2K';
const CLEAR_BELOW = '\x1b[J';

const CTRL_C = '\x03';
const CTRL_Z = '\x1a';
/** What a signal ends a program with, as a shell says it. */
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

export interface Screen {
  /** Shows what `render` says now; opens the screen the first time. */
  draw(): void;
  /** Gives the terminal back as it was. Whatever ends the process does so too. */
  close(): void;
}

/**
 * A terminal that is drawn upon in place, until `close` or until somebody wants it to end: Ctrl-C, q or a signal call
 * `onEnd` with the exit code. A new size is drawn at once; Ctrl-Z gives the terminal back for as long as it takes.
 */
export function openScreen(
  terminal: Terminal,
  given: {
    /** No more lines than `rows`, none wider than `columns`. */
    readonly render: (size: Terminal) => readonly string[];
    readonly onEnd: (exitCode: number) => void;
  },
): Screen {
  const { stdin, stdout } = process;
  const handlers = new Map<NodeJS.Signals, () => void>();
  let isOpen = false;
  let isShown = false;

  const enter = () => {
    isShown = true;
    setRaw(true);
    stdout.write(ENTER);
  };
  const leave = () => {
    if (!isShown) return;
    isShown = false;
    stdout.write(LEAVE);
    setRaw(false);
  };
  const draw = () => {
    if (!isOpen) open();
    if (!isShown) return;
    const { columns, rows } = stdout;
    const lines = given.render({ ...terminal, columns: columns || undefined, rows: rows || undefined });
    const page = lines.map((line, index) => `${goTo(index + 1)}${CLEAR_LINE}${line}`).join('');
    const below = lines.length < rows ? `${goTo(lines.length + 1)}${CLEAR_BELOW}` : '';
    stdout.write(`${BEGIN}${page}${below}${END}`);
  };
  /** Nobody can continue what leads the terminal's session: there the kernel passes over the signal, and it goes on. */
  const suspend = () => {
    leave();
    process.removeListener('SIGTSTP', suspend);
    process.kill(process.pid, 'SIGTSTP');
    process.on('SIGTSTP', suspend);
    enter();
    draw();
  };
  const take = (keys: string) => {
    if (keys.includes(CTRL_C)) given.onEnd(SIGNALS.SIGINT);
    else if (keys === 'q' || keys === 'Q') given.onEnd(0);
    else if (keys === CTRL_Z) suspend();
  };

  function open(): void {
    isOpen = true;
    for (const [name, code] of Object.entries(SIGNALS) as [NodeJS.Signals, number][])
      handlers.set(name, () => given.onEnd(code));
    handlers.set('SIGTSTP', suspend);
    for (const [name, handle] of handlers) process.on(name, handle);
    // A terminal that has gone is no bug.
    stdout.on('error', ignore);
    stdout.on('resize', draw);
    process.on('exit', leave);
    if (stdin.isTTY) stdin.setEncoding('latin1').on('data', take).on('error', ignore);
    enter();
  }

  return {
    draw,
    close() {
      if (!isOpen) return;
      leave();
      process.removeListener('exit', leave);
      for (const [name, handle] of handlers) process.removeListener(name, handle);
      stdout.removeListener('resize', draw);
      if (stdin.isTTY) stdin.removeListener('data', take).pause();
    },
  };
}

/** Keys one by one, and none of them shown. */
function setRaw(isRaw: boolean): void {
  if (process.stdin.isTTY) process.stdin.setRawMode(isRaw);
}

function ignore(): void {}
