import { renderLength } from '../../durations.ts';
import type { BootRecord } from '../../timing/record.ts';
import { renderSentence } from '../../timing/sentence.ts';
import { renderTick } from '../../timing/ticks.ts';
import type { Row } from '../../timing/waterfall.ts';
import { keepList, make, type Part, setData, setText } from './elements.ts';
import { letPass, makeDrawing } from './rows.ts';

/** More rows than these are shown when somebody asks. */
const MOST_ROWS = 20;
/** As many as a record can have: a limit for the browser's sake. */
const MOST_ROWS_OPENED = 1000;

interface Places {
  readonly words: HTMLElement;
  readonly list: HTMLElement;
  readonly scale: HTMLElement;
  readonly more: HTMLElement;
}

/** The waterfall of the boot: where the time went, or goes. */
export function keepBoot({ words, list, scale, more }: Places): (boot: BootRecord, passedMs: number) => void {
  const showRows = keepList<Row>(list, { keyOf, makePart: makeRowPart });
  const showTicks = keepList<Tick>(scale, { keyOf: ({ atMs }) => String(atMs), makePart: makeTick });
  let isOpened = false;
  let latest: BootRecord | undefined;
  const draw = () => {
    if (latest === undefined) return;
    const { rows, hidden, totalMs, ticksMs } = makeDrawing(latest, isOpened ? MOST_ROWS_OPENED : MOST_ROWS);
    showRows(rows);
    showTicks(ticksMs.map(atMs => ({ atMs, totalMs })));
    more.hidden = hidden === 0 && !isOpened;
    more.setAttribute('aria-expanded', String(isOpened));
    setText(more, isOpened ? 'Show only what took long' : `Show ${hidden} shorter ones too`);
  };
  more.addEventListener('click', () => {
    isOpened = !isOpened;
    draw();
  });
  return (boot, passedMs) => {
    latest = letPass(boot, passedMs);
    setText(words, renderWords(latest));
    draw();
  };
}

/** What is reduced has a part of its own. */
function renderWords(boot: BootRecord): string {
  const sentence = renderSentence({ ...boot, reduced: [] });
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}`;
}

function keyOf({ kind, label, startMs }: Row): string {
  return `${kind} ${label} ${startMs}`;
}

interface Tick {
  readonly atMs: number;
  readonly totalMs: number;
}

/** Beyond this share of the width a word in the middle of its place would stand over the edge of a telephone. */
const LAST_SHARE = 0.9;

function makeTick(): Part<Tick> {
  const text = make('span');
  const element = make('li', 'tick', text);
  return {
    element,
    show({ atMs, totalMs }) {
      setText(text, renderTick(atMs));
      element.style.insetInlineStart = `${(atMs / totalMs) * 100}%`;
      element.toggleAttribute('data-end', atMs / totalMs > LAST_SHARE);
    },
  };
}

function makeRowPart(): Part<Row> {
  const label = make('span', 'label');
  const note = make('span', 'note');
  const wait = make('span', 'span wait');
  const bar = make('span', 'span');
  const track = make('span', 'track', wait, bar);
  const length = make('span', 'length');
  const said = make('span', 'aside');
  const element = make('li', 'row', make('span', 'title', label, ' ', note), track, length, said);
  track.setAttribute('aria-hidden', 'true');
  return {
    element,
    show(row) {
      setText(label, row.label);
      setText(note, row.note);
      setText(length, renderLength(row.tookMs));
      setText(said, renderBars(row));
      setData(element, 'kind', row.kind);
      setData(element, 'critical', String(row.isCritical));
      setData(element, 'end', row.isFailed ? 'failed' : row.isOpen ? 'open' : 'well');
      wait.hidden = row.wait === undefined;
      if (row.wait !== undefined) place(wait, row.wait);
      place(bar, row);
    },
  };
}

function place(bar: HTMLElement, { start, length }: Pick<Row, 'start' | 'length'>): void {
  bar.style.insetInlineStart = `${start * 100}%`;
  bar.style.inlineSize = `${length * 100}%`;
}

/** What the bars show, for who does not see them. */
function renderBars({ startMs, isBeside, isCritical }: Row): string {
  const parts = [
    `from ${renderLength(startMs)} on`,
    ...(isBeside ? ['beside others'] : []),
    ...(isCritical ? ['on the critical path'] : []),
  ];
  return parts.join(', ');
}
