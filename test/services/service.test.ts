import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Policy } from '../../src/definitions/definitions.ts';
import type { Exit } from '../../src/processes/exit.ts';
import { FAILING, isSuccessful, makeDelayMs, SETTLED_AFTER_MS } from '../../src/services/restarts.ts';
import { step } from '../../src/services/service.ts';
import { type Effect, type Event, makeService, type Service, type Step } from '../../src/services/states.ts';
import { READY_AFTER_MS } from '../../src/services/transitions.ts';

const POLICY: Policy = {
  restart: 'always',
  backoffMs: { min: 250, max: 30_000 },
  maxRestarts: undefined,
  critical: false,
  stopSignal: 'SIGINT',
  stopTimeoutMs: 5000,
  kill: 'tree',
  successCodes: [0],
  hasFinish: true,
  finishTimeoutMs: 5000,
  hasDependencies: false,
  readyTimeoutMs: undefined,
  deathTally: 4096,
};
const KILL_TIMEOUT_MS = 2000;
const FINISH_TIMEOUT_MS = POLICY.finishTimeoutMs;
const READY_TIMEOUT_MS = 60_000;
const START_MS = 1_000_000;
/** Later than any start in the table, earlier than any deadline. */
const NOW_MS = START_MS + 50;

const FAILURE: Exit = { code: 3 };

/** The latest exit, sweep or finish of a service. */
const exited = (service: Service, exit: Exit = FAILURE): Event => ({
  type: 'exited',
  spawn: service.spawn,
  exit,
});
const swept = (service: Service): Event => ({ type: 'swept', spawn: service.spawn });
const ready = (service: Service): Event => ({ type: 'ready', spawn: service.spawn });
const unhealthy = (service: Service): Event => ({ type: 'unhealthy', spawn: service.spawn });
const finished = (service: Service, code = 0): Event => ({ type: 'finished', spawn: service.spawn, code });

type Drive = Event['type'] | ((service: Service) => Event);

/** The service after those events, all at one time. */
function drive(service: Service, events: readonly Drive[], nowMs = START_MS): Service {
  return driveStep(service, events, nowMs).service;
}

/** As `drive`, with every effect on the way. */
function driveStep(service: Service, events: readonly Drive[], nowMs = START_MS): Step {
  const effects: Effect[] = [];
  let current = service;
  for (const event of events) {
    const made = typeof event === 'function' ? event(current) : simple(event);
    const taken = step(current, made, nowMs);
    effects.push(...taken.effects);
    current = taken.service;
  }
  return { service: current, effects };
}

function simple(type: Event['type']): Event {
  if (
    type === 'exited' ||
    type === 'swept' ||
    type === 'finished' ||
    type === 'ready' ||
    type === 'unhealthy'
  )
    throw new Error(`${type} needs the number of a spawn`);
  return { type };
}

function make(policy: Partial<Policy> = {}): Service {
  return makeService('web', { ...POLICY, ...policy });
}

const DOWN = make();
const STARTING = drive(DOWN, ['start']);
const UP = drive(STARTING, ['deadline']);
const PROBED = drive(make({ readyTimeoutMs: READY_TIMEOUT_MS }), ['start']);
const WAITING = drive(make({ hasDependencies: true }), ['start']);
const SWEEPING = drive(UP, [exited]);
const FINISHING = drive(SWEEPING, [swept]);
const BACKOFF = drive(FINISHING, [finished]);

/** One service in each state, brought there by events. */
const STATES = {
  down: DOWN,
  failed: drive(make({ restart: 'never', hasFinish: false }), ['start', exited, swept]),
  waiting: WAITING,
  starting: STARTING,
  'starting with a probe': PROBED,
  'starting, late': drive(PROBED, ['deadline']),
  up: UP,
  'up after a short life': drive(BACKOFF, ['deadline', 'deadline']),
  backoff: BACKOFF,
  stopping: drive(UP, ['stop']),
  killing: drive(UP, ['stop', 'deadline']),
  sweeping: SWEEPING,
  'sweeping hard': drive(SWEEPING, ['deadline']),
  finishing: FINISHING,
} as const satisfies Record<string, Service>;
type StateKey = keyof typeof STATES;

const EVENTS = {
  start: () => simple('start'),
  stop: () => simple('stop'),
  restart: () => simple('restart'),
  kill: () => simple('kill'),
  shutdown: () => simple('shutdown'),
  released: () => simple('released'),
  blocked: () => simple('blocked'),
  exited,
  ready,
  unhealthy,
  swept,
  finished,
  deadline: () => simple('deadline'),
} as const satisfies Record<Event['type'], (service: Service) => Event>;
type EventKey = keyof typeof EVENTS;

/** "killing -> down by operator + signal SIGKILL" */
function render({ service, effects }: Step): string {
  const { state } = service;
  const hard = 'isHard' in state && state.isHard ? ' hard' : '';
  const late = 'isLate' in state && state.isLate ? ', late' : '';
  const why = 'why' in state ? ` (${state.why})` : '';
  const next = 'next' in state ? ` -> ${state.next.state} by ${state.next.by}` : '';
  return [`${state.name}${hard}${late}${why}${next}`, ...effects.map(renderEffect)].join(' + ');
}

