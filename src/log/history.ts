import { readClockMs } from '../clock.ts';

/**
 * The last lines of every service and script, and Lintel's own: for `lintel logs` and for the reason of a death.
 * Bounded for each source, so that one that floods takes nothing from the others.
 */
export interface History {
  /** Whole lines. They are copied. */
  add(source: string, stream: Stream, lines: Buffer): void;
  /** A place in what a source has said so far, to be given to `tail` later. */
  mark(source: string): number;
  /** The last bytes that the source has said since `mark`, at most `limit`, as text. */
  tail(source: string, mark: number, limit: number): string;
  /**
   * The last `lines` lines of these sources, or of all, oldest first, as they are now. A line is made when it is
   * taken: short ones would else be memory by the hundred megabytes.
   */
  read(wanted: {
    readonly sources?: readonly string[] | undefined;
    readonly lines: number;
  }): Generator<HistoryLine, void>;
  /** All who have said something. */
  sources(): string[];
  /** Tells of whatever is added from now on; returns the way to end that. */
  follow(listener: (line: HistoryLine) => void): () => void;
}

export type Stream = 'stdout' | 'stderr';

export interface HistoryLine {
  readonly source: string;
  readonly stream: Stream;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  /** Without its newline, or CR and newline; bytes that are no UTF-8 are shown as U+FFFD. */
  readonly text: string;
}

/** Lines that came together. */
interface Chunk {
  readonly order: number;
  readonly stream: Stream;
  readonly clockMs: number;
  /** Place and length in all that the source has said. */
  readonly at: number;
  readonly length: number;
}

/**
 * What one source has said lately. `bytes` holds everything from `begin` on; when it is full, what is too old is
 * overwritten by the rest.
 */
interface Tape {
  bytes: Buffer;
  begin: number;
  /** All that the source has ever said, in bytes. */
  total: number;
  chunks: Chunk[];
}

/** Bytes that are kept of each source at least, and chunks: a source that writes line by line has one chunk a line. */
const KEPT_BYTES = 64 * 1024;
const KEPT_CHUNKS = 1000;
/** A service that says little takes little. */
const FIRST_BYTES = 2 * 1024;
const NEWLINE = 10;
const RETURN = 13;

export function makeHistory(): History {
  const tapes = new Map<string, Tape>();
  const followers = new Set<(line: HistoryLine) => void>();
  let order = 0;

  function tapeOf(source: string): Tape {
    const found = tapes.get(source);
    if (found !== undefined) return found;
    const made = { bytes: Buffer.allocUnsafeSlow(FIRST_BYTES), begin: 0, total: 0, chunks: [] };
    tapes.set(source, made);
    return made;
  }

  return {
    add(source, stream, lines) {
      order += 1;
      const tape = tapeOf(source);
      const kept = lastLines(lines);
      record(tape, kept);
      const chunk = {
        order,
        stream,
        clockMs: readClockMs(),
        at: tape.total - kept.length,
        length: kept.length,
      };
      tape.chunks.push(chunk);
      if (tape.chunks.length > 2 * KEPT_CHUNKS) tape.chunks = tape.chunks.slice(-KEPT_CHUNKS);
      if (followers.size === 0) return;
      for (const line of cut(source, tape, chunk)) for (const follower of followers) follower(line);
    },
    mark: source => tapes.get(source)?.total ?? 0,
    tail(source, mark, limit) {
      const tape = tapes.get(source);
      if (tape === undefined) return '';
      const from = Math.max(mark, tape.begin, tape.total - limit);
      return tape.bytes.toString('utf8', from - tape.begin, tape.total - tape.begin).replaceAll('\r\n', '\n');
    },
    read({ sources, lines }) {
      const wanted = [...tapes].filter(([source]) => sources === undefined || sources.includes(source));
      const chunks = wanted.flatMap(([source, tape]) => tape.chunks.map(chunk => ({ source, tape, chunk })));
      chunks.sort((a, b) => a.chunk.order - b.chunk.order);
      return cutAll(copyLast(chunks, lines));
    },
    sources: () => [...tapes.keys()],
    follow(listener) {
      followers.add(listener);
      return () => void followers.delete(listener);
    },
  };
}

