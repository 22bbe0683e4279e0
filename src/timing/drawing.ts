import type { BootRecord } from './record.ts';
import { renderSeconds, renderSentence } from './sentence.ts';
import { makeTicks, renderTick } from './ticks.ts';
import { makeWaterfall, type Row } from './waterfall.ts';

/** All sizes in CSS pixels. */
const WIDTH = 960;
const MARGIN = 16;
const ROW = 22;
const BAR = 12;
/** Where the letters of a row stand, from its top. */
const BASE = 15;
const TITLE_TOP = 30;
const TITLE_LINE = 20;
/** From the line below the title to the first row. */
const AXIS = 34;
const LABEL_WIDTH = 190;
const PLOT_WIDTH = WIDTH - 2 * MARGIN - LABEL_WIDTH;
const LEGEND = 44;
/** As wide as a letter of this size is at most, on average. */
const LETTER = 6.6;
const GAP = 6;
/** What is not worth a pixel is seen all the same. */
const LEAST_BAR = 1.5;
/** A drawing for a ticket, not for a wall. */
const MOST_ROWS = 200;
const MOST_TICKS = 8;
const LABEL_CHARACTERS = 25;
const TITLE_CHARACTERS = 104;
const MOST_TITLE_LINES = 3;

/**
 * The boot as an SVG document: the waterfall with the critical path in a strong colour, light or dark as whoever looks
 * at it prefers. It holds no script and names no other file; every name in it is escaped.
 */
