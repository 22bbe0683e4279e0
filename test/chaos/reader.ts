import type { Readable } from 'node:stream';

/** Reads what Lintel and its services write, and keeps what Lintel itself says. */
export interface Reader {
  readonly bytes: number;
  /** Its own lines that speak of a bug. */
  readonly bugs: readonly string[];
  setReading(isReading: boolean): void;
}

const LONGEST_LINE = 1024 * 1024;
const MOST_BUGS = 100;

/** `onLine` is given each line of Lintel's own. */
export function readLog(streams: readonly Readable[], onLine: (line: string) => void): Reader {
  const reader = { bytes: 0, bugs: [] as string[] };
  const take = (line: string) => {
    if (!line.startsWith('lintel: ') && !line.startsWith('    at ')) return;
    onLine(line);
    if (/\bBug\b/.test(line) && reader.bugs.length < MOST_BUGS) reader.bugs.push(line);
  };
  for (const stream of streams) {
    let rest = '';
    stream.setEncoding('latin1').on('data', (chunk: string) => {
      reader.bytes += chunk.length;
      const lines = (rest + chunk).split('\n');
      rest = (lines.pop() ?? '').slice(-LONGEST_LINE);
      for (const line of lines) take(line);
    });
  }
  return {
    get bytes() {
      return reader.bytes;
    },
    bugs: reader.bugs,
    setReading(isReading) {
      for (const stream of streams) {
        if (isReading) stream.resume();
        else stream.pause();
      }
    },
  };
}
