import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

/*
 * docs/compare.md says of each cell of Lintel's which tests prove it, in footnotes of the form
 *
 *     [^name]: `test/a.test.ts`: “a title”, “describe › title”; `test/b.test.ts`: “another”
 *
 * A title is what stands in the file, with "…" for each part of it that varies.
 */

const ROOT = join(import.meta.dirname, '../..');
const PAGE = readFileSync(join(ROOT, 'docs/compare.md'), 'utf8');

describe('the comparison with other inits', () => {
  const proofs = readProofs(PAGE);

  for (const [name, text] of proofs) {
    test(`proves ${name} by tests that there are`, () => {
      const named = readTitles(text);
      assert.notEqual(named.length, 0, 'names a file and at least one title');
      assert.deepEqual(named.filter(proof => !isThere(proof)).map(renderProof), []);
    });
  }

  test('proves each cell of Lintel’s, and nothing besides', () => {
    const cells = readRows(PAGE, 'Lintel').map(row => row[1] ?? '');
    assert.notEqual(cells.length, 0);
    assert.deepEqual(
      cells.filter(cell => !cell.includes('[^')),
      [],
    );
    const used = new Set(cells.flatMap(cell => [...cell.matchAll(/\[\^([\w-]+)\]/g)].map(match => match[1])));
    assert.deepEqual([...used].sort(), [...proofs.keys()].sort());
  });

  test('has as many cells in each row as in its head', () => {
    for (const table of readTables(PAGE)) {
      for (const row of table) assert.equal(row.length, table[0]?.length, row.join(' | '));
    }
  });

  test('gives a reason for everything that Lintel lacks', () => {
    const rows = readRows(PAGE, 'who has it');
    assert.notEqual(rows.length, 0);
    for (const row of rows) assert.ok((row[2] ?? '').length > 10, `no reason beside: ${row[0]}`);
  });
});

interface Proof {
  readonly file: string;
  readonly title: string;
}

function readProofs(page: string): Map<string, string> {
  const notes = page.matchAll(/^\[\^([\w-]+)\]: (.+(?:\n {2,}.+)*)/gm);
  return new Map([...notes].map(([, name = '', text = '']) => [name, text.replaceAll(/\n +/g, ' ')]));
}

function readTitles(note: string): Proof[] {
  return note.split('; `').flatMap(part => {
    const file = /^`?(test\/[^`]+)`: /.exec(part)?.[1] ?? part;
    return [...part.matchAll(/“([^”]+)”/g)].map(([, title = '']) => ({ file, title }));
  });
}

/** Whether the file holds the title, and those of the groups that stand before it. */
function isThere({ file, title }: Proof): boolean {
  const path = join(ROOT, file);
  if (!existsSync(path)) return false;
  const titles = findTitles(readFileSync(path, 'utf8'));
  return title.split(' › ').every(part => titles.has(part));
}

const TITLE =
  /\b(?:test|describe)\(\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\$]|\\.|\$(?!\{)|\$\{(?:[^{}`]|\{[^{}`]*\})*\})*)`)/g;
const PART_THAT_VARIES = /\$\{(?:[^{}`]|\{[^{}`]*\})*\}/g;

function findTitles(source: string): Set<string> {
  const titles = [...source.matchAll(TITLE)].map(
    ([, single, double, template]) => single ?? double ?? (template ?? '').replaceAll(PART_THAT_VARIES, '…'),
  );
  return new Set(titles.map(title => title.replaceAll(/\\(.)/g, '$1')));
}

function renderProof({ file, title }: Proof): string {
  return `${file}: ${title}`;
}

/** The tables of a page: rows of cells, the head first, without the line below it. */
function readTables(page: string): string[][][] {
  return [...page.matchAll(/(?:^\|.*\|$\n?)+/gm)].map(([table]) =>
    table
      .trimEnd()
      .split('\n')
      .filter(line => !/^[|\s:-]+$/.test(line))
      .map(line =>
        line
          .slice(1, -1)
          .split('|')
          .map(cell => cell.trim()),
      ),
  );
}

/** The rows of all tables whose second column has this head. */
function readRows(page: string, head: string): string[][] {
  return readTables(page).flatMap(([heads, ...rows]) => (heads?.[1] === head ? rows : []));
}