function renderEffect(effect: Effect): string {
  switch (effect.type) {
    case 'spawn':
      return `spawn ${effect.spawn}`;
    case 'signal':
      return `signal ${effect.signal}`;
    case 'sweep':
      return `sweep ${effect.scope} ${effect.signal}`;
    case 'finish':
      return `finish ${JSON.stringify(effect.exit)}`;
    case 'killFinish':
      return 'kill finish';
  }
}

const STAYS = '–';
const BUG = 'bug';
const TERM_SWEEP = 'sweep tree SIGTERM';
const KILL_SWEEP = 'sweep tree SIGKILL';

/** The table above `step`, cell by cell, with the effects; and a column for the shutdown. */
const TABLE: Record<StateKey, Record<EventKey, string>> = {
  down: {
    start: 'starting + spawn 1',
    stop: 'down (asked)',
    restart: 'starting + spawn 1',
    kill: STAYS,
    shutdown: STAYS,
    released: BUG,
    blocked: BUG,
    exited: STAYS,
    ready: STAYS,
    unhealthy: STAYS,
    swept: BUG,
    finished: STAYS,
    deadline: BUG,
  },
  failed: {
    start: 'starting + spawn 2',
    stop: 'down (asked)',
    restart: 'starting + spawn 2',
    kill: STAYS,
    shutdown: STAYS,
    released: BUG,
    blocked: BUG,
    exited: STAYS,
    ready: STAYS,
    unhealthy: STAYS,
    swept: BUG,
    finished: STAYS,
    deadline: BUG,
  },
  waiting: {
    start: STAYS,
    stop: 'down (asked)',
    restart: STAYS,
    kill: 'down (asked)',
    shutdown: 'down (asked)',
    released: 'starting + spawn 1',
    blocked: 'failed',
    exited: STAYS,
    ready: STAYS,
    unhealthy: STAYS,
    swept: BUG,
    finished: STAYS,
    deadline: BUG,
  },
  starting: {
    start: STAYS,
    stop: 'stopping -> down by operator + signal SIGINT',
    restart: 'stopping -> starting by operator + signal SIGINT',
    kill: 'killing -> down by operator + signal SIGKILL',
    shutdown: STAYS,
    released: BUG,
    blocked: BUG,
    exited: `sweeping -> backoff by policy + ${TERM_SWEEP}`,
    ready: 'up',
    unhealthy: STAYS,
    swept: BUG,
    finished: BUG,
    deadline: 'up',
  },
  'starting with a probe': {
    start: STAYS,
    stop: 'stopping -> down by operator + signal SIGINT',
    restart: 'stopping -> starting by operator + signal SIGINT',
    kill: 'killing -> down by operator + signal SIGKILL',
    shutdown: STAYS,
    released: BUG,
    blocked: BUG,
    exited: `sweeping -> backoff by policy + ${TERM_SWEEP}`,
    ready: 'up',
    unhealthy: STAYS,
    swept: BUG,
    finished: BUG,
    deadline: 'starting, late',
  },
  'starting, late': {
    start: STAYS,
    stop: 'stopping -> down by operator + signal SIGINT',
    restart: 'stopping -> starting by operator + signal SIGINT',
    kill: 'killing -> down by operator + signal SIGKILL',
    shutdown: STAYS,
    released: BUG,
    blocked: BUG,
    exited: `sweeping -> backoff by policy + ${TERM_SWEEP}`,
    ready: 'up',
    unhealthy: STAYS,
    swept: BUG,
    finished: BUG,
    deadline: 'starting, late',
  },
  up: {
    start: STAYS,
    stop: 'stopping -> down by operator + signal SIGINT',
    restart: 'stopping -> starting by operator + signal SIGINT',
    kill: 'killing -> down by operator + signal SIGKILL',
    shutdown: STAYS,
    released: BUG,
    blocked: BUG,
    exited: `sweeping -> backoff by policy + ${TERM_SWEEP}`,
    ready: STAYS,
    unhealthy: 'stopping -> backoff by policy + signal SIGINT',
    swept: BUG,
    finished: BUG,
    deadline: STAYS,
  },
  'up after a short life': {
    start: STAYS,
    stop: 'stopping -> down by operator + signal SIGINT',
    restart: 'stopping -> starting by operator + signal SIGINT',
    kill: 'killing -> down by operator + signal SIGKILL',
    shutdown: STAYS,
    released: BUG,
    blocked: BUG,
    exited: `sweeping -> backoff by policy + ${TERM_SWEEP}`,
    ready: STAYS,
    unhealthy: 'stopping -> backoff by policy + signal SIGINT',
    swept: BUG,
    finished: BUG,
    deadline: 'up',
  },
  backoff: {
    start: 'starting + spawn 2',
    stop: 'down (asked)',
    restart: 'starting + spawn 2',
    kill: 'down (asked)',
    shutdown: 'down (asked)',
    released: BUG,
    blocked: BUG,
    exited: STAYS,
    ready: STAYS,
    unhealthy: STAYS,
    swept: BUG,
    finished: STAYS,
    deadline: 'starting + spawn 2',
  },
  stopping: {
    start: 'stopping -> starting by operator',
    stop: STAYS,
    restart: 'stopping -> starting by operator',
    kill: 'killing -> down by operator + signal SIGKILL',
    shutdown: STAYS,
    released: BUG,
    blocked: BUG,
    exited: `sweeping -> down by operator + ${TERM_SWEEP}`,
    ready: STAYS,
    unhealthy: STAYS,
    swept: BUG,
    finished: BUG,
    deadline: 'killing -> down by operator + signal SIGKILL',
  },
  killing: {
    start: 'killing -> starting by operator',
    stop: STAYS,
    restart: 'killing -> starting by operator',
    kill: STAYS,
    shutdown: STAYS,
    released: BUG,
    blocked: BUG,
    exited: `sweeping -> down by operator + ${TERM_SWEEP}`,
    ready: STAYS,
    unhealthy: STAYS,
    swept: BUG,
    finished: BUG,
    deadline: `sweeping hard -> down by operator + ${KILL_SWEEP}`,
  },
  sweeping: {
    start: 'sweeping -> starting by operator',
    stop: 'sweeping -> down by operator',
    restart: 'sweeping -> starting by operator',
    kill: `sweeping hard -> backoff by policy + ${KILL_SWEEP}`,
    shutdown: STAYS,
    released: BUG,
    blocked: BUG,
    exited: STAYS,
    ready: STAYS,
    unhealthy: STAYS,
    swept: 'finishing -> backoff by policy + finish {"code":3}',
    finished: STAYS,
    deadline: `sweeping hard -> backoff by policy + ${KILL_SWEEP}`,
  },
  'sweeping hard': {
    start: 'sweeping hard -> starting by operator',
    stop: 'sweeping hard -> down by operator',
    restart: 'sweeping hard -> starting by operator',
    kill: STAYS,
    shutdown: STAYS,
    released: BUG,
    blocked: BUG,
    exited: STAYS,
    ready: STAYS,
    unhealthy: STAYS,
    swept: 'finishing -> backoff by policy + finish {"code":3}',
    finished: STAYS,
    deadline: 'finishing -> backoff by policy + finish {"code":3}',
  },
  finishing: {
    start: 'finishing -> starting by operator',
    stop: 'finishing -> down by operator',
    restart: 'finishing -> starting by operator',
    kill: 'finishing -> backoff by policy + kill finish',
    shutdown: STAYS,
    released: BUG,
    blocked: BUG,
    exited: STAYS,
    ready: STAYS,
    unhealthy: STAYS,
    swept: BUG,
    finished: 'backoff',
    deadline: 'backoff + kill finish',
  },
};

