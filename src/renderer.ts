export type Fields = Readonly<Record<string, string | number | undefined>>;
export type Level = 'info' | 'warn' | 'error';

/** How a line looks: text for people, JSON for collectors. Results are latin1 characters, ending in a newline. */
export interface Renderer {
  event(level: Level, sentence: string, fields: Fields): string;
  lines(source: string, stream: 'stdout' | 'stderr', lines: string): string;
}

const DIM = '\x1b[2m';
const YELLOW = '\x1b[33m';
const RED = '\x1b[31m';
const RESET = '\x1b[0m';

/** "lintel: sentence (key=value)" and "service | line"; colours only on a terminal. */
export function makeTextRenderer(isTerminal: boolean): Renderer {
  const paint = (colour: string, text: string) => (isTerminal ? `${colour}${text}${RESET}` : text);
  const marks = { info: '', warn: paint(YELLOW, 'warning: '), error: paint(RED, 'error: ') };
  return {
    event(level, sentence, fields) {
      const pairs = Object.entries(fields).flatMap(([key, value]) =>
        value === undefined ? [] : `${key}=${value}`,
      );
      const tail = pairs.length === 0 ? '' : ` ${paint(DIM, `(${pairs.join(', ')})`)}`;
      return toLatin1(`${paint(DIM, 'lintel:')} ${marks[level]}${sentence}${tail}\n`);
    },
    lines(source, _stream, lines) {
      const prefix = toLatin1(paint(DIM, `${source} | `));
      return `${prefix}${lines.slice(0, -1).replaceAll('\n', `\n${prefix}`)}\n`;
    },
  };
}

/** UTF-8 bytes as one character each, as outputs take them. ASCII, nearly always, is that already. */
export function toLatin1(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII, control characters included.
  return /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}
