import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ROOT, readProofs, readRows, readTables, testProofs } from './proofs.ts';

/** Each cell of Lintel's says in a footnote which tests prove it. */
const PAGE = readFileSync(join(ROOT, 'docs/compare.md'), 'utf8');

describe('the comparison with other inits', () => {
  const proofs = readProofs(PAGE);

  testProofs(proofs);

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
