import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isSettled } from '../../src/services/settled.ts';

const one = (state: string, more: object = {}) => ({
  state,
  isFailing: false,
  isLate: false,
  spawn: 1,
  waitsFor: [],
  ...more,
});
const waiting = (...waitsFor: string[]) => one('waiting', { spawn: 0, waitsFor });

/** [what they are, whether the boot is over]. */
const CASES: readonly (readonly [string, readonly ReturnType<typeof one>[], boolean])[] = [
  ['nobody', [], true],
  ['up, or down because somebody wanted it', [one('up'), one('down')], true],
  ['one that starts', [one('up'), one('starting')], false],
  ['one that is late', [one('starting', { isLate: true })], true],
  ['one that comes back soon', [one('backoff', { spawn: 2 })], false],
  ['one that is between two lives', [one('sweeping')], false],
  ['one that is stopped for its health', [one('stopping')], false],
  ['one that keeps dying', [one('backoff', { isFailing: true, spawn: 5 })], true],
  ['one that keeps dying, just up', [one('up', { isFailing: true, spawn: 5 })], true],
  ['one that dies slowly, again and again', [one('starting', { spawn: 6 })], true],
  ['one that has failed, and what requires it', [one('failed'), one('failed', { spawn: 0 })], true],
  ['one that waits for one on its way', [one('starting'), waiting('db')], false],
  ['one that waits for one that is late', [one('starting', { isLate: true }), waiting('db')], true],
  ['one that waits for one that nobody starts', [one('down', { spawn: 0 }), waiting('db')], true],
  ['one that waits for the password', [one('up'), waiting('the password')], false],
  ['one that waits for the password, and for one that is late', [waiting('db', 'the password')], true],
  ['one that waits for who waits for the password', [waiting('the password'), waiting('door')], false],
];

describe('whether a boot is over, with', () => {
  for (const [title, services, expected] of CASES)
    test(`${title}: ${expected ? 'yes' : 'no'}`, () => assert.equal(isSettled(services), expected));
});
