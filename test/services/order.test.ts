import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  askToStart,
  findCycle,
  findDependents,
  findRequired,
  mayStop,
  type Ordered,
} from '../../src/services/order.ts';
import { makeService, type Service, type State } from '../../src/services/states.ts';
import { makeDefinition } from '../facts-fixture.ts';

/** "c: a b; after d" for a few services at once. */
function order(...lines: readonly string[]): Ordered[] {
  return lines.map(line => {
    const [, name = '', requires = '', after = ''] = /^(\w+):([^;]*)(?:; after (.*))?$/.exec(line) ?? [];
    const words = (text: string) => text.split(' ').filter(word => word !== '');
    return { name, requires: words(requires), after: words(after) };
  });
}

const { policy } = makeDefinition('any');
const inState = (name: string, state: State, more: Partial<Service> = {}): Service => ({
  ...makeService(name, policy),
  state,
  ...more,
});
const find =
  (...services: readonly Service[]) =>
  (name: string) =>
    services.find(service => service.name === name);

const UP: State = { name: 'up', startedMs: 0 };
const STARTING: State = { name: 'starting', startedMs: 0, isLate: false };
const BACKOFF: State = { name: 'backoff', deadlineMs: 1 };
const WAITING: State = { name: 'waiting', sinceMs: 0 };
const down = (why: Extract<State, { name: 'down' }>['why']): State => ({ name: 'down', why });
const RELEASED = { type: 'released' };
const WAITS = { type: 'waits', names: ['a'] };
const BLOCKED = { type: 'blocked', by: 'a' };

describe('a service that requires another', () => {
  for (const [what, state, more, permission] of [
    ['starts when the other is up', UP, {}, RELEASED],
    ['waits while the other starts', STARTING, { spawn: 1 }, WAITS],
    ['waits while the other is late', { ...STARTING, isLate: true }, { spawn: 1 }, WAITS],
    ['waits while the other waits', WAITING, {}, WAITS],
    ['waits while the other is to be restarted', BACKOFF, { spawn: 1 }, WAITS],
    ['waits while the other is up but failing', UP, { isFailing: true }, WAITS],
    ['waits for one that nobody has started', down('initial'), {}, WAITS],
    ['waits for one that an operator has stopped', down('asked'), { spawn: 1 }, WAITS],
    ['starts when the other has done its work', down('done'), { spawn: 1 }, RELEASED],
    ['fails when the other has failed', { name: 'failed' }, { spawn: 1 }, BLOCKED],
    ['fails when a finish script keeps the other down', down('finished'), { spawn: 1 }, BLOCKED],
  ] as const) {
    test(what, () => {
      const [b] = order('b: a');
      assert.deepEqual(askToStart(b as Ordered, find(inState('a', state, more))), permission);
    });
  }

  test('names everything that it waits for, once', () => {
    const [c] = order('c: a b; after a');
    const permission = askToStart(c as Ordered, find(inState('a', STARTING), inState('b', WAITING)));
    assert.deepEqual(permission, { type: 'waits', names: ['a', 'b'] });
  });

  test('fails at once, whatever else it waits for', () => {
    const [c] = order('c: b a');
    const permission = askToStart(
      c as Ordered,
      find(inState('a', { name: 'failed' }), inState('b', WAITING)),
    );
    assert.deepEqual(permission, BLOCKED);
  });
});

describe('a service that starts after another', () => {
  for (const [what, state, more, permission] of [
    ['waits until the other has been started', WAITING, {}, WAITS],
    ['does not wait for it to be ready', STARTING, { spawn: 1 }, RELEASED],
    ['does not wait for one that died', BACKOFF, { spawn: 1 }, RELEASED],
    ['does not mind that the other has failed', { name: 'failed' }, {}, RELEASED],
    ['does not wait for one that is not started at boot', down('initial'), {}, RELEASED],
  ] as const) {
    test(what, () => {
      const [b] = order('b:; after a');
      assert.deepEqual(askToStart(b as Ordered, find(inState('a', state, more))), permission);
    });
  }

  test('does not wait for one that does not run here', () => {
    const [b] = order('b: gone; after away');
    assert.deepEqual(askToStart(b as Ordered, find()), RELEASED);
  });
});

describe('at the end', () => {
  const all = order('a:', 'b: a', 'c:; after b');
  const states = (b: State, c: State) => find(inState('a', UP), inState('b', b), inState('c', c));

  test('a service is stopped when nobody is left that was started after it', () => {
    assert.deepEqual(
      ['a', 'b', 'c'].filter(name => mayStop(name, all, states(UP, UP))),
      ['c'],
    );
    assert.deepEqual(
      ['a', 'b', 'c'].filter(name => mayStop(name, all, states(UP, down('asked')))),
      ['b', 'c'],
    );
    assert.equal(mayStop('a', all, states({ name: 'failed' }, down('asked'))), true);
  });

  test('also by way of one that rests already', () => {
    const all = order('db:', 'job: db', 'app: job');
    const states = (app: State) => find(inState('job', down('done')), inState('app', app));
    assert.equal(mayStop('db', all, states(UP)), false);
    assert.equal(mayStop('db', all, states(down('asked'))), true);
  });
});

describe('what an operator’s word reaches', () => {
  const all = order('a:', 'b: a', 'c: b a', 'd:; after a');

  test('a start: everything required, first things first', () => {
    assert.deepEqual(findRequired('c', all), ['a', 'b', 'c']);
    assert.deepEqual(findRequired('d', all), ['d']);
  });

  test('a restart with dependents: whoever requires it, last things first', () => {
    assert.deepEqual(findDependents('a', all), ['c', 'b']);
    assert.deepEqual(findDependents('d', all), []);
  });
});

describe('a circle', () => {
  for (const [lines, cycle] of [
    [
      ['a: b', 'b: c', 'c: a'],
      ['a', 'b', 'c', 'a'],
    ],
    [['a: a'], ['a', 'a']],
    [
      ['a: b', 'b:; after a'],
      ['a', 'b', 'a'],
    ],
    [
      ['x: a', 'a: b', 'b: a'],
      ['a', 'b', 'a'],
    ],
    [['a: b c', 'b: d', 'c: d', 'd:'], undefined],
    [['a: gone'], undefined],
  ] as const) {
    test(`of ${lines.join(', ')}: ${cycle?.join(' -> ') ?? 'none'}`, () =>
      assert.deepEqual(findCycle(order(...lines)), cycle));
  }
});
