import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  countServices,
  isInTrouble,
  renderCount,
  type Standing,
  wordOf,
} from '../../src/control/standing.ts';

const UP: Standing = {
  state: 'up',
  isReady: true,
  isFailing: false,
  isLate: false,
  isKeptDown: false,
  isIll: false,
};
const at = (state: string, more: Partial<Standing> = {}): Standing => ({
  ...UP,
  state,
  isReady: false,
  ...more,
});

/** How it is, its word, and whether it is in trouble. */
const ROWS: readonly (readonly [Standing, string, boolean])[] = [
  [UP, 'ready', false],
  [{ ...UP, isIll: true }, 'unhealthy', true],
  [at('up', { isFailing: true, isIll: true }), 'failing', true],
  [at('starting'), 'starting', false],
  [at('starting', { isLate: true }), 'late', true],
  [at('starting', { isLate: true, isFailing: true }), 'failing', true],
  [at('waiting'), 'waiting', false],
  [at('backoff'), 'restarting', false],
  [at('backoff', { isFailing: true }), 'failing', true],
  [at('failed', { isFailing: true }), 'failed', true],
  [at('stopping', { isIll: true }), 'unhealthy', true],
  ...['stopping', 'killing', 'sweeping', 'finishing'].map(state => [at(state), 'stopping', false] as const),
  [at('down'), 'down', false],
  [at('down', { isKeptDown: true }), 'down', true],
];

describe('how a service stands', () => {
  for (const [service, word, isTrouble] of ROWS) {
    test(`${JSON.stringify(service)} is ${word}`, () =>
      assert.deepEqual([wordOf(service), isInTrouble(service)], [word, isTrouble]));
  }
});

describe('services are counted', () => {
  for (const [what, services, wanted, ready, inTrouble, sentence] of [
    ['none', [], 0, 0, 0, 'no service is to run'],
    ['without those that are down', [at('down'), UP], 1, 1, 0, 'its service is ready'],
    ['one that starts', [at('starting')], 1, 0, 0, 'its service is not ready yet'],
    [
      'one that is kept down, as in trouble',
      [UP, at('down', { isKeptDown: true })],
      2,
      1,
      1,
      '1 of 2 services are ready',
    ],
    [
      'an unhealthy one as ready and in trouble',
      [{ ...UP, isIll: true }, UP],
      2,
      2,
      1,
      'all 2 services are ready',
    ],
  ] as const) {
    test(what, () => {
      assert.deepEqual(countServices(services), { wanted, ready, inTrouble });
      assert.equal(renderCount(services), sentence);
    });
  }
});