const STATE_KEYS = Object.keys(STATES) as StateKey[];
const EVENT_KEYS = Object.keys(EVENTS) as EventKey[];

for (const stateKey of STATE_KEYS) {
  describe(`a service that is ${stateKey}`, () => {
    const service = STATES[stateKey];
    const own = service.state.name;

    test('was brought there', () => {
      assert.equal(stateKey.split(/[ ,]/)[0], own);
      assert.equal('isLate' in service.state && service.state.isLate, stateKey === 'starting, late');
      assert.equal('isHard' in service.state && service.state.isHard, stateKey === 'sweeping hard');
    });

    for (const eventKey of EVENT_KEYS) {
      const cell = TABLE[stateKey][eventKey];
      test(`on ${eventKey}: ${cell}`, () => {
        const event = EVENTS[eventKey](service);
        if (cell === BUG) {
          assert.throws(() => step(service, event, NOW_MS), {
            message: `Bug: service web got "${eventKey}" in state ${own}`,
          });
          return;
        }
        const before = structuredClone(service);
        const taken = step(service, event, NOW_MS);
        assert.deepEqual(service, before, 'a step changes nothing in place');
        if (cell === STAYS) assert.deepEqual([taken.service.state, taken.effects], [service.state, []]);
        else assert.equal(render(taken), cell);
        assert.equal(taken.service.mayStart, eventKey !== 'shutdown');
      });
    }

    for (const eventKey of ['exited', 'ready', 'unhealthy', 'swept', 'finished'] as const) {
      for (const shift of [-1, 1]) {
        test(`ignores ${eventKey} of ${shift < 0 ? 'an earlier' : 'a later'} spawn`, () => {
          const event = EVENTS[eventKey]({ ...service, spawn: service.spawn + shift });
          assert.deepEqual(step(service, event, NOW_MS), { service, effects: [] });
        });
      }
    }

    test('starts nothing more once shutdown has begun, whatever comes', () => {
      const stopping = drive(service, ['shutdown']);
      for (const first of EVENT_KEYS) {
        for (const second of EVENT_KEYS) {
          let current = stopping;
          for (const key of [first, second]) {
            if (TABLE[keyOf(current)][key] === BUG) continue;
            const taken = step(current, EVENTS[key](current), NOW_MS);
            assert.equal(
              taken.effects.some(effect => effect.type === 'spawn'),
              false,
              `${first}, ${second}`,
            );
            assert.equal(taken.service.spawn, service.spawn);
            current = taken.service;
          }
        }
      }
    });
  });
}

/** The row of the table that a service is in. */
function keyOf({ state }: Service): StateKey {
  if ('isLate' in state && state.isLate) return 'starting, late';
  return 'isHard' in state && state.isHard ? 'sweeping hard' : state.name;
}

