import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeTicks, renderTick } from '../../src/timing/ticks.ts';

/** The length of a drawing, about how many lines it may have, and what stands at them. Milliseconds. */
const ROWS = [
  [3, 6, ['0', '1 ms', '2 ms', '3 ms']],
  [930, 6, ['0', '200 ms', '400 ms', '600 ms', '800 ms']],
  [2100, 6, ['0', '500 ms', '1 s', '1.5 s', '2 s']],
  [76_000, 6, ['0', '15 s', '30 s', '45 s', '60 s', '75 s']],
  [1_260_000, 6, ['0', '5 min', '10 min', '15 min', '20 min']],
  [200_000_000, 6, ['0', '10 h', '20 h', '30 h', '40 h', '50 h']],
] as const;

for (const [totalMs, most, texts] of ROWS)
  test(`a scale of ${totalMs} ms has ${texts.join(', ')}`, () => {
    assert.deepEqual(makeTicks(totalMs, most).map(renderTick), texts);
  });
