/** What takes two columns of a terminal: East Asian wide and fullwidth characters, and what is shown as a picture. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
/** What takes none: it changes the character before it. A soft hyphen is shown. */
const NARROW = /(?!\u00ad)[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff]/u;
const PLAIN = /^[\x20-\x7e]*$/;
/** Stands for what has no room. */
export const MORE = '…';

/** How many columns a terminal shows the text in, as wcwidth(3) counts them; the text holds no control characters. */
export function measure(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let columns = 0;
  for (const character of text) columns += measureOne(character);
  return columns;
}

/** At most so many columns of it, MORE included. */
export function cut(text: string, room: number): string {
  if (measure(text) <= room) return text;
  if (room <= 0) return '';
  let shown = '';
  let left = room - MORE.length;
  for (const character of text) {
    left -= measureOne(character);
    if (left < 0) break;
    shown += character;
  }
  return `${shown.trimEnd()}${MORE}`;
}

/** Lines of whole words, each at most so many columns; only a longer word stands out. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && measure(last) + 1 + measure(word) <= columns)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function measureOne(character: string): number {
  if (NARROW.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
