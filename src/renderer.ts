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
const MARKS: Readonly<Record<Level, string>> = { info: '', warn: 'warning: ', error: 'error: ' };

/** "lintel: sentence (key=value)" and "service | line"; colours only on a terminal. */
export function makeTextRenderer(isTerminal: boolean): Renderer {
  const paint = (colour: string, text: string) => (isTerminal ? `${colour}${text}${RESET}` : text);
  const colours = { info: '', warn: YELLOW, error: RED };
  const paintMark = (level: Level) => (MARKS[level] === '' ? '' : paint(colours[level], MARKS[level]));
  const paintFields = (fields: Fields) => {
    const text = renderFields(fields);
    return text === '' ? '' : ` ${paint(DIM, text)}`;
  };
  return {
    event: (level, sentence, fields) =>
      toLatin1(`${paint(DIM, 'lintel:')} ${paintMark(level)}${sentence}${paintFields(fields)}\n`),
    lines(source, _stream, lines) {
      const prefix = toLatin1(paint(DIM, `${source} | `));
      return `${prefix}${lines.slice(0, -1).replaceAll('\n', `\n${prefix}`)}\n`;
    },
  };
}

/** "warning: sentence (key=value)", for where nothing is coloured. */
export function renderEvent(level: Level, sentence: string, fields: Fields): string {
  const text = renderFields(fields);
  return toLatin1(`${MARKS[level]}${sentence}${text === '' ? '' : ` ${text}`}\n`);
}

/** "(key=value, key=value)", or nothing. */
function renderFields(fields: Fields): string {
  const pairs = Object.entries(fields).flatMap(([key, value]) =>
    value === undefined ? [] : `${key}=${value}`,
  );
  return pairs.length === 0 ? '' : `(${pairs.join(', ')})`;
}

/** UTF-8 bytes as one character each, as outputs take them. ASCII, nearly always, is that already. */
export function toLatin1(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII, control characters included.
  return /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}
