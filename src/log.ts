import { isatty } from 'node:tty';
import { makeOutput } from './output.ts';

/** A fixed sentence and fields; a field that is undefined is left out. */
export interface Log {
  info(sentence: string, fields?: Fields): void;
  warn(sentence: string, fields?: Fields): void;
  error(sentence: string, fields?: Fields): void;
  /** Whole lines of a service's or a script's output, as latin1, onto the stream that they came from. */
  lines(source: string, stream: 'stdout' | 'stderr', lines: string): void;
  /** Waits until everything is written, at most `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>;
}

export type Fields = Readonly<Record<string, string | number | undefined>>;
export type Level = 'info' | 'warn' | 'error';

export interface LogOptions {
  readonly format: 'text' | 'json';
  /** With a CMD, stdout is the CMD's alone. */
  readonly isStdoutTaken: boolean;
  /** True: stop reading the services' output, nobody takes it. */
  readonly onFull: (isFull: boolean) => void;
}

/** How a line looks: text for people, JSON for collectors. Results are latin1 characters, ending in a newline. */
export interface Renderer {
  event(level: Level, sentence: string, fields: Fields): string;
  lines(source: string, stream: 'stdout' | 'stderr', lines: string): string;
}

export async function makeLog(options: LogOptions): Promise<Log> {
  // pino costs 3 ms at start: only where JSON is asked for.
  const renderer = options.format === 'json' ? (await import('./log-json.ts')).makeJsonRenderer() : makeTextRenderer(isatty(2));
  const renderLost = (lines: number) => renderer.event('warn', 'log lines were dropped: nobody read them for 5 s', { lines });
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
  const say = (level: Level) => (sentence: string, fields: Fields = {}) => stderr.add(renderer.event(level, sentence, fields));
  return {
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
    lines: (source, stream, lines) => {
      if (lines !== '') (stream === 'stdout' ? stdout : stderr).add(renderer.lines(source, stream, lines));
    },
    flush: async timeoutMs => {
      await Promise.all([stdout.flush(timeoutMs), stderr.flush(timeoutMs)]);
    },
  };
}

const DIM = '\x1b[2m';
const YELLOW = '\x1b[33m';
const RED = '\x1b[31m';
const RESET = '\x1b[0m';

/** "lintel: sentence (key=value)" and "service | line"; colours only on a terminal. */
function makeTextRenderer(isTerminal: boolean): Renderer {
  const paint = (colour: string, text: string) => (isTerminal ? `${colour}${text}${RESET}` : text);
  const marks = { info: '', warn: paint(YELLOW, 'warning: '), error: paint(RED, 'error: ') };
  return {
    event(level, sentence, fields) {
      const pairs = Object.entries(fields).flatMap(([key, value]) => (value === undefined ? [] : `${key}=${value}`));
      const tail = pairs.length === 0 ? '' : ` ${paint(DIM, `(${pairs.join(', ')})`)}`;
      return toLatin1(`${paint(DIM, 'lintel:')} ${marks[level]}${sentence}${tail}\n`);
    },
    lines(source, _stream, lines) {
      const prefix = toLatin1(paint(DIM, `${source} | `));
      return prefix + lines.slice(0, -1).replaceAll('\n', `\n${prefix}`) + '\n';
    },
  };
}

/** UTF-8 bytes as one character each, as outputs take them. ASCII, nearly always, is that already. */
export function toLatin1(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII, control characters included.
  return /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}
