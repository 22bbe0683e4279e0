import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { renderLength, renderSpell } from '../../src/durations.ts';
import { joinNames, listChanges, listServices, makeHeadline } from '../../src/web/page/words.ts';
import type { ServiceView, View } from '../../src/web/view.ts';

function makeService(name: string, given: Partial<ServiceView> = {}): ServiceView {
  return {
    name,
    description: '',
    state: 'up',
    isReady: (given.state ?? 'up') === 'up',
    isFailing: false,
    isLate: false,
    isCritical: false,
    isKeptDown: false,
    isIll: false,
    forMs: 5000,
    deaths: 0,
    restarts: 0,
    restartsInMs: undefined,
    waitsFor: [],
    requires: [],
    after: [],
    symptom: undefined,
    lastEnd: undefined,
    ...given,
  };
}

function makeView(given: Partial<View> = {}): View {
  return {
    version: '1.2.3',
    upMs: 60_000,
    stage: { name: 'running' },
    isHealthy: true,
    isReady: true,
    unhealthy: [],
    notReady: [],
    services: [],
    planned: { services: [], scripts: [], problems: [] },
    boot: {
      format: 1,
      version: '1.2.3',
      beganAt: '2026-01-02T03:04:05.000Z',
      outcome: 'ready',
      tookMs: 2000,
      spans: [],
      reduced: [],
    },
    ...given,
  };
}

describe('what the page says of a service', () => {
  const ROWS: readonly [Partial<ServiceView>, string, string, string][] = [
    [{}, 'good', 'ready', ''],
    [{ restarts: 1 }, 'good', 'ready', 'was started again once'],
    [
      { restarts: 2, lastEnd: 'exited with code 3' },
      'good',
      'ready',
      'was started again 2 times; before, it exited with code 3',
    ],
    [{ isIll: true, symptom: 'status 503' }, 'bad', 'unhealthy', 'status 503'],
    [
      {
        isFailing: true,
        isReady: false,
        state: 'backoff',
        lastEnd: 'exited with code 3',
        restartsInMs: 7000,
      },
      'bad',
      'failing',
      'exited with code 3; starts again in 6 s',
    ],
    [
      { state: 'failed', lastEnd: 'exited with code 3' },
      'bad',
      'failed',
      'exited with code 3; it stays down',
    ],
    [{ state: 'starting', symptom: 'connection refused' }, 'busy', 'starting', 'connection refused'],
    [
      { state: 'starting', isLate: true, symptom: 'connection refused' },
      'warn',
      'late',
      'connection refused; it was to be ready by now',
    ],
    [
      { state: 'waiting', waitsFor: ['db', 'xvfb', 'the password'] },
      'wait',
      'waiting',
      'waits for db, xvfb and the password',
    ],
    [
      { state: 'backoff', lastEnd: 'was ended by SIGKILL', restartsInMs: 500 },
      'warn',
      'restarting',
      'was ended by SIGKILL; starts again now',
    ],
    [{ state: 'stopping' }, 'busy', 'stopping', ''],
    [{ state: 'sweeping' }, 'busy', 'stopping', ''],
    [
      { state: 'down', isKeptDown: true, lastEnd: 'exited with code 3' },
      'bad',
      'down',
      'exited with code 3; its finish script keeps it down',
    ],
    [{ state: 'down', lastEnd: 'exited with code 0' }, 'off', 'down', 'exited with code 0'],
  ];
  for (const [given, tone, word, why] of ROWS) {
    test(`${JSON.stringify(given)}: ${word}`, () => {
      const [line] = listServices(makeView({ services: [makeService('a', given)] }), 1000);
      assert.deepEqual([line?.tone, line?.word, line?.why.join('; ')], [tone, word, why]);
      assert.equal(line?.forMs, given.isFailing || given.isIll ? undefined : 6000);
    });
  }

  test('troubles come first and what is down last, else the order of the image', () => {
    const services = [
      makeService('down', { state: 'down' }),
      makeService('one'),
      makeService('waits', { state: 'waiting' }),
      makeService('two'),
      makeService('failed', { state: 'failed' }),
      makeService('late', { state: 'starting', isLate: true }),
      makeService('starts', { state: 'starting' }),
    ];
    const names = listServices(makeView({ services }), 0).map(({ name }) => name);
    assert.deepEqual(names, ['failed', 'late', 'starts', 'waits', 'one', 'two', 'down']);
  });

  test('while scripts run it is a service to come', () => {
    const planned = { services: [{ name: 'a', description: 'An a' }], scripts: [], problems: [] };
    const lines = listServices(makeView({ stage: { name: 'booting' }, planned }), 0);
    assert.deepEqual(lines, [
      { name: 'a', description: 'An a', tone: 'wait', word: 'not started yet', forMs: undefined, why: [] },
    ]);
  });
});