describe('a deadline', () => {
  for (const [what, service, deadlineMs] of [
    ['is when a started service counts as up', STARTING, START_MS + READY_AFTER_MS],
    ['is none for a service that is simply up: an idle workbench sleeps', UP, undefined],
    [
      'is when a service that died before counts as settled, from its start',
      drive(drive(BACKOFF, ['deadline']), ['deadline'], START_MS + READY_AFTER_MS),
      START_MS + SETTLED_AFTER_MS,
    ],
    ['is when a stop turns to KILL', STATES.stopping, START_MS + POLICY.stopTimeoutMs],
    ['is when KILL is given up', STATES.killing, START_MS + KILL_TIMEOUT_MS],
    ['is when a polite sweep turns to KILL', SWEEPING, START_MS + POLICY.stopTimeoutMs],
    ['is when a hard sweep is given up', STATES['sweeping hard'], START_MS + KILL_TIMEOUT_MS],
    ['is when finish is killed', FINISHING, START_MS + FINISH_TIMEOUT_MS],
    ['is when a service comes back', BACKOFF, START_MS + makeDelayMs(BACKOFF)],
    ['is none at rest', STATES.failed, undefined],
  ] as const) {
    test(what, () => {
      const { state } = service;
      assert.equal('deadlineMs' in state ? state.deadlineMs : undefined, deadlineMs);
    });
  }

  test('that comes when a service has settled ends its trial: a later death is a first one again', () => {
    const trial = STATES['up after a short life'];
    assert.equal(trial.attempt, 1);
    const settled = drive(trial, ['deadline'], START_MS + SETTLED_AFTER_MS);
    assert.deepEqual([settled.attempt, settled.isFailing], [0, false]);
    assert.equal('deadlineMs' in settled.state, false);
  });
});

/** What the policy chooses after a death; a long life makes the restart immediate. */
function chooseAfter(policy: Partial<Policy>, exit: Exit, lifeMs: number): string {
  const died = drive(
    drive(make(policy), ['start', 'deadline']),
    [service => exited(service, exit)],
    START_MS + lifeMs,
  );
  const { state } = died;
  assert.ok(state.name === 'sweeping');
  assert.equal(state.next.by, 'policy');
  return state.next.state;
}

describe('after a death', () => {
  const SHORT_MS = 9999;
  const LONG_MS = SETTLED_AFTER_MS;
  const term: Exit = { signal: 'SIGTERM' };
  const kill: Exit = { signal: 'SIGKILL' };
  const missing: Exit = { error: 'web: no such file', code: 127 };
  const hopeless: Exit = { error: 'no setpriv', code: 126, isForGood: true };

  for (const [policy, exit, lifeMs, next] of [
    [{ restart: 'always' }, { code: 0 }, SHORT_MS, 'backoff'],
    [{ restart: 'always' }, { code: 0 }, LONG_MS, 'starting'],
    [{ restart: 'always' }, { code: 1 }, SHORT_MS, 'backoff'],
    [{ restart: 'always' }, { code: 1 }, LONG_MS, 'starting'],
    [{ restart: 'always' }, kill, LONG_MS, 'starting'],
    [{ restart: 'always' }, missing, 0, 'backoff'],
    [{ restart: 'always' }, hopeless, 0, 'failed'],
    [{ restart: 'on-failure' }, hopeless, 0, 'failed'],
    [{ restart: 'on-failure' }, { code: 0 }, SHORT_MS, 'down'],
    [{ restart: 'on-failure' }, { code: 0 }, LONG_MS, 'down'],
    [{ restart: 'on-failure' }, { code: 1 }, SHORT_MS, 'backoff'],
    [{ restart: 'on-failure' }, { code: 1 }, LONG_MS, 'starting'],
    [{ restart: 'on-failure' }, kill, SHORT_MS, 'backoff'],
    [{ restart: 'on-failure' }, missing, 0, 'backoff'],
    [{ restart: 'on-failure', successCodes: [0, 2] }, { code: 2 }, SHORT_MS, 'down'],
    [{ restart: 'on-failure', successCodes: [0, 'SIGTERM'] }, term, SHORT_MS, 'down'],
    [{ restart: 'on-failure', successCodes: [0, 15, 143] }, term, SHORT_MS, 'backoff'],
    [{ restart: 'never' }, { code: 0 }, LONG_MS, 'down'],
    [{ restart: 'never' }, { code: 1 }, LONG_MS, 'failed'],
    [{ restart: 'never' }, kill, SHORT_MS, 'failed'],
    [{ restart: 'never' }, missing, 0, 'failed'],
    [{ restart: 'never', successCodes: [0, 2] }, { code: 2 }, LONG_MS, 'down'],
    [{ restart: 'always', maxRestarts: { count: 0, windowMs: 1000 } }, { code: 1 }, LONG_MS, 'failed'],
    [{ restart: 'always', maxRestarts: { count: 1, windowMs: 1000 } }, { code: 1 }, LONG_MS, 'starting'],
    [{ restart: 'on-failure', maxRestarts: { count: 0, windowMs: 1000 } }, { code: 0 }, LONG_MS, 'down'],
  ] as const) {
    test(`${JSON.stringify(policy)} and ${JSON.stringify(exit)} in ${lifeMs} ms: ${next}`, () =>
      assert.equal(chooseAfter(policy, exit, lifeMs), next));
  }

  test('nothing follows once shutdown has begun', () => {
    const { state } = drive(UP, ['shutdown', exited]);
    assert.deepEqual('next' in state && state.next, { state: 'down', by: 'policy' });
  });

  test('a process that never began is no success, whatever the codes', () => {
    assert.equal(isSuccessful({ ...POLICY, successCodes: [0, 127] }, missing), false);
    assert.equal(isSuccessful({ ...POLICY, successCodes: [0, 127] }, { code: 127 }), true);
  });
});

