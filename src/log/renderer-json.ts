import { isUtf8 } from 'node:buffer';
import pino from 'pino';
import type { Level, Renderer } from './renderer.ts';

/** Stands in for the text of a line when pino is asked how it would write one. */
const PLACEHOLDER = 'LINE';
/** Bytes that stand in a JSON string for something else. */
const ESCAPED = new Uint8Array(256).map((_, byte) =>
  (byte < 0x20 && byte !== 10) || byte === 0x22 || byte === 0x5c ? 1 : 0,
);

/** One JSON object a line, of LINE_FIELDS and FIELDS. */
export function makeJsonRenderer(): Renderer {
  let rendered = '';
  const logger = pino(
    {
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
    },
    { write: line => (rendered += line) },
  );
  const take = () => {
    const text = rendered;
    rendered = '';
    return text;
  };
  return {
    event(level: Level, sentence, fields) {
      logger[level](fields, sentence);
      return Buffer.from(take());
    },
    frame({ kind, name }, stream) {
      // pino takes a microsecond for a line; what it would write around each is the same for all that came together.
      logger.info({ [kind]: name, stream }, PLACEHOLDER);
      const text = take();
      const at = text.lastIndexOf(PLACEHOLDER);
      return { head: Buffer.from(text.slice(0, at)), tail: Buffer.from(text.slice(at + PLACEHOLDER.length)) };
    },
    body: lines => (isPlain(lines) ? lines : escapeLines(lines)),
  };
}

/** Nearly always: nothing that has to be written in another way. */
function isPlain(lines: Buffer): boolean {
  for (let index = 0; index < lines.length; index++) if (ESCAPED[lines[index] as number] === 1) return false;
  return isUtf8(lines);
}

/** Bytes that are no UTF-8 become U+FFFD: JSON knows no others. A CR before the newline belongs to the line's end. */
function escapeLines(lines: Buffer): Buffer {
  const texts = lines.toString('utf8').slice(0, -1).split('\n');
  return Buffer.from(`${texts.map(escapeText).join('\n')}\n`);
}

function escapeText(text: string): string {
  return JSON.stringify(text.endsWith('\r') ? text.slice(0, -1) : text).slice(1, -1);
}
