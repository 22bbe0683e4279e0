import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Policy } from '../../src/definitions/definitions.ts';
import { alone, amongOthers, type Happening, policies } from './happenings.ts';
import { House, type Inhabitant } from './house.ts';
import { World } from './world.ts';

/** Always the same runs; another number is another set of them. A failure says how to repeat it. */
const SEED = 3;
const RUNS = { alone: 5000, together: 2000 };
const MAX_HAPPENINGS = 150;
const MAX_SERVICES = 6;
/** What the state machine gives to KILL. Milliseconds. */
const KILL_TIMEOUT_MS = 2000;
/** An end has no more steps: the stop, KILL, two sweeps of two steps each, finish, and the exits between. */
const MAX_DEADLINES = 10;

/** A happening as fast-check wants it: the world is its model, and there is nothing else. */
class Told implements fc.Command<World, undefined> {
  readonly happening: Happening;
  constructor(happening: Happening) {
    this.happening = happening;
  }
  check(world: World): boolean {
    return this.happening.mayHappen(world);
  }
  run(world: World): void {
    this.happening.happen(world);
    seen.add(world.state.name);
  }
  toString(): string {
    return this.happening.name;
  }
}

const seen = new Set<string>();
const stories = fc.commands([alone.map(happening => new Told(happening))], {
  maxCommands: MAX_HAPPENINGS,
  size: 'max',
});

describe('whatever happens to a service in whatever order', () => {
  test('its invariants hold, and a shutdown ends it in time', () => {
    fc.assert(
      fc.property(policies, stories, (policy, story) => {
        const world = new World('web', policy, { nowMs: 1_000_000 });
        fc.modelRun(() => ({ model: world, real: undefined }), story);
        shutDown(world);
      }),
      { seed: SEED, numRuns: RUNS.alone },
    );
  });

  test('every state was there', () => {
    const all = 'backoff down failed finishing killing starting stopping sweeping up waiting';
    assert.equal([...seen].sort().join(' '), all);
  });
});

/** Services that depend only on those before them, so that there is no circle. */
const inhabitants: fc.Arbitrary<Inhabitant[]> = fc
  .array(
    fc.record({
      policy: policies,
      requires: fc.uniqueArray(fc.nat(MAX_SERVICES), { maxLength: 2 }),
      after: fc.uniqueArray(fc.nat(MAX_SERVICES), { maxLength: 2 }),
    }),
    { minLength: 1, maxLength: MAX_SERVICES, size: 'max' },
  )
  .map(services =>
    services.map(({ policy, requires, after }, index) => {
      const namesOf = (indices: readonly number[]) => indices.filter(one => one < index).map(nameOf);
      return { name: nameOf(index), policy, requires: namesOf(requires), after: namesOf(after) };
    }),
  );

/** Something happens to one of them, or the shutdown begins. */
class ToldOfOne implements fc.Command<House, undefined> {
  readonly index: number;
  readonly happening: Happening;
  constructor(index: number, happening: Happening) {
    this.index = index;
    this.happening = happening;
  }
  check({ worlds }: House): boolean {
    const world = worlds[this.index];
    return world !== undefined && this.happening.mayHappen(world);
  }
  run(house: House): void {
    const world = house.worlds[this.index];
    if (world !== undefined) this.happening.happen(world);
    house.settle();
  }
  toString(): string {
    return `${nameOf(this.index)}: ${this.happening.name}`;
  }
}

const neighbourhoods = fc.commands(
  [
    fc
      .tuple(fc.nat(MAX_SERVICES - 1), amongOthers)
      .map(([index, happening]) => new ToldOfOne(index, happening)),
  ],
  { maxCommands: MAX_HAPPENINGS, size: 'max' },
);

describe('whatever happens to services that depend on one another', () => {
  test('nobody starts before its time, nobody is stopped before its time, and a shutdown ends all', () => {
    fc.assert(
      fc.property(inhabitants, neighbourhoods, neighbourhoods, (services, before, during) => {
        const house = new House(services);
        house.startAll();
        fc.modelRun(() => ({ model: house, real: undefined }), before);
        house.shutDown();
        fc.modelRun(() => ({ model: house, real: undefined }), during);
        end(house);
      }),
      { seed: SEED, numRuns: RUNS.together },
    );
  });

  test('everybody comes up where nothing goes wrong', () => {
    fc.assert(
      fc.property(inhabitants, services => {
        const house = new House(services);
        house.startAll();
        for (let count = 0; house.worlds.some(({ state }) => state.name !== 'up'); count++) {
          assert.ok(count < services.length, 'somebody does not come up');
          for (const world of house.worlds)
            if (world.state.name === 'starting') world.take({ type: 'ready', spawn: world.service.spawn });
          house.settle();
        }
      }),
      { seed: SEED, numRuns: RUNS.together },
    );
  });
});

/** As `shutDown`, for all of them. */
function end(house: House): void {
  const begunMs = house.clock.nowMs;
  const limitMs = house.worlds.reduce((sum, { service }) => sum + limitOf(service.policy, 0), 0);
  for (let count = 0; !house.isResting; count++) {
    assert.ok(count < MAX_DEADLINES * house.worlds.length, 'a shutdown that does not end');
    assert.ok(house.passDeadline(), 'everybody waits for somebody');
  }
  const tookMs = house.clock.nowMs - begunMs;
  assert.ok(tookMs <= limitMs, `${tookMs} ms are more than ${limitMs}`);
}

function nameOf(index: number): string {
  return 'abcdefgh'.charAt(index);
}

/** Nobody helps: the process ignores TERM, nobody says that a sweep is done, finish hangs. Only deadlines pass. */
function shutDown(world: World): void {
  world.take({ type: 'shutdown' });
  const begunMs = world.clock.nowMs;
  const limitMs = limitOf(world.service.policy, Math.max(0, (world.deadlineMs ?? begunMs) - begunMs));
  if (!world.isResting) world.take({ type: 'stop' });
  for (let count = 0; !world.isResting; count++) {
    assert.ok(count < MAX_DEADLINES, `a shutdown that does not end: ${world.state.name}`);
    world.passDeadline();
  }
  const tookMs = world.clock.nowMs - begunMs;
  assert.ok(tookMs <= limitMs, `${tookMs} ms are more than ${limitMs}`);
  for (const type of ['start', 'restart', 'stop', 'kill'] as const) world.take({ type });
  assert.ok(world.isResting);
}

/** How long a stop may take: the end, a sweep, finish, and a sweep of what a group's restarts had spared. */
function limitOf({ stopTimeoutMs, kill, finishTimeoutMs }: Policy, pendingMs: number): number {
  const turns = kill === 'group' ? 3 : 2;
  return Math.max(turns * (stopTimeoutMs + KILL_TIMEOUT_MS) + finishTimeoutMs, pendingMs);
}
