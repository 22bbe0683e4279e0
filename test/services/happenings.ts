import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Policy } from '../../src/definitions/definitions.ts';
import type { Exit } from '../../src/processes/exit.ts';
import { step } from '../../src/services/service.ts';
import type { Event } from '../../src/services/states.ts';
import type { World } from './world.ts';

/** Something that may happen to a service, as a command for fast-check. What can't happen now is left out. */
export interface Happening {
  readonly name: string;
  readonly mayHappen: (world: World) => boolean;
  readonly happen: (world: World) => void;
}

const POSSIBLE_EXITS: readonly Exit[] = [
  { code: 0 },
  { code: 3 },
  { signal: 'SIGSEGV' },
  { error: 'no such file', code: 127 },
  { error: 'no memory', code: 126, isTemporary: true },
  { error: 'no helper', code: 126, isForGood: true },
];
const FINISH_CODES = [0, 1, 125, 256];

const isLive = ({ process }: World) => process !== undefined && !process.isStuck;

const start = wish('start');
const shutdown = wish('shutdown');

const deadline: Happening = {
  name: 'deadline',
  mayHappen: world => world.deadlineMs !== undefined,
  happen: world => world.passDeadline(),
};

const stuck: Happening = {
  name: 'the kernel keeps it back',
  mayHappen: ({ process }) => process?.isDoomed === true,
  happen: ({ process }) => {
    if (process !== undefined) process.isStuck = true;
  },
};

const stuckExit: Happening = {
  name: 'exited, SIGKILL at last',
  mayHappen: ({ process }) => process?.isStuck === true,
  happen: world => world.exit({ signal: 'SIGKILL' }),
};

/** The probe that said so belongs to this life, which may have ended meanwhile. */
const ready: Happening = {
  name: 'ready',
  mayHappen: ({ service }) => service.spawn > 0 && service.policy.readyTimeoutMs !== undefined,
  happen: world => world.take({ type: 'ready', spawn: world.service.spawn }),
};

const unhealthy: Happening = {
  name: 'unhealthy',
  mayHappen: ({ service }) => service.spawn > 0,
  happen: world => world.take({ type: 'unhealthy', spawn: world.service.spawn }),
};

const swept: Happening = {
  name: 'swept',
  mayHappen: world => world.isSwept,
  happen: world => world.take({ type: 'swept', spawn: world.service.spawn }),
};

const lateExit: Happening = {
  name: 'exited, a life too late',
  mayHappen: ({ lateExits }) => lateExits.length > 0,
  happen: world =>
    world.take({ type: 'exited', spawn: world.lateExits.shift() ?? 0, exit: { signal: 'SIGKILL' } }),
};

const lateFinish: Happening = {
  name: 'finished, too late',
  mayHappen: ({ lateFinishes }) => lateFinishes.length > 0,
  happen: world => world.take({ type: 'finished', spawn: world.lateFinishes.shift() ?? 0, code: 256 }),
};

const released: Happening = {
  name: 'released',
  mayHappen: ({ state }) => state.name === 'waiting',
  happen: world => world.take({ type: 'released' }),
};

const blocked: Happening = {
  name: 'blocked',
  mayHappen: ({ state }) => state.name === 'waiting',
  happen: world => world.take({ type: 'blocked' }),
};

const exits = fc.constantFrom(...POSSIBLE_EXITS).map(
  (exit): Happening => ({
    name: `exited ${JSON.stringify(exit)}`,
    // What never began leaves nothing behind.
    mayHappen: world => isLive(world) && (!('error' in exit) || world.strays.length === 0),
    happen: world => world.exit(exit),
  }),
);

const forks = fc.record({ isAway: fc.boolean(), ignoresTerm: fc.boolean() }).map(
  (stray): Happening => ({
    name: `forks ${JSON.stringify(stray)}`,
    mayHappen: isLive,
    happen: world => {
      world.strays = [...world.strays, stray];
    },
  }),
);

const finishes = fc.constantFrom(...FINISH_CODES).map(
  (code): Happening => ({
    name: `finished ${code}`,
    mayHappen: ({ finish }) => finish !== undefined,
    happen: world => {
      const spawn = world.finish ?? 0;
      world.finish = undefined;
      world.take({ type: 'finished', spawn, code });
    },
  }),
);

const waits = fc.nat(20_000).map(
  (ms): Happening => ({
    name: `${ms} ms pass`,
    mayHappen: () => true,
    happen: ({ clock }) => {
      clock.nowMs += ms;
    },
  }),
);

const others = [
  wish('stop'),
  wish('restart'),
  wish('kill'),
  unhealthy,
  stuck,
  stuckExit,
  lateExit,
  lateFinish,
];

const SPAWN_EVENTS = ['exited', 'ready', 'unhealthy', 'swept', 'finished'] as const;

/** News of another life than the latest: no harm may come of it. */
const strangers = fc.tuple(fc.constantFrom(...SPAWN_EVENTS), fc.constantFrom(-1, 1)).map(
  ([type, shift]): Happening => ({
    name: `${type} of ${shift < 0 ? 'an earlier' : 'a later'} spawn`,
    mayHappen: () => true,
    happen: ({ service, clock }) => {
      const event = { type, spawn: service.spawn + shift, exit: { code: 3 }, code: 125 } as Event;
      assert.deepEqual(
        step(service, event, clock.nowMs),
        { service, effects: [] },
        'an event of another life',
      );
    },
  }),
);

/** What may happen to a service among others, which decide when it is released. Lives go on more often than not. */
const weighed = [
  ...weigh(20, deadline, swept),
  ...weigh(10, start, ready),
  ...weigh(4, ...others),
  { weight: 15, arbitrary: finishes },
  { weight: 10, arbitrary: exits },
  { weight: 10, arbitrary: forks },
  { weight: 4, arbitrary: waits },
];
export const amongOthers = fc.oneof(...weighed);

export const alone = fc.oneof(
  ...weighed,
  ...weigh(20, released),
  ...weigh(2, blocked),
  // After it little happens any more.
  ...weigh(1, shutdown),
  { weight: 4, arbitrary: strangers },
);

/** Every choice that an author of a service has, and some at their limits; the first of each is the plainest. */
export const policies: fc.Arbitrary<Policy> = fc.record({
  restart: fc.constantFrom('always', 'on-failure', 'never'),
  backoffMs: fc.constantFrom({ min: 250, max: 30_000 }, { min: 0, max: 0 }),
  maxRestarts: fc.option(fc.record({ count: fc.nat(3), windowMs: fc.constantFrom(60_000, 0, 300_000) }), {
    nil: undefined,
  }),
  critical: fc.constant(false),
  stopSignal: fc.constant('SIGTERM'),
  stopTimeoutMs: fc.constantFrom(5000, 0, 300),
  kill: fc.constantFrom('tree', 'group'),
  successCodes: fc.constantFrom([0], [0, 3], ['SIGSEGV', 'SIGKILL']),
  hasFinish: fc.boolean(),
  finishTimeoutMs: fc.constantFrom(5000, 0),
  hasDependencies: fc.boolean(),
  readyTimeoutMs: fc.constantFrom(undefined, 60_000, 0),
  deathTally: fc.constantFrom(4096, 0, 2),
});

function wish(type: 'start' | 'stop' | 'restart' | 'kill' | 'shutdown'): Happening {
  return { name: type, mayHappen: () => true, happen: world => world.take({ type }) };
}

function weigh(weight: number, ...happenings: readonly Happening[]) {
  return happenings.map(happening => ({ weight, arbitrary: fc.constant(happening) }));
}
