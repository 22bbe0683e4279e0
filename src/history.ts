import { readClockMs } from './clock.ts';

/**
 * The last lines of every service and script, and Lintel's own: for `lintel logs` and for the reason of a death.
 * Bounded for each source, so that one that floods takes nothing from the others.
 */
export interface History {
  /** Whole lines, as latin1. */
  add(source: string, stream: Stream, lines: string): void;
  /** A place in what a source has said so far, to be given to `tail` later. */
  mark(source: string): number;
  /** The last characters that the source has said since `mark`, as latin1; at most `limit`. */
  tail(source: string, mark: number, limit: number): string;
  /** The last `lines` lines of these sources, or of all, oldest first. */
  read(wanted: { readonly sources?: readonly string[] | undefined; readonly lines: number }): HistoryLine[];
  /** Tells of whatever is added from now on; returns the way to end that. */
  follow(listener: (line: HistoryLine) => void): () => void;
}

export type Stream = 'stdout' | 'stderr';

export interface HistoryLine {
  readonly source: string;
  readonly stream: Stream;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  /** Without its newline; bytes that are no UTF-8 are shown as U+FFFD. */
  readonly text: string;
}

interface Chunk {
  readonly order: number;
  readonly stream: Stream;
  readonly clockMs: number;
  readonly lines: string;
}

interface Ring {
  readonly chunks: Chunk[];
  kept: number;
  total: number;
}

/** Characters kept of each source, and chunks: a source that writes line by line has one chunk a line. */
const LIMIT_CHARACTERS = 64 * 1024;
const LIMIT_CHUNKS = 1000;

export function makeHistory(): History {
  const rings = new Map<string, Ring>();
  const followers = new Set<(line: HistoryLine) => void>();
  let order = 0;

  function ringOf(source: string): Ring {
    const found = rings.get(source);
    if (found !== undefined) return found;
    const made = { chunks: [], kept: 0, total: 0 };
    rings.set(source, made);
    return made;
  }

  return {
    add(source, stream, lines) {
      if (lines === '') return;
      order += 1;
      const kept = lines.length > LIMIT_CHARACTERS ? lastLines(lines, LIMIT_CHARACTERS) : lines;
      const chunk = { order, stream, clockMs: readClockMs(), lines: kept };
      const ring = ringOf(source);
      ring.total += lines.length;
      ring.kept += kept.length;
      ring.chunks.push(chunk);
      trim(ring);
      if (followers.size === 0) return;
      for (const line of cut(source, chunk)) for (const follower of followers) follower(line);
    },
    mark: source => rings.get(source)?.total ?? 0,
    tail(source, mark, limit) {
      const ring = rings.get(source);
      if (ring === undefined) return '';
      const said = Math.min(ring.total - mark, limit);
      let text = '';
      for (let index = ring.chunks.length - 1; index >= 0 && text.length < said; index--)
        text = (ring.chunks[index]?.lines ?? '') + text;
      return said <= 0 ? '' : text.slice(-said);
    },
    read({ sources, lines }) {
      const wanted = [...rings].filter(([source]) => sources === undefined || sources.includes(source));
      const chunks = wanted.flatMap(([source, ring]) => ring.chunks.map(chunk => ({ source, chunk })));
      chunks.sort((a, b) => a.chunk.order - b.chunk.order);
      const all = chunks.flatMap(({ source, chunk }) => cut(source, chunk));
      return lines === 0 ? [] : all.slice(-lines);
    },
    follow(listener) {
      followers.add(listener);
      return () => void followers.delete(listener);
    },
  };
}

function trim(ring: Ring): void {
  while (ring.chunks.length > LIMIT_CHUNKS || ring.kept > LIMIT_CHARACTERS) {
    const oldest = ring.chunks[0];
    if (oldest === undefined || ring.chunks.length === 1) return;
    ring.chunks.shift();
    ring.kept -= oldest.lines.length;
  }
}

/** The last whole lines that fit; the end of a single one that does not. */
function lastLines(lines: string, limit: number): string {
  const end = lines.slice(-limit);
  const newline = end.indexOf('\n');
  return newline === end.length - 1 ? end : end.slice(newline + 1);
}

function cut(source: string, { stream, clockMs, lines }: Chunk): HistoryLine[] {
  const timeMs = Math.round(Date.now() - (readClockMs() - clockMs));
  const texts = Buffer.from(lines, 'latin1').toString('utf8').slice(0, -1).split('\n');
  return texts.map(text => ({ source, stream, timeMs, text }));
}
