import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeCriticalPath } from '../../src/timing/critical-path.ts';
import type { BootRecord } from '../../src/timing/record.ts';
import { makeWaterfall } from '../../src/timing/waterfall.ts';
import { BEFORE, DESKTOP, makeRecord, script, service, stage, step, wait } from './records.ts';

const CASES: readonly (readonly [string, BootRecord, readonly string[]])[] = [
  ['nothing yet', makeRecord('booting', 3, []), []],
  [
    'without services the stages in their order, and a script that still runs',
    makeRecord('booting', 90, [...BEFORE, script('20-more', 60, undefined)]),
    ['node', 'files', '10-xdg', '20-more'],
  ],
  [
    'what became ready last, what that waited for, and the stages before it',
    DESKTOP,
    ['node', 'files', '10-xdg', 'xvfb', 'jupyter'],
  ],
  [
    'of several that were waited for, the last',
    makeRecord('ready', 900, [
      ...BEFORE,
      service('db', 60, 300),
      service('cache', 60, 500),
      wait('app', [60, 500], ['db', 'cache']),
      service('app', 500, 900),
    ]),
    ['node', 'files', '10-xdg', 'cache', 'app'],
  ],
  [
    'of one whose start alone was waited for, what that one had waited for',
    makeRecord('ready', 900, [
      ...BEFORE,
      service('db', 60, 300),
      wait('worker', [60, 300], ['db']),
      service('worker', 300, 700),
      wait('app', [60, 301], ['worker']),
      service('app', 301, 900),
    ]),
    ['node', 'files', '10-xdg', 'db', 'app'],
  ],
  [
    'one that was ready before the wait began did not hold it up',
    makeRecord('ready', 900, [
      ...BEFORE,
      service('db', 60, 70),
      wait('app', [80, 90], ['db']),
      service('app', 90, 900),
    ]),
    ['node', 'files', '10-xdg', 'app'],
  ],
  [
    'the step that sets the password, where it was waited for',
    makeRecord('ready', 900, [
      stage('node', 0, 25),
      step('password', 25, 400, { isBeside: true }),
      script('10-xdg', 25, 60),
      wait('sshd', [60, 400], ['the password']),
      service('sshd', 400, 900),
    ]),
    ['node', 'password', 'sshd'],
  ],
  [
    'what the CMD waited for, where it started last',
    makeRecord('ready', 500, [
      stage('node', 0, 25),
      step('system store', 25, 500, { isBeside: true }),
      wait('the CMD', [60, 500], ['system store']),
      service('web', 60, 260),
    ]),
    ['node', 'system store'],
  ],
  [
    'of those that are not ready, the one that began first',
    makeRecord('incomplete', 5000, [
      ...BEFORE,
      service('late', 60, undefined, { isFailed: true }),
      wait('dependent', [60, undefined], ['late']),
      service('later', 80, undefined),
    ]),
    ['node', 'files', '10-xdg', 'late'],
  ],
  [
    'of those that are not ready, the one that was given up last, not one that waits for the other in vain',
    makeRecord('incomplete', 4700, [
      ...BEFORE,
      service('late', 60, undefined, { isFailed: true, givenUpMs: 3060 }),
      wait('dependent', [60, undefined], ['late']),
      service('broken', 80, undefined, { isFailed: true, givenUpMs: 4699.8, starts: 5 }),
    ]),
    ['node', 'files', '10-xdg', 'broken'],
  ],
  [
    'one that waits in vain where nothing was started',
    makeRecord('incomplete', 90, [...BEFORE, wait('dependent', [60, undefined], ['spare'])]),
    ['node', 'files', '10-xdg'],
  ],
  [
    'the end of one that has failed, also for the one that requires it',
    makeRecord('incomplete', 800, [
      ...BEFORE,
      service('db', 60, 800, { isFailed: true, starts: 3 }),
      wait('app', [60, 800.1], ['db'], { isFailed: true }),
    ]),
    ['node', 'files', '10-xdg', 'db'],
  ],
  [
    'while it boots, what somebody waits for who waits for others',
    makeRecord('booting', 800, [
      ...BEFORE,
      wait('app', [60, undefined], ['worker']),
      wait('worker', [60, undefined], ['the password']),
      step('password', 40, undefined, { isBeside: true }),
    ]),
    ['node', 'files', 'password'],
  ],
];

describe('the critical path', () => {
  for (const [title, record, names] of CASES) {
    test(title, () =>
      assert.deepEqual(
        makeCriticalPath(record).map(({ name }) => name),
        names,
      ),
    );
  }

  test('ends also where a record says that everybody waits for everybody', () => {
    const names = ['a', 'b', 'c'];
    const record = makeRecord('booting', 10, [
      ...names.map(name => wait(name, [0, undefined], names)),
      ...names.map(name => service(name, 0, undefined)),
      ...names.map(name => wait(name, [0, 0], names)),
    ]);
    assert.ok(makeCriticalPath(record).length <= 3);
  });

  test('says when each link began and ended, and how often a service was started', () => {
    const record = makeRecord('booting', 90, [
      stage('node', 0, 25),
      service('web', 30, undefined, { starts: 2 }),
    ]);
    assert.deepEqual(makeCriticalPath(record), [
      { kind: 'stage', name: 'node', startMs: 0, endMs: 25, isOpen: false },
      { kind: 'service', name: 'web', startMs: 30, endMs: 90, isOpen: true, starts: 2 },
    ]);
  });
});

test('a record as long as a file of one may be is read to its end', { timeout: 20_000 }, () => {
  const steps = Array.from({ length: 40_000 }, (_, index) => step(`s${index}`, index, index + 1));
  const waits = Array.from({ length: 10_000 }, (_, index) => wait(`w${index}`, [0, 1], []));
  const record = makeRecord('booting', 40_000, [...steps, ...waits, service('web', 40_000, 40_001)]);
  const path = makeCriticalPath(record);
  assert.deepEqual([path.length, path[0]?.name, path.at(-1)?.name], [40_001, 's0', 'web']);
  assert.equal(makeWaterfall(record).rows.length, 50_001);
});
