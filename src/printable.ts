/**
 * What others have written, made harmless for a terminal. A service's line could else move the cursor, set the
 * window's title or answer a question that the terminal never asked.
 *
 * Escaped are control characters (C0 but tab, DEL, C1), and what turns the direction of writing or breaks lines.
 */
const UNPRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about.
  /[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
/** Colours and the like (SGR), the one kind of sequence that only changes how text looks. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it begins with ESC.
const COLOUR = /(\x1b\[[\d;:]*m)/;
const RESET = '\x1b[0m';

/** One line, whatever was in it: "\x1b" and "\u202e" stand for the characters themselves. */
export function escapeLine(text: string): string {
  return text.replace(UNPRINTABLE, renderCharacter);
}

/** As `escapeLine`, but colours stay, and end with the line. */
export function escapeColoured(text: string): string {
  const parts = text.split(COLOUR);
  if (parts.length === 1) return escapeLine(text);
  return `${parts.map((part, index) => (index % 2 === 1 ? part : escapeLine(part))).join('')}${RESET}`;
}

/** JSON that is safe to show: it escapes C0 itself, and nothing else. */
export function renderJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(UNPRINTABLE, character =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function renderCharacter(character: string): string {
  const code = character.charCodeAt(0);
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