/** Lives and dies `count` times, each life `lifeMs` long, and waits out each backoff. Returns it after each death. */
function dieRepeatedly(policy: Partial<Policy>, count: number, lifeMs = 0): Service[] {
  const deaths: Service[] = [];
  let nowMs = START_MS;
  let service = drive(make({ hasFinish: false, ...policy }), ['start'], nowMs);
  for (let index = 0; index < count; index++) {
    nowMs += lifeMs;
    service = drive(service, [exited, swept], nowMs);
    deaths.push(service);
    if (service.state.name === 'failed' || service.state.name === 'down') break;
    if (service.state.name === 'starting') continue;
    assert.ok(service.state.name === 'backoff');
    nowMs = service.state.deadlineMs;
    service = drive(service, ['deadline'], nowMs);
  }
  return deaths;
}

describe('the backoff', () => {
  test('doubles from its least to its greatest, a jitter of at most a quarter shorter', () => {
    const delays = dieRepeatedly({}, 10).map(makeDelayMs);
    for (const [index, ideal] of [
      250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000,
    ].entries()) {
      const delay = delays[index] ?? 0;
      assert.ok(delay <= ideal && delay >= Math.max(250, ideal * 0.75), `delay ${index} is ${delay}`);
    }
  });

  test('never ends, however often a service has died', () => {
    const delay = makeDelayMs(dieRepeatedly({}, 2000).at(-1) ?? DOWN);
    assert.ok(delay >= 22_500 && delay <= 30_000);
  });

  test('differs between services, so that those that died together don’t return together', () => {
    const delays = ['jupyter', 'code-server', 'rstudio', 'sshd'].map(name =>
      makeDelayMs({ ...(dieRepeatedly({}, 5).at(-1) ?? DOWN), name }),
    );
    assert.equal(new Set(delays).size, delays.length);
  });

  test('is the same for the same service and spawn: a step is pure', () => {
    assert.deepEqual(dieRepeatedly({}, 5), dieRepeatedly({}, 5));
  });

  test('keeps to what the author chose', () => {
    for (const service of dieRepeatedly({ backoffMs: { min: 1000, max: 1000 } }, 5))
      assert.equal(makeDelayMs(service), 1000);
    for (const service of dieRepeatedly({ backoffMs: { min: 0, max: 0 } }, 5))
      assert.equal(makeDelayMs(service), 0);
  });

  test('begins anew after a life of 10 s, whose end is answered at once', () => {
    const short = dieRepeatedly({}, 4).at(-1) ?? DOWN;
    assert.equal(short.attempt, 4);
    const again = drive(short, ['deadline'], START_MS + 60_000);
    const ended = drive(again, [exited, swept], START_MS + 60_000 + SETTLED_AFTER_MS);
    assert.equal(ended.state.name, 'starting');
    const third = drive(ended, [exited, swept], START_MS + 60_000 + SETTLED_AFTER_MS + 5);
    assert.equal(third.attempt, 1);
  });
});

describe('a service is failing', () => {
  test('after 5 deaths in 60 s, not before', () => {
    assert.deepEqual(
      dieRepeatedly({ backoffMs: { min: 1, max: 1 } }, 6).map(({ isFailing }) => isFailing),
      [false, false, false, false, true, true],
    );
  });

  test('not when its deaths lie further apart', () => {
    const lives = dieRepeatedly({}, 10, FAILING.windowMs / 4);
    assert.deepEqual(
      lives.filter(({ isFailing }) => isFailing),
      [],
    );
  });

  test('as long as it goes on dying, though its backoff lets it die less often', () => {
    const lives = dieRepeatedly({}, 30).map(({ isFailing }) => isFailing);
    assert.equal(lives.at(4), true);
    assert.deepEqual(lives.slice(4), lives.slice(4).fill(true));
  });

  test('and is restarted all the same', () => {
    assert.equal(dieRepeatedly({}, 30).at(-1)?.state.name, 'backoff');
  });

  test('no more when it has lived 10 s', () => {
    const failing = dieRepeatedly({ backoffMs: { min: 1, max: 1 } }, 5).at(-1) ?? DOWN;
    const up = drive(failing, ['deadline', 'deadline']);
    assert.deepEqual([up.state.name, up.isFailing], ['up', true]);
    assert.equal(drive(up, ['deadline'], START_MS + SETTLED_AFTER_MS).isFailing, false);
  });
});

describe('a job', () => {
  const endsWell = (service: Service) => exited(service, { code: 0 });
  const job = make({ restart: 'on-failure', hasFinish: false, maxRestarts: { count: 3, windowMs: 60_000 } });

  test('that ends well has not died, however often it is asked for', () => {
    const done = drive(job, Array(10).fill(['start', endsWell, swept]).flat());
    assert.deepEqual([done.state, done.isFailing], [{ name: 'down', why: 'done' }, false]);
    assert.equal(drive(done, ['start', exited, swept]).state.name, 'backoff');
  });

  test('that fails is counted as any service', () => {
    const failed = drive(job, ['start', exited, swept, ...Array(3).fill(['deadline', exited, swept]).flat()]);
    assert.equal(failed.state.name, 'failed');
  });
});