describe('the headline', () => {
  const boot = makeView().boot;
  const script = { kind: 'script', name: '10-a', startMs: 500, isBeside: false, isFailed: false } as const;
  const ROWS: readonly [string, Partial<View>, string, string, string][] = [
    [
      'of a script',
      {
        stage: { name: 'booting', script: '10-a' },
        planned: { services: [], scripts: ['05-b', '10-a', '20-c'], problems: [] },
        boot: { ...boot, outcome: 'booting', tookMs: 4500, spans: [script] },
      },
      'busy',
      'The workbench is booting',
      'Script 10-a has run for 5 s (2 of 3)',
    ],
    [
      'between scripts and services',
      { stage: { name: 'booting' } },
      'busy',
      'The workbench is booting',
      'Its services start in a moment',
    ],
    [
      'of services that start for the first time',
      {
        isReady: false,
        boot: { ...boot, outcome: 'booting' },
        services: [makeService('a'), makeService('b', { state: 'starting' })],
      },
      'busy',
      'The workbench is booting',
      '1 of 2 services are ready',
    ],
    [
      'of one that starts again',
      { isReady: false, services: [makeService('a', { state: 'starting' })] },
      'busy',
      'Not all is ready',
      'Its service is not ready yet',
    ],
    [
      'of one between two lives, which is no trouble yet',
      { isReady: false, services: [makeService('a', { state: 'backoff' }), makeService('b')] },
      'busy',
      'Not all is ready',
      '1 of 2 services are ready',
    ],
    [
      'when all is well',
      { services: [makeService('a'), makeService('b'), makeService('c', { state: 'down' })] },
      'good',
      'The workbench is ready',
      'All 2 services are ready',
    ],
    ['of a CMD alone', {}, 'good', 'The workbench is ready', 'No service is to run'],
    [
      'of troubles',
      {
        isReady: false,
        services: [
          makeService('a', { state: 'failed' }),
          makeService('b', { state: 'starting', isLate: true }),
          makeService('c'),
        ],
      },
      'bad',
      'The workbench is incomplete',
      'a has failed; b is late; 1 of 3 services are ready',
    ],
    [
      'of the end',
      { stage: { name: 'stopping' } },
      'off',
      'The workbench is stopping',
      'What runs there is ended in order',
    ],
    [
      'of a boot that failed',
      {
        stage: { name: 'stopping' },
        boot: { ...boot, outcome: 'failed', reason: 'script 10-a exited with code 3' },
      },
      'off',
      'The workbench is stopping',
      'script 10-a exited with code 3',
    ],
  ];
  for (const [what, given, tone, title, detail] of ROWS) {
    test(what, () => {
      const { brief, ...shown } = makeHeadline(makeView(given), 1000);
      assert.deepEqual(shown, { tone, title, detail });
      assert.ok(title.endsWith(brief), brief);
    });
  }
});

describe('what a screen reader is told', () => {
  const starting = makeView({ isReady: false, services: [makeService('a', { state: 'starting' })] });

  test('of the first answer: the headline', () => {
    assert.deepEqual(listChanges(undefined, makeView({ services: [makeService('a')] })), [
      'The workbench is ready.',
      'Its service is ready.',
    ]);
  });

  test('of a change: what has changed', () => {
    assert.deepEqual(listChanges(starting, makeView({ services: [makeService('a')] })), [
      'The workbench is ready.',
      'a: ready.',
    ]);
  });

  test('of time that passes: nothing', () => {
    const later = {
      ...starting,
      upMs: 99_000,
      services: [makeService('a', { state: 'starting', forMs: 44_000 })],
    };
    assert.deepEqual(listChanges(starting, later), []);
  });

  test('of many changes: some, and how many more', () => {
    const many = Array.from({ length: 9 }, (_, index) => makeService(`s${index}`));
    const said = listChanges(makeView(), makeView({ services: many }));
    assert.equal(said.length, 6);
    assert.equal(said.at(-1), '4 more have changed.');
  });
});

test('durations are as exact as a reader can use them', () => {
  const lengths = [0.24, 1.4, 999.4, 999.6, 1240, 9994, 9996, 59_940, 59_960, 125_000].map(renderLength);
  assert.deepEqual(lengths, [
    ...['0.2 ms', '1 ms', '999 ms', '1.00 s', '1.24 s', '9.99 s', '10.0 s', '59.9 s', '1 min', '2 min 5 s'],
  ]);
  const spells = [-5, 0, 59_999, 60_000, 3_599_000, 7_500_000, 273_600_000].map(renderSpell);
  assert.deepEqual(spells, ['0 s', '0 s', '59 s', '1 min', '59 min 59 s', '2 h 5 min', '3 d 4 h']);
});

test('names are joined as in a sentence', () => {
  assert.deepEqual([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(joinNames), [
    '',
    'a',
    'a and b',
    'a, b and c',
  ]);
});
