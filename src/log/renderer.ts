import { escapeLine } from '../printable.ts';
import { type Fields, renderFields, type Source } from './fields.ts';
import type { Stream } from './history.ts';
import type { Frame } from './output.ts';

export type Level = 'info' | 'warn' | 'error';

/** How a line looks: text for people, JSON for collectors. */
export interface Renderer {
  /** A whole line. */
  event(level: Level, sentence: string, fields: Fields): Buffer;
  /** What stands around each line of a service or a script. */
  frame(source: Source, stream: Stream): Frame;
  /** The lines as they may stand in that frame. */
  body(lines: Buffer): Buffer;
}

const NEWLINE = Buffer.from('\n');
const DIM = '\x1b[2m';
const YELLOW = '\x1b[33m';
const RED = '\x1b[31m';
const RESET = '\x1b[0m';
const MARKS: Readonly<Record<Level, string>> = { info: '', warn: 'warning: ', error: 'error: ' };

/** "lintel: sentence (key=value)" and "service | line"; colours only on a terminal. */
export function makeTextRenderer(isTerminal: boolean): Renderer {
  const paint = (colour: string, text: string) => (isTerminal ? `${colour}${text}${RESET}` : text);
  const frames = new Map<string, Frame>();
  const colours = { info: '', warn: YELLOW, error: RED };
  const paintMark = (level: Level) => (MARKS[level] === '' ? '' : paint(colours[level], MARKS[level]));
  const paintFields = (fields: Fields) => {
    const text = renderFields(fields);
    return text === '' ? '' : ` ${paint(DIM, text)}`;
  };
  return {
    event: (level, sentence, fields) =>
      Buffer.from(`${paint(DIM, 'lintel:')} ${paintMark(level)}${sentence}${paintFields(fields)}\n`),
    frame({ name }) {
      const frame = frames.get(name) ?? {
        head: Buffer.from(paint(DIM, `${escapeLine(name)} | `)),
        tail: NEWLINE,
      };
      frames.set(name, frame);
      return frame;
    },
    body: lines => lines,
  };
}

/** "warning: sentence (key=value)", for where nothing is coloured. */
export function renderEvent(level: Level, sentence: string, fields: Fields): Buffer {
  const text = renderFields(fields);
  return Buffer.from(`${MARKS[level]}${sentence}${text === '' ? '' : ` ${text}`}\n`);
}
