import type { Problem } from '../errors.ts';
import type { S6File, ServiceFact } from './folder.ts';
import { isS6Interpreter } from './shebang.ts';

/** What s6's own files in a service's folder say; undefined where they say nothing. Times in milliseconds. */
export interface S6Folder {
  /** Made for s6: no service.json, and an interpreter or a file that only s6 has. It runs in its folder, as under s6. */
  readonly isS6Style: boolean;
  /** Its `run` is written in s6's own way, so it is Lintel's own user who runs it, and it who drops to another. */
  readonly runsAsSelf: boolean;
  readonly isDownAtStart: boolean;
  readonly stopSignal: NodeJS.Signals | undefined;
  readonly stopTimeoutMs: number | undefined;
  readonly finishTimeoutMs: number | undefined;
  readonly notifyFd: number | undefined;
  readonly deathTally: number | undefined;
}

/** s6's "as long as it takes": longer than any container waits. */
const FOREVER_MS = 86_400_000;
/** 0 to 2 are taken; more than this no process of a service has open at its start. */
const NOTIFY_FD = { from: 3, to: 1023 } as const;
/** s6's own limit. */
const MAX_DEATHS = 4096;
/** Of Linux on every processor that Lintel runs on; the first is number 1. */
const SIGNALS =
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS'.split(
    ' ',
  );

/** Pure. `signals` are the names that the system knows. */
export function parseS6Folder(
  fact: ServiceFact,
  signals: ReadonlySet<string>,
): { readonly s6: S6Folder; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const hasJson = fact.json !== undefined;
  const isWritten = isS6Interpreter(fact.run?.interpreter);

  function read<T>(name: S6File, expected: string, parse: (word: string) => T | undefined): T | undefined {
    const file = fact.s6[name];
    if (file === undefined) return undefined;
    const value = 'text' in file ? parse(file.text.trim()) : undefined;
    if (value !== undefined) return value;
    const seen = 'text' in file ? JSON.stringify(file.text.trim().slice(0, SEEN_LIMIT)) : file.trouble;
    problems.push({ what: `${fact.folder}/${name}`, seen, expected, fatal: true });
    return undefined;
  }

  const number = (name: S6File, range: { readonly from: number; readonly to: number }) =>
    read(name, `a whole number from ${range.from} to ${range.to}`, word => parseNumber(word, range));
  const time = (name: S6File) =>
    read(name, `a whole number of milliseconds from 0 (for ever) to ${FOREVER_MS}`, parseTime);

  const s6: S6Folder = {
    isS6Style: !hasJson && (isWritten || Object.keys(fact.s6).length > 0),
    runsAsSelf: !hasJson && isWritten,
    isDownAtStart: fact.s6.down !== undefined,
    stopSignal: read('down-signal', 'a signal by name or number, such as INT', word =>
      parseSignal(word, signals),
    ),
    stopTimeoutMs: time('timeout-kill'),
    finishTimeoutMs: time('timeout-finish'),
    notifyFd: number('notification-fd', NOTIFY_FD),
    deathTally: number('max-death-tally', { from: 0, to: MAX_DEATHS }),
  };
  return { s6, problems };
}

const SEEN_LIMIT = 40;

function parseNumber(
  word: string,
  { from, to }: { readonly from: number; readonly to: number },
): number | undefined {
  const number = /^\d{1,9}$/.test(word) ? Number(word) : Number.NaN;
  return number >= from && number <= to ? number : undefined;
}

function parseTime(word: string): number | undefined {
  const timeMs = parseNumber(word, { from: 0, to: FOREVER_MS });
  return timeMs === 0 ? FOREVER_MS : timeMs;
}

/** "INT", "SIGINT" or "2". */
function parseSignal(word: string, signals: ReadonlySet<string>): NodeJS.Signals | undefined {
  const upper = word.toUpperCase();
  const name = SIGNALS[Number(word) - 1] ?? (upper.startsWith('SIG') ? upper.slice('SIG'.length) : upper);
  return signals.has(`SIG${name}`) ? (`SIG${name}` as NodeJS.Signals) : undefined;
}
