import type { BootRecord } from '../timing/record.ts';
import { renderSentence } from '../timing/sentence.ts';
import { makeWaterfall, type Row } from '../timing/waterfall.ts';
import { paint, type Terminal } from './terminal.ts';
import { cut, measure } from './width.ts';

/** Where nobody says how wide it may be. */
const USUAL_COLUMNS = 100;
const LEAST_COLUMNS = 20;
const MOST_LABEL = 32;
const LABEL_SHARE = 0.4;
const LEAST_LABEL = 12;
const LEAST_BAR = 10;
const MOST_BAR = 60;
/** Of a line, so much may go to the notes at its end. */
const NOTE_SHARE = 0.3;
/** Shorter ones are cut to nothing that could be read. */
const LEAST_NOTE = 12;
const GAP = '  ';
const MARK = '▸ ';

/**
 * The boot as lines of text: its sentence, a row with a bar for each stage, step, script and service, and what the marks
 * mean. Names in the record must be fit for a terminal.
 */
export function renderBoot(record: BootRecord, terminal: Terminal): string[] {
  const { rows } = makeWaterfall(record);
  const head = [renderSentence(record)];
  if (rows.length === 0) return head;
  const widths = makeWidths(rows, terminal);
  const titles = [' '.repeat(widths.label), 'START'.padStart(widths.start), 'TOOK'.padStart(widths.took)];
  return [
    ...head,
    '',
    paint(joinCells(titles), 'dim', terminal),
    ...rows.map(row => renderRow(row, widths, terminal)),
    '',
    paint(renderLegend(record), 'dim', terminal),
  ];
}

function renderLegend({ version, beganAt }: BootRecord): string {
  return `${MARK}the critical path; ░ waits. Lintel ${version}, began ${beganAt}`;
}

interface Widths {
  readonly label: number;
  readonly start: number;
  readonly took: number;
  /** 0 where there is no room. */
  readonly bar: number;
  readonly note: number;
}

/** Where lines may be as long as they like nothing is cut, and the bars are as long as they usually are. */
function makeWidths(rows: readonly Row[], { columns }: Terminal): Widths {
  const widths = fitWidths(rows, columns ?? USUAL_COLUMNS);
  if (columns !== undefined) return widths;
  return { ...widths, label: measureLabels(rows), note: measureNotes(rows) };
}

function fitWidths(rows: readonly Row[], columns: number): Widths {
  const room = Math.max(LEAST_LABEL, Math.floor(columns * LABEL_SHARE));
  const label = Math.min(MOST_LABEL, room, measureLabels(rows));
  const start = Math.max('START'.length, findLongest(rows.map(row => renderMs(row.startMs))));
  const took = Math.max('TOOK'.length, findLongest(rows.map(row => renderMs(row.tookMs))));
  const left = Math.max(LEAST_COLUMNS, columns) - label - start - took - 2 * GAP.length;
  const note = chooseNote(measureNotes(rows), left, columns);
  const bar = Math.min(MOST_BAR, left - GAP.length - (note === 0 ? 0 : GAP.length + note));
  return { label, start, took, note, bar: bar < LEAST_BAR ? 0 : bar };
}

function measureLabels(rows: readonly Row[]): number {
  return findLongest(rows.map(row => MARK + row.label));
}

function measureNotes(rows: readonly Row[]): number {
  return findLongest(rows.map(row => row.note));
}

function findLongest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(measure));
}

/** What the longest note wants, but for the bars' room: they say more. */
function chooseNote(wanted: number, left: number, columns: number): number {
  const beyondBars = left - MOST_BAR - 2 * GAP.length;
  const most = Math.max(0, left - LEAST_BAR - 2 * GAP.length);
  const note = Math.min(wanted, most, Math.max(Math.floor(columns * NOTE_SHARE), beyondBars));
  return note < Math.min(wanted, LEAST_NOTE) ? 0 : note;
}

function renderRow(row: Row, widths: Widths, terminal: Terminal): string {
  const label = cut(`${row.isCritical ? MARK : '  '}${row.label}`, widths.label);
  const colour = row.isFailed ? 'red' : row.isCritical ? 'yellow' : undefined;
  const draw = {
    solid: (text: string) => paint(text, colour, terminal),
    wait: (text: string) => paint(text, 'dim', terminal),
  };
  return joinCells([
    draw.solid(label) + ' '.repeat(widths.label - measure(label)),
    renderMs(row.startMs).padStart(widths.start),
    renderMs(row.tookMs).padStart(widths.took),
    ...(widths.bar === 0 ? [] : [renderBar(row, widths.bar, draw)]),
    ...(widths.note === 0 ? [] : [cut(row.note, widths.note)]),
  ]);
}

function joinCells(cells: readonly string[]): string {
  return cells.join(GAP).trimEnd();
}

/** "1578 ms": all in one unit, so that the eye can compare. */
function renderMs(ms: number): string {
  return `${Math.round(ms)} ms`;
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/** "░░░▐██▌": what it waited, then what it took. Its ends are true to an eighth of a character, its beginning to a half. */
function renderBar(
  row: Row,
  width: number,
  draw: { readonly solid: (text: string) => string; readonly wait: (text: string) => string },
): string {
  const begin = Math.min(row.start * width, width - 1 / 8);
  const end = Math.min(width, Math.max(begin + 1 / 8, (row.start + row.length) * width));
  const first = Math.floor(begin);
  const isWait = row.kind === 'wait';
  const waitFirst = row.wait === undefined ? first : Math.min(first, Math.floor(row.wait.start * width));
  const waits = '░'.repeat(isWait ? Math.max(1, Math.round(end) - first) : first - waitFirst);
  const solid = isWait ? '' : renderSolid(begin, end);
  const rest = ' '.repeat(width - waitFirst - waits.length - solid.length);
  return `${' '.repeat(waitFirst)}${draw.wait(waits)}${draw.solid(solid)}${rest}`;
}

function renderSolid(begin: number, end: number): string {
  const first = Math.floor(begin);
  if (end - begin < 1 || Math.ceil(end) - first <= 1)
    return EIGHTHS[Math.max(1, Math.round((end - begin) * 8))] ?? '█';
  const left = begin - first >= 0.5 ? '▐' : '█';
  const whole = Math.floor(end);
  return `${left}${'█'.repeat(whole - first - 1)}${EIGHTHS[Math.round((end - whole) * 8)] ?? ''}`;
}
