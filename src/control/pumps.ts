import type { History, HistoryLine } from '../log/history.ts';
import type { CheckedRequestOf, ResponseOf } from './routes.ts';
import type { Subject } from './subject.ts';

/** Where an answer of many lines goes. */
export interface LineStream<T> {
  /** False: enough for now, `onDrain` calls when there is room again. Nothing is lost either way. */
  write(values: readonly T[]): boolean;
  onDrain(listener: () => void): void;
  end(): void;
}

/** A state that flaps is shown this often. Milliseconds. */
const STATUS_INTERVAL_MS = 50;
/** What comes while a client reads too slowly is kept up to this size; then it is left out and counted. */
const MOST_PENDING_CHARACTERS = 1024 * 1024;
/** What a line costs besides its text. */
const LINE_CHARACTERS = 64;
/** Lines are written together up to this many. */
const BATCH_LINES = 500;

/** The status now and after each change; a slow client gets the latest one when it has room. */
export function pumpStatus(
  subject: Subject,
  stream: LineStream<ResponseOf<'status'>>,
  look: () => ResponseOf<'status'>,
): () => void {
  let hasRoom = true;
  let isDue = false;
  let timer: NodeJS.Timeout | undefined;
  const send = () => {
    timer = undefined;
    if (!isDue || !hasRoom) return;
    isDue = false;
    hasRoom = stream.write([look()]);
  };
  const plan = () => {
    isDue = true;
    timer ??= setTimeout(send, STATUS_INTERVAL_MS);
  };
  stream.onDrain(() => {
    hasRoom = true;
    if (isDue) plan();
  });
  const unwatch = subject.watch(plan);
  hasRoom = stream.write([look()]);
  return () => {
    unwatch();
    clearTimeout(timer);
  };
}

type LogValue = ResponseOf<'logs'>;

/** The last lines, and with `follow` each that comes, in order, with a note where some had to be left out. */
export function pumpLogs(
  history: History,
  stream: LineStream<LogValue>,
  { lines, follow, name }: CheckedRequestOf<'logs'>,
): () => void {
  const last = history.read({ sources: name, lines: lines ?? USUAL_LINES });
  let pending: (HistoryLine | { skipped: number })[] = [];
  let pendingCharacters = 0;
  let hasRoom = true;
  let planned: NodeJS.Immediate | undefined;

  /** Empty when there is nothing to say. */
  const takeBatch = () => {
    const batch: LogValue[] = [];
    for (let next = last.next(); next.done !== true; next = last.next()) {
      batch.push(next.value);
      if (batch.length === BATCH_LINES) return batch;
    }
    if (batch.length > 0) return batch;
    const later = pending.slice(0, BATCH_LINES);
    pending = pending.slice(BATCH_LINES);
    for (const line of later) if ('text' in line) pendingCharacters -= sizeOf(line);
    return later;
  };
  const flush = () => {
    planned = undefined;
    while (hasRoom) {
      const batch = takeBatch();
      if (batch.length > 0) {
        hasRoom = stream.write(batch);
        continue;
      }
      if (follow === undefined) stream.end();
      return;
    }
  };
  const add = (line: HistoryLine) => {
    if (name !== undefined && !name.includes(line.source)) return;
    const last = pending.at(-1);
    const size = sizeOf(line);
    if (pendingCharacters + size <= MOST_PENDING_CHARACTERS) {
      pending.push(line);
      pendingCharacters += size;
    } else if (last !== undefined && 'skipped' in last) last.skipped += 1;
    else pending.push({ skipped: 1 });
    if (hasRoom) planned ??= setImmediate(flush);
  };

  stream.onDrain(() => {
    hasRoom = true;
    flush();
  });
  const unfollow = follow === undefined ? () => undefined : history.follow(add);
  flush();
  return () => {
    unfollow();
    if (planned !== undefined) clearImmediate(planned);
  };
}

function sizeOf({ text }: HistoryLine): number {
  return text.length + LINE_CHARACTERS;
}

/** How many lines are shown when nobody says it. */
const USUAL_LINES = 100;