test('a failing service that is stopped, or ends well after all, fails no more', () => {
  const often = dieRepeatedly({ backoffMs: { min: 1, max: 1 }, restart: 'on-failure' }, 5).at(-1) ?? DOWN;
  assert.deepEqual([often.state.name, often.isFailing], ['backoff', true]);
  assert.equal(drive(often, ['stop']).isFailing, false);
  const endsWell = (service: Service) => exited(service, { code: 0 });
  assert.equal(drive(often, ['deadline', endsWell, swept, finished]).isFailing, false);
});

describe('maxRestarts', () => {
  test('counts restarts: one death more is the last', () => {
    const states = dieRepeatedly({ maxRestarts: { count: 3, windowMs: 60_000 } }, 10).map(
      ({ state }) => state.name,
    );
    assert.deepEqual(states, ['backoff', 'backoff', 'backoff', 'failed']);
  });

  test('forgets deaths that lie further back than its window, also one longer than a minute', () => {
    const policy = { maxRestarts: { count: 2, windowMs: 300_000 } };
    const often = dieRepeatedly(policy, 10, 90_000).map(({ state }) => state.name);
    assert.deepEqual(often, ['starting', 'starting', 'failed']);
    const seldom = dieRepeatedly(policy, 10, 151_000).map(({ state }) => state.name);
    assert.deepEqual(new Set(seldom), new Set(['starting']));
  });

  test('lets an operator start it again', () => {
    const failed = dieRepeatedly({ maxRestarts: { count: 0, windowMs: 1000 } }, 1).at(-1) ?? DOWN;
    assert.equal(drive(failed, ['start']).state.name, 'starting');
  });
});

describe('finish', () => {
  test('is not run where there is none', () => {
    const taken = driveStep(drive(make({ hasFinish: false }), ['start']), [exited, swept]);
    assert.equal(taken.service.state.name, 'backoff');
    assert.equal(
      taken.effects.some(({ type }) => type === 'finish'),
      false,
    );
  });

  test('is not run for a process that never began', () => {
    const taken = driveStep(STARTING, [s => exited(s, { error: 'no such file', code: 127 }), swept]);
    assert.equal(taken.service.state.name, 'backoff');
  });

  test('is told how the process ended, also after a stop', () => {
    const taken = driveStep(UP, ['stop', s => exited(s, { signal: 'SIGINT' }), swept]);
    assert.deepEqual(taken.effects.at(-1), { type: 'finish', exit: { signal: 'SIGINT' } });
  });

  test('is told how a process ended that the kernel had kept back', () => {
    const taken = driveStep(UP, [
      'stop',
      'deadline',
      'deadline',
      s => exited(s, { signal: 'SIGKILL' }),
      swept,
    ]);
    assert.deepEqual(taken.effects.at(-1), { type: 'finish', exit: { signal: 'SIGKILL' } });
  });

  test('is not told how an earlier life ended when this one can’t be ended', () => {
    const again = drive(BACKOFF, ['deadline', 'deadline']);
    const taken = driveStep(again, ['stop', 'deadline', 'deadline', 'deadline']);
    assert.deepEqual(
      taken.effects.filter(effect => effect.type === 'finish' && effect.exit === FAILURE),
      [],
    );
  });

  const withCode = (service: Service, code: number) => drive(service, [s => finished(s, code)]).state.name;

  test('that answers 125 keeps the service down for good', () => {
    assert.equal(withCode(FINISHING, 125), 'down');
  });

  for (const code of [0, 1, 124, 126, 256]) {
    test(`that answers ${code} changes nothing`, () => assert.equal(withCode(FINISHING, code), 'backoff'));
  }

  test('that answers 125 after a probe’s failure leaves it down as one that failed, whatever code it ended with', () => {
    const why = (events: readonly Drive[]) => {
      const { state } = drive(UP, [...events, swept, s => finished(s, 125)]);
      return state.name === 'down' && state.why;
    };
    const endsWell = (service: Service) => exited(service, { code: 0 });
    assert.equal(why([unhealthy, endsWell]), 'finished');
    assert.equal(why([endsWell]), 'done');
    assert.equal(why([unhealthy, endsWell, 'start', swept, finished, endsWell]), 'done');
  });

  test('that answers 125 is overruled by an operator’s start or restart, before and meanwhile', () => {
    assert.equal(withCode(drive(FINISHING, ['start']), 125), 'starting');
    assert.equal(withCode(drive(UP, ['restart', exited, swept]), 125), 'starting');
  });

  test('that answers 125 after an operator’s stop, or after shutdown began, leaves it down', () => {
    assert.equal(withCode(drive(UP, ['stop', exited, swept]), 125), 'down');
    assert.equal(withCode(drive(FINISHING, ['shutdown']), 125), 'down');
  });
});

