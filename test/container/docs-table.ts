import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKOUT } from '../../dev/engine.ts';

const PAGE = 'docs/containers.md';
const MEND = 'run `npm run matrix` and commit the result';

/** A table of the page that tests make; one between these two comments. */
export function testTable(name: string, head: readonly string[], rows: readonly (readonly string[])[]): void {
  const file = join(CHECKOUT, PAGE);
  const page = readFileSync(file, 'utf8');
  const [begin, end] = [`<!-- ${name}: made by \`npm run matrix\` -->\n`, '<!-- end -->\n'];
  const from = page.indexOf(begin) + begin.length;
  const to = page.indexOf(end, from);
  assert.ok(from >= begin.length && to > 0, `${PAGE} has no place for the table “${name}”`);
  const table = [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.map(toCell).join(' | ')} |\n`);
  const text = `\n${table.join('')}\n`;
  if (process.env['UPDATE_DOCS'] === '1')
    writeFileSync(file, `${page.slice(0, from)}${text}${page.slice(to)}`);
  else assert.equal(page.slice(from, to), text, `${PAGE} is out of date: ${MEND}`);
}

function toCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', '<br>');
}
