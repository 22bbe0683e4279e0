import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ROOT, readProofs, readRows, readTables, testProofs } from './proofs.ts';

/** Each row says in a footnote which tests prove it. */
const PAGE = readFileSync(join(ROOT, 'docs/onyxia.md'), 'utf8');

describe('the page on onyxia-init.sh', () => {
  const proofs = readProofs(PAGE);

  testProofs(proofs);

  test('proves each row, and nothing besides', () => {
    const cells = readRows(PAGE, 'Lintel').map(row => row[1] ?? '');
    assert.notEqual(cells.length, 0);
    const unproved = cells.filter(cell => !cell.includes('[^'));
    assert.deepEqual(unproved, []);
    const used = cells.flatMap(cell => [...cell.matchAll(/\[\^([\w-]+)\]/g)].map(match => match[1]));
    assert.deepEqual([...new Set(used)].sort(), [...proofs.keys()].sort());
  });

  test('has two cells in each row', () => {
    for (const row of readTables(PAGE).flat()) assert.equal(row.length, 2, row.join(' | '));
  });
});