describe('an operator’s word', () => {
  test('begins afresh, however often the service has died: backoff, failing and maxRestarts', () => {
    const policy = { backoffMs: { min: 1, max: 100 }, maxRestarts: { count: 5, windowMs: 60_000 } };
    const lives = dieRepeatedly(policy, 6);
    const failed = lives.at(-1) ?? DOWN;
    const again = lives.at(-2) ?? DOWN;
    assert.deepEqual([failed.state.name, failed.isFailing], ['failed', true]);
    assert.deepEqual([again.state.name, again.isFailing], ['backoff', true]);
    const fromUp = drive(drive(again, ['deadline', 'deadline']), ['restart', exited, swept]);
    for (const begun of [drive(failed, ['start']), drive(again, ['restart']), fromUp]) {
      const { attempt, deathsMs, isFailing, deathCount } = begun;
      assert.deepEqual({ attempt, deathsMs, isFailing }, { attempt: 0, deathsMs: [], isFailing: false });
      assert.ok(deathCount >= 5, 'what is counted for ever goes on');
      assert.equal(drive(begun, [exited, swept]).state.name, 'backoff');
    }
  });

  test('beats the policy', () => {
    assert.equal(drive(SWEEPING, ['stop', swept, finished]).state.name, 'down');
    assert.equal(drive(SWEEPING, ['start', swept, finished]).state.name, 'starting');
    const final = drive(drive(make({ restart: 'never' }), ['start']), [exited]);
    assert.equal(drive(final, ['start', swept, finished]).state.name, 'starting');
  });

  test('beats an earlier one', () => {
    assert.equal(drive(UP, ['stop', 'start', 'stop', exited, swept, finished]).state.name, 'down');
    assert.equal(drive(UP, ['restart', 'stop', 'start', exited, swept, finished]).state.name, 'starting');
  });

  test('is lost at the shutdown', () => {
    assert.equal(drive(UP, ['restart', 'shutdown', exited, swept, finished]).state.name, 'down');
    assert.equal(drive(WAITING, ['shutdown', 'start']).state.name, 'down');
    assert.equal(drive(UP, ['shutdown', 'start', exited, swept, finished]).state.name, 'down');
  });
});

describe('a kill', () => {
  const sweeps = (service: Service, events: readonly Drive[]) =>
    driveStep(service, events).effects.flatMap(effect => (effect.type === 'sweep' ? effect.signal : []));

  test('waits for nobody: what is left of the service gets KILL at once', () => {
    assert.deepEqual(sweeps(UP, ['kill', exited]), ['SIGKILL']);
    assert.deepEqual(sweeps(UP, ['stop', 'kill', exited]), ['SIGKILL']);
    assert.deepEqual(sweeps(UP, ['stop', 'deadline', 'kill', exited]), ['SIGKILL']);
    const spared = drive(make({ kill: 'group' }), ['start', exited, swept]);
    assert.deepEqual(sweeps(spared, ['stop', 'kill', finished]), ['SIGKILL']);
  });

  test('says nothing about the next life', () => {
    assert.deepEqual(sweeps(UP, ['kill', 'start', exited, swept, finished, exited]), ['SIGKILL', 'SIGTERM']);
    assert.deepEqual(sweeps(DOWN, ['kill', 'start', exited]), ['SIGTERM']);
  });
});

describe('with kill: group', () => {
  const GROUP = make({ kill: 'group', hasFinish: true });
  const DEPENDENT = { ...GROUP.policy, hasDependencies: true };
  const scopes = (events: readonly Drive[]) =>
    driveStep(drive(GROUP, ['start']), events).effects.flatMap(effect =>
      effect.type === 'sweep' ? effect.scope : [],
    );

  test('a restart leaves alone what a user started in sessions of their own', () => {
    assert.deepEqual(scopes([exited]), ['group']);
    assert.deepEqual(scopes(['restart', exited]), ['group']);
    assert.deepEqual(scopes(['restart', exited, 'deadline']), ['group', 'group']);
  });

  test('a service whose requirement fails before it is back is swept like any that stays down', () => {
    const before = ['start', 'released', 'restart', exited, swept, finished] as const;
    const waiting = drive({ ...GROUP, policy: DEPENDENT }, before);
    assert.equal(
      render(driveStep(waiting, ['blocked'])),
      'sweeping -> failed by policy + sweep tree SIGTERM',
    );
  });

  test('a service that shutdown keeps from coming back is swept, although it was swept before', () => {
    const again = ['start', exited, swept, finished, 'stop', 'start', 'deadline', 'shutdown'] as const;
    assert.equal(
      render(driveStep(drive(GROUP, again), [swept])),
      'sweeping -> starting by operator + sweep tree SIGTERM',
    );
  });

  test('a restart that is asked for meanwhile changes nothing of that', () => {
    const taken = driveStep(drive(GROUP, ['start', exited]), ['restart']);
    assert.equal(render(taken), 'sweeping -> starting by operator');
  });

  test('a stop and a final end do not, and sweep once', () => {
    assert.deepEqual(scopes(['stop', exited, swept, finished]), ['tree']);
    assert.deepEqual(scopes(['shutdown', 'stop', exited]), ['tree']);
    assert.deepEqual(scopes(['shutdown', exited]), ['tree']);
    const last = drive(make({ kill: 'group', restart: 'never' }), ['start']);
    assert.deepEqual(driveStep(last, [exited]).effects, [
      { type: 'sweep', signal: 'SIGTERM', scope: 'tree' },
    ]);
  });

  for (const [when, before] of [
    ['while its group is swept', [exited]],
    ['while its group is swept hard', [exited, 'deadline']],
    ['while its finish runs', [exited, swept]],
    ['during its backoff', [exited, swept, finished]],
    ['while it waits for others again', ['restart', exited, swept, finished]],
  ] as const) {
    for (const wish of ['stop', 'shutdown'] as const) {
      test(`a ${wish} of a service that would restart, ${when}, still ends everything`, () => {
        const first = driveStep({ ...GROUP, policy: DEPENDENT }, ['start', 'released', ...before]);
        let taken = driveStep(first.service, wish === 'stop' ? ['stop'] : ['shutdown', 'stop']);
        const effects = [...taken.effects];
        // Whatever the way: the whole tree is swept, politely at first, before it counts as stopped.
        for (let count = 0; taken.service.state.name !== 'down'; count++) {
          assert.ok(count < 5, `it stays in ${taken.service.state.name}`);
          taken = driveStep(taken.service, [taken.service.state.name === 'finishing' ? finished : swept]);
          effects.push(...taken.effects);
        }
        const tree = effects.find(effect => effect.type === 'sweep' && effect.scope === 'tree');
        assert.deepEqual(tree, { type: 'sweep', signal: 'SIGTERM', scope: 'tree' });
        const finishes = [...first.effects, ...effects].filter(({ type }) => type === 'finish');
        assert.equal(finishes.length, 1, 'finish runs once a life');
      });
    }
  }
});

