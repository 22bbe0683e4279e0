import type { LastWords } from '../errors.ts';
import { escapeLine } from '../printable.ts';
import type { Ending } from './ending.ts';

/**
 * Kubernetes keeps the last 4096 bytes of what a container leaves, and of that as many of the first ones as 12 KiB are
 * for each container of the pod, init containers included. So much is whole among four of them.
 */
const MOST_BYTES = 3072;
/** The first line, and each of the others. */
const MOST_HEAD_BYTES = 700;
const MOST_FACT_BYTES = 500;
const MOST_WORDS_BYTES = 300;
/** Kept for last words, where there are any. */
const WORDS_BYTES = 1200;
/** Of what is too long, so much of what is kept stands before the gap. What comes last explains most. */
const BEGIN_SHARE = 1 / 3;

/**
 * What is said of an end, in a few short lines: what ended the container, the particulars, what to do, and last what
 * programs said, since whoever cuts it cuts there. Of an end that was wanted: its one sentence. At most MOST_BYTES, and
 * nothing that a terminal would obey.
 */
export function renderParagraph(ending: Ending): string {
  const reason = escapeLine(ending.reason);
  const { particulars } = ending;
  if (particulars === undefined) return cutMiddle(reason, MOST_HEAD_BYTES);
  const { facts = [], lastWords = [], advice } = particulars;
  const words = lastWords.filter(({ lines }) => lines.length > 0);
  const head = cutMiddle(`ended with exit code ${ending.code}: ${reason}`, MOST_HEAD_BYTES);
  const end = advice === undefined ? [] : [makeLine(`what to do: ${advice}`)];
  const spent = bytesOf([head, ...end]);
  const told = fit(facts.map(makeLine), MOST_BYTES - spent - (words.length > 0 ? WORDS_BYTES : 0));
  const left = MOST_BYTES - spent - bytesOf(told);
  return [head, ...told, ...end, ...renderWords(words, left)].join('\n');
}

/** As `renderParagraph`, as the log says it. */
export function renderEnd(ending: Ending): string {
  const text = renderParagraph(ending);
  return ending.particulars === undefined ? `ended with exit code ${ending.code}: ${text}` : text;
}

function makeLine(fact: string): string {
  return `  ${cutMiddle(escapeLine(fact), MOST_FACT_BYTES)}`;
}

/** The first lines that fit into `most` bytes, and how many did not. */
function fit(lines: readonly string[], most: number): string[] {
  let count = lines.length;
  const take = () =>
    count === lines.length ? [...lines] : [...lines.slice(0, count), renderMore(lines.length - count)];
  while (count > 1 && bytesOf(take()) > most) count -= 1;
  return take();
}

function renderMore(count: number): string {
  return `  … and ${count} more, which the log tells`;
}

/** Each its share of the bytes; what one does not need is the next ones'. */
function renderWords(all: readonly LastWords[], most: number): string[] {
  let left = most;
  return all.flatMap(({ whose, lines }, index) => {
    const title = `  ${whose} last lines:`;
    const share = Math.floor(left / (all.length - index)) - bytesOf([title]);
    const shown = fitMiddle(
      lines.map(line => `    | ${cutMiddle(escapeLine(line), MOST_WORDS_BYTES)}`),
      share,
    );
    left -= bytesOf([title, ...shown]);
    return [title, ...shown];
  });
}

/** The first and the last lines that fit into `most` bytes, with a gap between them; one line at least. */
function fitMiddle(lines: readonly string[], most: number): readonly string[] {
  for (let count = lines.length; count > 1; count--) {
    const begin = count === lines.length ? count : Math.floor(count * BEGIN_SHARE);
    const gap = count === lines.length ? [] : [`    … ${lines.length - count} lines left out`];
    const shown = [...lines.slice(0, begin), ...gap, ...lines.slice(lines.length - (count - begin))];
    if (bytesOf(shown) <= most) return shown;
  }
  return lines.slice(-1);
}

/** The text, or its beginning and its end within `most` bytes: whole characters of it. */
export function cutMiddle(text: string, most: number): string {
  if (Buffer.byteLength(text) <= most) return text;
  const characters = Array.from(text);
  const gap = ' … ';
  const room = most - Buffer.byteLength(gap);
  const begin = takeBytes(characters, Math.floor(room * BEGIN_SHARE));
  const end = takeBytes(characters.toReversed(), room - Buffer.byteLength(begin.join('')));
  return `${begin.join('')}${gap}${end.toReversed().join('')}`;
}

/** As many of the first characters as fit. */
function takeBytes(characters: readonly string[], most: number): string[] {
  let left = most;
  const count = characters.findIndex(character => {
    left -= Buffer.byteLength(character);
    return left < 0;
  });
  return characters.slice(0, count === -1 ? characters.length : count);
}

/** With a newline behind each. */
function bytesOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
}