function record(tape: Tape, lines: Buffer): void {
  const used = tape.total - tape.begin;
  if (used + lines.length > tape.bytes.length) makeRoom(tape, lines.length);
  lines.copy(tape.bytes, tape.total - tape.begin);
  tape.total += lines.length;
}

/** A larger tape, up to twice of what is kept; then the older half is given up. */
function makeRoom(tape: Tape, size: number): void {
  const used = tape.total - tape.begin;
  const wanted = used + size;
  if (wanted > 2 * KEPT_BYTES) {
    const kept = Math.min(used, KEPT_BYTES);
    tape.bytes.copy(tape.bytes, 0, used - kept, used);
    tape.begin = tape.total - kept;
    tape.chunks = tape.chunks.filter(({ at }) => at >= tape.begin);
  }
  const needed = tape.total - tape.begin + size;
  if (needed <= tape.bytes.length) return;
  const larger = Buffer.allocUnsafeSlow(Math.min(2 * KEPT_BYTES, Math.max(needed, 2 * tape.bytes.length)));
  tape.bytes.copy(larger, 0, 0, tape.total - tape.begin);
  tape.bytes = larger;
}

/** The last whole lines that fit; the end of a single one that does not. */
function lastLines(lines: Buffer): Buffer {
  if (lines.length <= KEPT_BYTES) return lines;
  const end = lines.subarray(-KEPT_BYTES);
  const newline = end.indexOf(NEWLINE);
  return newline === end.length - 1 ? end : end.subarray(newline + 1);
}

/** Lines that came together, apart from the tape, which goes on. */
interface Excerpt extends Pick<HistoryLine, 'source' | 'stream' | 'timeMs'> {
  readonly bytes: Buffer;
}

interface Found {
  readonly source: string;
  readonly tape: Tape;
  readonly chunk: Chunk;
}

/** The last `lines` lines of the chunks, in their order. */
function copyLast(chunks: readonly Found[], lines: number): Excerpt[] {
  const excerpts: Excerpt[] = [];
  let left = lines;
  for (let index = chunks.length - 1; index >= 0 && left > 0; index--) {
    const { source, tape, chunk } = chunks[index] as Found;
    const bytes = bytesOf(tape, chunk);
    const { from, count } = findLast(bytes, left);
    left -= count;
    excerpts.push({
      source,
      stream: chunk.stream,
      timeMs: timeOf(chunk),
      bytes: Buffer.from(bytes.subarray(from)),
    });
  }
  return excerpts.reverse();
}

/** Where the last `most` of these whole lines begin, and how many they are. */
function findLast(bytes: Buffer, most: number): { readonly from: number; readonly count: number } {
  let count = 0;
  let from = bytes.length;
  while (from > 0 && count < most) {
    from = from < 2 ? 0 : bytes.lastIndexOf(NEWLINE, from - 2) + 1;
    count += 1;
  }
  return { from, count };
}

function* cutAll(excerpts: readonly Excerpt[]): Generator<HistoryLine, void> {
  for (const { source, stream, timeMs, bytes } of excerpts) {
    for (let from = 0; from < bytes.length; ) {
      const end = bytes.indexOf(NEWLINE, from);
      yield { source, stream, timeMs, text: bytes.toString('utf8', from, withoutReturn(bytes, from, end)) };
      from = end + 1;
    }
  }
}

/** Programs that think of a terminal end their lines with CR and newline, as sshd does. */
function withoutReturn(bytes: Buffer, from: number, end: number): number {
  return end > from && bytes[end - 1] === RETURN ? end - 1 : end;
}

/** What has just been said, for those who follow. */
function cut(source: string, tape: Tape, chunk: Chunk): Generator<HistoryLine, void> {
  return cutAll([{ source, stream: chunk.stream, timeMs: timeOf(chunk), bytes: bytesOf(tape, chunk) }]);
}

function bytesOf({ bytes, begin }: Tape, { at, length }: Chunk): Buffer {
  return bytes.subarray(at - begin, at - begin + length);
}

function timeOf({ clockMs }: Chunk): number {
  return Math.round(Date.now() - (readClockMs() - clockMs));
}