/** What the words of the table above `step` mean, as a look at the step that they describe. */
const WORDS: Readonly<Record<string, (before: Service, taken: Step, event: Event) => boolean>> = {
  '–': (before, { service, effects }) => service.state === before.state && effects.length === 0,
  begin: ({ policy }, { service }) =>
    service.state.name === (policy.hasDependencies ? 'waiting' : 'starting'),
  'down *': (before, taken) => hasEnded(before, taken, 'down'),
  'failed *': (before, taken) => hasEnded(before, taken, 'failed'),
  next: ({ state }, { service, effects }, event) => {
    if (service.state.name !== state.name) return 'next' in state && service.state.name === state.next.state;
    const wanted = event.type === 'stop' ? 'down' : 'starting';
    return effects.length === 0 && 'next' in service.state && service.state.next.state === wanted;
  },
  'up, or late': ({ policy }, { service }) =>
    policy.readyTimeoutMs === undefined ? isIn('up', service) : keyOf(service) === 'starting, late',
  'settled, stays': (_, { service }) =>
    service.attempt === 0 && isIn('up', service) && !('deadlineMs' in service.state),
  hard: (_, { service }) => keyOf(service) === 'sweeping hard',
  'sweeping, hard': (_, { service }) => keyOf(service) === 'sweeping hard',
  'hard, then finishing': (before, { service }) =>
    keyOf(service) === (keyOf(before) === 'sweeping hard' ? 'finishing' : 'sweeping hard'),
  'kill finish': (before, { service, effects }) =>
    service.state === before.state && effects[0]?.type === 'killFinish',
  'kill finish, next': ({ state }, { service, effects }) =>
    effects[0]?.type === 'killFinish' && 'next' in state && service.state.name === state.next.state,
};

/** Every other word is the name of the state that is entered. */
const entersIt =
  (name: string): (typeof WORDS)[string] =>
  (before, { service }) =>
    service.state.name === name && (service.state !== before.state || service.spawn !== before.spawn);

describe('the table above step', () => {
  const [head = [], , ...rows] = readTable();
  /** The services that a row is about, those with another policy too. */
  const examples = [...Object.values(STATES), ...makeGroupExamples()];

  test('has every state and every event but the shutdown', () => {
    const states = new Set(examples.map(({ state }) => state.name));
    assert.deepEqual(new Set(rows.flatMap(([names = '']) => names.split(', '))), states);
    assert.deepEqual(head.slice(1).sort(), EVENT_KEYS.filter(key => key !== 'shutdown').sort());
  });

  for (const [names = '', ...cells] of rows) {
    for (const [index, word] of cells.entries()) {
      const eventKey = head[index + 1] as EventKey;
      test(`says what ${names} does on ${eventKey}: ${word}`, () => {
        const own = examples.filter(({ state }) => names.split(', ').includes(state.name));
        for (const service of own) {
          const event = EVENTS[eventKey](service);
          if (word === BUG) assert.throws(() => step(service, event, NOW_MS), /^Error: Bug: /);
          else {
            const isTrue = WORDS[word] ?? entersIt(word);
            const taken = step(service, event, NOW_MS);
            assert.ok(isTrue(service, taken, event), `${renderService(service)}: ${render(taken)}`);
          }
        }
      });
    }
  }
});

/** The rows of the table in the comment, cell by cell. */
function readTable(): string[][] {
  const text = readFileSync(new URL('../../src/services/service.ts', import.meta.url), 'utf8');
  const lines = text.split('\n').filter(line => line.startsWith(' * |'));
  return lines.map(line =>
    line
      .split('|')
      .slice(1, -1)
      .map(cell => cell.trim()),
  );
}

/** Those whose restarts spare something, in the states where that matters; and one that depends on others. */
function makeGroupExamples(): Service[] {
  const group = make({ kill: 'group', hasDependencies: true, hasFinish: false });
  const waiting = drive(group, ['start']);
  const backoff = drive(waiting, ['released', exited, swept]);
  return [group, waiting, backoff, drive(waiting, ['released', 'restart', exited, swept])];
}

/** At once, or by way of a sweep for what a group's restarts had spared. */
function hasEnded({ policy, spawn }: Service, { service }: Step, last: 'down' | 'failed'): boolean {
  if (policy.kill === 'group' && spawn > 0) return isIn('sweeping', service, last);
  return service.state.name === last;
}

function isIn(name: string, { state }: Service, next?: string): boolean {
  return state.name === name && (next === undefined || ('next' in state && state.next.state === next));
}

function renderService(service: Service): string {
  return render({ service, effects: [] });
}
