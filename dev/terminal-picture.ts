/** What `tmux capture-pane -e` shows, as SVG: each run of one colour in its own place, whatever font there is. */
export function renderTerminal(screen: string, columns: number): string {
  const lines = screen.trimEnd().split('\n');
  const [width, height] = [columns * CELL.width + 2 * MARGIN, lines.length * CELL.height + 2 * MARGIN];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${encode(lines[0] ?? '')}, in a terminal</title>`,
    `<rect width="100%" height="100%" rx="8" fill="#1e1e24"/>`,
    `<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14" fill="${PLAIN}" xml:space="preserve">`,
    ...lines.flatMap((line, row) => renderLine(line, MARGIN + (row + 0.75) * CELL.height)),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

const CELL = { width: 8.4, height: 20 };
const MARGIN = 16;
const PLAIN = '#d8d8e0';
/** By the number in "\x1b[31m". */
const COLOURS: Readonly<Record<string, string>> = {
  '2': '#8c8c98',
  '31': '#f2777a',
  '32': '#8fce7c',
  '33': '#f0c860',
};

function renderLine(line: string, y: number): string[] {
  let column = 0;
  let fill = PLAIN;
  const texts: string[] = [];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a change of colour begins with ESC.
  for (const [index, part] of line.split(/\x1b\[([\d;]*)m/).entries()) {
    if (index % 2 === 1) {
      fill = COLOURS[part.split(';').at(-1) ?? ''] ?? PLAIN;
      continue;
    }
    for (const { 0: words, index: at } of part.matchAll(/\S+(?: \S+)*/g)) {
      const [x, length] = [MARGIN + (column + at) * CELL.width, words.length * CELL.width];
      texts.push(
        `<text x="${round(x)}" y="${y}" fill="${fill}" textLength="${round(length)}" lengthAdjust="spacingAndGlyphs">${encode(words)}</text>`,
      );
    }
    column += part.length;
  }
  return texts;
}

function round(number: number): number {
  return Number(number.toFixed(1));
}

function encode(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