export function renderDrawing(record: BootRecord): string {
  const { totalMs, rows } = makeWaterfall(record);
  const shown = rows.slice(0, MOST_ROWS);
  const sentence = renderSentence(record);
  const title = wrap(sentence);
  const top = TITLE_TOP + title.length * TITLE_LINE + AXIS;
  const rest = rows.length - shown.length;
  const bottom = top + shown.length * ROW;
  const height = bottom + (rest > 0 ? ROW : 0) + LEGEND;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${escapeXml(sentence)}</title>`,
    `<desc id="desc">${escapeXml(shown.map(describeRow).join(' '))}</desc>`,
    STYLE,
    `<rect class="page" width="${WIDTH}" height="${height}" rx="8"/>`,
    ...title.map((line, index) => renderText('title', [MARGIN, TITLE_TOP + index * TITLE_LINE], line)),
    renderText(
      'dim',
      [MARGIN, TITLE_TOP + title.length * TITLE_LINE],
      `Lintel ${record.version}, began ${record.beganAt}`,
    ),
    ...makeTicks(totalMs, MOST_TICKS).map(ms => drawTick(ms, { totalMs, top, bottom })),
    ...shown.map((row, index) => renderRow(row, top + index * ROW)),
    ...(rest > 0 ? [renderText('dim', [MARGIN, bottom + BASE], `and ${rest} more`)] : []),
    renderLegend(height - LEGEND / 2 + 4),
    '</svg>',
    '',
  ].join('\n');
}

/** Lines of whole words; what does not fit on a few of them stands in the title for screen readers only. */
function wrap(sentence: string): string[] {
  const lines: string[] = [];
  for (const word of sentence.split(' ')) {
    const line = lines.at(-1);
    if (line === undefined || line.length + word.length >= TITLE_CHARACTERS) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  const shown = lines.slice(0, MOST_TITLE_LINES);
  if (lines.length > shown.length) shown.push(`${shown.pop()} …`);
  return shown.map(line => cut(line, TITLE_CHARACTERS));
}

function renderText(name: string, [x, y]: readonly [number, number], text: string, more = ''): string {
  return `<text${name === '' ? '' : ` class="${name}"`} x="${round(x)}" y="${round(y)}"${more}>${escapeXml(text)}</text>`;
}

const STYLE = `<style>
text { font: 12px system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; fill: #1f2328; }
.title { font-size: 14px; font-weight: 600; }
.dim { fill: #656d76; }
.strong { font-weight: 600; }
.page { fill: #ffffff; }
.grid { stroke: #d8dee4; }
.usual { fill: #9db4d3; }
.critical { fill: #1f5fbf; }
.failed { fill: #cf222e; }
.bad { fill: #a40e26; }
.wait { fill: none; stroke: #8c959f; stroke-dasharray: 3 2; }
.within { fill: #ffffff; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.dim { fill: #9198a1; }
.page { fill: #0d1117; }
.grid { stroke: #2a313c; }
.usual { fill: #3d5575; }
.critical { fill: #6ea8fe; }
.failed { fill: #f85149; }
.bad { fill: #ff7b72; }
.wait { stroke: #7d8590; }
.within { fill: #0d1117; }
}
</style>`;

function renderRow(row: Row, top: number): string {
  const { isFailed, isCritical, kind } = row;
  const colour = isFailed ? 'failed' : isCritical ? 'critical' : 'usual';
  const x = xOf(row.start);
  const width = Math.max(LEAST_BAR, row.length * PLOT_WIDTH);
  const bar = { x: Math.min(x, WIDTH - MARGIN - LEAST_BAR), width, top };
  const wait = row.wait ?? (kind === 'wait' ? row : undefined);
  const label = renderText(
    isCritical ? 'strong' : '',
    [MARGIN, top + BASE],
    cut(row.label, LABEL_CHARACTERS),
  );
  return [
    '<g>',
    `<title>${escapeXml(describeRow(row))}</title>`,
    label,
    ...(wait === undefined
      ? []
      : [renderRect('wait', { x: xOf(wait.start), width: wait.length * PLOT_WIDTH, top })]),
    ...(kind === 'wait' ? [] : [renderRect(colour, bar)]),
    renderWords(row, {
      from: row.wait === undefined ? bar.x : xOf(row.wait.start),
      begin: bar.x,
      to: bar.x + width,
      top,
    }),
    '</g>',
  ].join('');
}

function renderRect(
  name: string,
  { x, width, top }: { readonly x: number; readonly width: number; readonly top: number },
): string {
  return `<rect class="${name}" x="${round(x)}" y="${top + (ROW - BAR) / 2}" width="${round(Math.max(LEAST_BAR, width))}" height="${BAR}" rx="1.5"/>`;
}

/** Where there is room: behind the bar, in its wait, before both, else within it. */
function renderWords(
  row: Row,
  { from, begin, to, top }: { readonly [edge in 'from' | 'begin' | 'to' | 'top']: number },
): string {
  const words = `${renderTook(row)}${row.note === '' ? '' : `, ${row.note}`}`;
  const wanted = words.length * LETTER;
  const behind = WIDTH - MARGIN - to - GAP;
  const before = from - xOf(0) - GAP;
  const waiting = begin - from - 2 * GAP;
  const y = top + BASE;
  const hasRoom = (room: number, other: number) =>
    room >= wanted || (room >= PLOT_WIDTH / 3 && room >= other);
  if (hasRoom(behind, Math.max(before, waiting)))
    return renderNote(words, { x: to + GAP, y, room: behind, anchor: 'start', row });
  if (waiting >= wanted) return renderNote(words, { x: begin - GAP, y, room: waiting, anchor: 'end', row });
  if (hasRoom(before, 0)) return renderNote(words, { x: from - GAP, y, room: before, anchor: 'end', row });
  const name = row.isFailed || row.isCritical ? 'within' : '';
  return renderNote(words, { x: to - GAP, y, room: to - begin - 2 * GAP, anchor: 'end', row, name });
}

function renderNote(
  words: string,
  place: {
    readonly x: number;
    readonly y: number;
    readonly room: number;
    readonly anchor: 'start' | 'end';
    readonly row: Row;
    readonly name?: string;
  },
): string {
  const { x, y, room, anchor, row, name = row.isFailed ? 'bad' : 'dim' } = place;
  const shown = cut(words, Math.floor(room / LETTER));
  return renderText(name, [x, y], shown, anchor === 'end' ? ' text-anchor="end"' : '');
}

function renderTook({ tookMs }: Row): string {
  return tookMs < 100 ? `${Math.round(tookMs)} ms` : renderSeconds(tookMs);
}

/** "script 10-fetch: from 24 ms, 1.2 s, on the critical path, failed." */
function describeRow(row: Row): string {
  const path = row.isCritical ? ', on the critical path' : '';
  const note = row.note === '' ? '' : `, ${row.note}`;
  return `${row.label}: from ${Math.round(row.startMs)} ms, ${renderTook(row)}${path}${note}.`;
}

function drawTick(
  ms: number,
  given: { readonly totalMs: number; readonly top: number; readonly bottom: number },
): string {
  const { totalMs, top, bottom } = given;
  const x = round(xOf(ms / totalMs));
  const line = `<line class="grid" x1="${x}" y1="${top - 2}" x2="${x}" y2="${bottom + 2}"/>`;
  return `${line}${renderText('dim', [x, top - 8], renderTick(ms), ' text-anchor="middle"')}`;
}

function renderLegend(y: number): string {
  const entries = [
    ['critical', 'the critical path: each began when the one before had ended'],
    ['usual', 'beside it'],
    ['wait', 'waits'],
    ['failed', 'failed, or not ready'],
  ] as const;
  let x = MARGIN;
  return entries
    .map(([name, text]) => {
      const at = x;
      x += 42 + text.length * LETTER;
      const rect = `<rect class="${name}" x="${round(at)}" y="${y - 10}" width="16" height="${BAR}" rx="1.5"/>`;
      return `${rect}${renderText('dim', [at + 22, y], text)}`;
    })
    .join('');
}

function xOf(fraction: number): number {
  return MARGIN + LABEL_WIDTH + fraction * PLOT_WIDTH;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function cut(text: string, room: number): string {
  const characters = [...text];
  return characters.length <= room ? text : `${characters.slice(0, Math.max(0, room - 1)).join('')}…`;
}

/** XML has no way to hold the characters that a terminal would obey. */
function escapeXml(text: string): string {
  return text.replace(UNFIT, '�').replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);
}

const UNFIT =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about.
  /[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
