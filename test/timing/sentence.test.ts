import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BootRecord } from '../../src/timing/record.ts';
import { renderSeconds, renderSentence } from '../../src/timing/sentence.ts';
import { BEFORE, DESKTOP, makeRecord, script, service, stage, step, wait } from './records.ts';

const CASES: readonly (readonly [string, BootRecord])[] = [
  ['ready after 2.1 s: 1.7 s jupyter, 0.31 s xvfb, 0.06 s before services', DESKTOP],
  [
    'ready after 2.1 s: 1.7 s jupyter, 0.31 s xvfb, 0.06 s before services; reduced: 2 (no home to write to; PIP_REPOSITORY)',
    { ...DESKTOP, reduced: ['no home to write to', 'PIP_REPOSITORY'] },
  ],
  [
    'ready after 2.1 s: 1.7 s jupyter, 0.31 s xvfb, 0.06 s before services; reduced: 4 (a; b; c; …)',
    { ...DESKTOP, reduced: ['a', 'b', 'c', 'd'] },
  ],
  [
    'ready after 12 s: 11 s script 20-download, 1.0 s web (2 starts), 0.06 s before services',
    makeRecord('ready', 12_060, [
      ...BEFORE,
      script('20-download', 60, 11_060),
      service('web', 11_060, 12_060, { starts: 2 }),
    ]),
  ],
  [
    'ready after 0.06 s: 0.03 s node, 0.02 s script 10-xdg, 0.01 s files',
    makeRecord('ready', 60, [...BEFORE, stage('planned again', 60, 60.1)]),
  ],
  [
    'ready after 21 s: 6.0 s f, 5.0 s e, 4.0 s d, 3.0 s c, 3.0 s in 2 others',
    makeRecord(
      'ready',
      21_000,
      [...'abcdef'].flatMap((name, index) => {
        const startMs = (index * (index + 1) * 1000) / 2;
        const endMs = startMs + (index + 1) * 1000;
        return index === 0
          ? [stage('node', 0, 0), service(name, 0, 1000)]
          : [wait(name, [0, startMs], ['abcdef'[index - 1] ?? '']), service(name, startMs, endMs)];
      }),
    ),
  ],
  [
    'booted after 5.0 s without dashboard (failed: exited with code 3): 4.9 s dashboard (3 starts), 0.06 s before services',
    makeRecord(
      'incomplete',
      5000,
      [...BEFORE, service('dashboard', 60, 4960, { isFailed: true, starts: 3 })],
      {
        reason: 'dashboard (failed: exited with code 3)',
      },
    ),
  ],
  [
    'booted after 4.7 s without late (late to become ready), broken (failing): 4.6 s broken (5 starts), 0.06 s before services',
    makeRecord(
      'incomplete',
      4700,
      [
        ...BEFORE,
        service('late', 60, undefined, { isFailed: true, givenUpMs: 3060 }),
        service('broken', 60, undefined, { isFailed: true, givenUpMs: 4699.8, starts: 5 }),
      ],
      { reason: 'late (late to become ready), broken (failing)' },
    ),
  ],
  [
    'still booting for 3.5 s: waits for broken',
    makeRecord('booting', 3500, [
      ...BEFORE,
      service('late', 60, undefined, { isFailed: true, givenUpMs: 3060 }),
      service('broken', 60, undefined),
    ]),
  ],
  [
    'the boot failed after 0.30 s: script 10-a exited with code 1',
    makeRecord('failed', 300, [...BEFORE], { reason: 'script 10-a exited with code 1' }),
  ],
  [
    'the boot was stopped after 0.30 s: asked to stop by SIGTERM',
    makeRecord('stopped', 300, [...BEFORE], { reason: 'asked to stop by SIGTERM' }),
  ],
  [
    'still booting for 0.08 s: waits for script 20-more',
    makeRecord('booting', 80, [...BEFORE, script('20-more', 60, undefined)]),
  ],
  [
    'still booting for 12 s: waits for a, b, c, d and 1 more',
    makeRecord('booting', 12_000, [
      ...BEFORE,
      ...[...'abcde'].map(name => service(name, 60, undefined)),
      wait('f', [60, undefined], ['a']),
    ]),
  ],
  [
    'still booting for 0.08 s: waits for password',
    makeRecord('booting', 80, [stage('node', 0, 25), step('password', 25, undefined, { isBeside: true })]),
  ],
  // What goes on is rounded down.
  ['still booting for 3.9 s', makeRecord('booting', 3990, [])],
  ['still booting for 0.99 s', makeRecord('booting', 999, [])],
  ['still booting for 59 s', makeRecord('booting', 59_990, [])],
  ['still booting for 0.00 s', makeRecord('booting', 1, [])],
];

describe('a boot in one line', () => {
  for (const [sentence, record] of CASES)
    test(sentence, () => assert.equal(renderSentence(record), sentence));

  for (const [ms, text] of [
    [0, '0.00 s'],
    [46, '0.05 s'],
    [994, '0.99 s'],
    [995, '1.0 s'],
    [9949, '9.9 s'],
    [9950, '10 s'],
    [61_400, '61 s'],
  ] as const)
    test(`${ms} ms are ${text}`, () => assert.equal(renderSeconds(ms), text));
});
