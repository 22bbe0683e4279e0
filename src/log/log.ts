import { escapeLine } from '../printable.ts';
import { isTerminal } from '../terminal.ts';
import { makeBugs } from './bugs.ts';
import type { Fields, Source } from './fields.ts';
import type { History, Stream } from './history.ts';
import { makeOutput } from './output.ts';
import { type Level, makeTextRenderer, renderEvent } from './renderer.ts';

/** A fixed sentence and fields; a field that is undefined is left out. */
export interface Log {
  /** What was said lately. */
  readonly history: History;
  info(sentence: string, fields?: Fields): void;
  warn(sentence: string, fields?: Fields): void;
  error(sentence: string, fields?: Fields): void;
  /** What was thrown and is no LintelError: said once for each place that throws it. */
  bug(error: unknown): void;
  /** Whole lines of a service's or a script's output, onto the stream that they came from. They are copied. */
  lines(source: Source, stream: Stream, lines: Buffer): void;
  /** What has been said since the start. */
  counts(): LogCounts;
  /** Waits until everything is written, at most `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>;
}

export interface LogCounts {
  /** By the name of the service or script; Lintel's own under OWN_NAME. Bytes as they were written, with newlines. */
  readonly sources: ReadonlyMap<string, { readonly lines: number; readonly bytes: number }>;
  /** Never written, as nobody read them. */
  readonly droppedLines: number;
}

export interface LogOptions {
  readonly format: 'text' | 'json';
  /** Where the last lines are kept. */
  readonly history: History;
  /** With a CMD, stdout is the CMD's alone. */
  readonly isStdoutTaken: boolean;
  /** True: stop reading the services' output, nobody takes it. */
  readonly onFull: (isFull: boolean) => void;
}

/** Lintel's own lines among those of services and scripts. */
export const OWN_NAME = 'lintel';

/** What is said of a service, whose name may be whatever a file's can be. */
function withinLine(sentence: string, { service }: Fields): string {
  // By a function: in a text a "$&" of the name would stand for something else.
  return service === undefined ? sentence : sentence.replaceAll(service, () => escapeLine(service));
}

export async function makeLog(options: LogOptions): Promise<Log> {
  const { history } = options;
  // pino costs 3 ms at start: only where JSON is asked for.
  const renderer =
    options.format === 'json'
      ? (await import('./renderer-json.ts')).makeJsonRenderer()
      : makeTextRenderer(isTerminal(2));
  const renderLost = (lines: number) =>
    renderer.event('warn', 'log lines were dropped: nobody read them for 5 s', { lines });
  const full = new Set<number>();
  const makeStream = (fd: 1 | 2) =>
    makeOutput(fd, {
      renderLost,
      onFull: isFull => {
        if (isFull) full.add(fd);
        else full.delete(fd);
        options.onFull(full.size > 0);
      },
    });
  const stderr = makeStream(2);
  const stdout = options.isStdoutTaken ? stderr : makeStream(1);
  const sources = new Map<string, { lines: number; bytes: number }>();
  const count = (source: string, lines: number, bytes: number) => {
    const counted = sources.get(source) ?? { lines: 0, bytes: 0 };
    counted.lines += lines;
    counted.bytes += bytes;
    sources.set(source, counted);
  };
  const say =
    (level: Level) =>
    (given: string, fields: Fields = {}) => {
      const sentence = withinLine(given, fields);
      const plain = renderEvent(level, sentence, fields);
      count(OWN_NAME, stderr.add(renderer.event(level, sentence, fields)), plain.length);
      history.add(OWN_NAME, 'stderr', plain);
    };
  return {
    history,
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
    bug: makeBugs(say('error')),
    lines: (source, stream, lines) => {
      history.add(source.name, stream, lines);
      const output = stream === 'stdout' ? stdout : stderr;
      count(source.name, output.add(renderer.body(lines), renderer.frame(source, stream)), lines.length);
    },
    counts: () => ({
      sources,
      droppedLines: [...new Set([stdout, stderr])].reduce((sum, output) => sum + output.countDropped(), 0),
    }),
    flush: async timeoutMs => {
      await Promise.all([stdout.flush(timeoutMs), stderr.flush(timeoutMs)]);
    },
  };
}
