import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { parseUnits, readUnits } from '../../src/facts/units.ts';

test('the kernel’s units are those that getconf says', () => {
  const getconf = (name: string) => Number(execFileSync('getconf', [name], { encoding: 'utf8' }));
  assert.deepEqual(readUnits(), { pageBytes: getconf('PAGE_SIZE'), ticksPerSecond: getconf('CLK_TCK') });
});

for (const [what, auxv] of [
  ['empty', Buffer.alloc(0)],
  ['cut short', Buffer.alloc(15, 6)],
] as const) {
  test(`units of an auxiliary vector that is ${what} are the usual ones`, () =>
    assert.deepEqual(parseUnits(auxv), { pageBytes: 4096, ticksPerSecond: 100 }));
}

test('a file that is not there means the usual units', () =>
  assert.deepEqual(readUnits('/nowhere'), { pageBytes: 4096, ticksPerSecond: 100 }));
