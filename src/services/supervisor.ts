import { readClockMs } from '../clock.ts';
import type { PlannedService } from '../definitions/definitions.ts';
import { escapeLine } from '../printable.ts';
import { adopterOf } from '../processes/child.ts';
import type { Roots } from '../processes/owners.ts';
import { type Entry, makeEntries } from './entry.ts';
import type { FinalEnd } from './final-end.ts';
import type { MemoryWatch } from './memory.ts';
import { findDependents, findRequired, mayStop } from './order.ts';
import { keepAsking } from './probing.ts';
import { report } from './report.ts';
import { endFinish, type Surroundings, signalRun, startFinish, startRun } from './runs.ts';
import { step } from './service.ts';
import { type Effect, type Event, isResting } from './states.ts';
import { makeStatus, type ServiceStatus } from './status.ts';
import { makeSweeper } from './sweeper.ts';
import { findIn, isAwaited, permissionOf, renderWaiting } from './waiting.ts';

/** Runs the services' state machines: the one place where they meet processes, timers and pipes. */
export interface Supervisor {
  /** Starts everything that is to be started at boot, as far as dependencies allow. */
  start(): void;
  /** Ends every service, those that others depend on last; `whenQuiet` resolves when nothing of them is left. */
  stopAll(): void;
  /** As `stopAll`, without waiting for anybody. */
  killAll(): void;
  /** Every service at rest: down or failed. */
  whenQuiet(): Promise<void>;
  /** Some child has ended: perhaps one that a sweep waits for. */
  onChildEnded(): void;
  /** What an operator wants of one service. Whether there is such a service is the caller's to know. */
  request(name: string, wish: 'start' | 'stop' | 'restart'): void;
  /** Every service as it is now, in byte order of the names. */
  look(): readonly ServiceStatus[];
  /** By what the living processes of the services can be told. */
  roots(): Roots;
  /** Calls back after each change of any service; returns the way to end that. */
  watch(listener: () => void): () => void;
  /** Everything that a service requires, directly or not, and itself, in the order of their start. */
  findRequired(name: string): readonly string[];
  /** Everything that requires it, directly or not, in the order of their stop. */
  findDependents(name: string): readonly string[];
}

export interface SupervisorOptions extends Surroundings {
  readonly services: readonly PlannedService[];
  readonly memory: MemoryWatch;
  /** The workbench user's password is set, or can't be. Never rejects. */
  readonly passwordSet: Promise<void>;
  /** Told of each that did not end when it was asked to. */
  readonly onKilled: (name: string) => void;
  readonly onFinalEnd: (name: string, ended: FinalEnd) => void;
  /** Told of each change of a service, and when it was. */
  readonly onChange: (entry: Entry, nowMs: number) => void;
}

/** How often it is said what everybody waits for. */
const SAY_WAITING_MS = 10_000;

export function makeSupervisor(options: SupervisorOptions): Supervisor {
  const { log } = options;
  const entries = makeEntries(options.services);
  const definitions = options.services.map(({ definition }) => definition);
  const { memory, onKilled, onFinalEnd } = options;
  const reporter = { entries, around: options, memory, onKilled, onFinalEnd };
  const sweeper = makeSweeper(entries, options.spawner, entry =>
    dispatch(entry, { type: 'swept', spawn: entry.service.spawn }),
  );
  const queue: { readonly entry: Entry; readonly event: Event }[] = [];
  const watchers = new Set<() => void>();
  const quiet: (() => void)[] = [];
  /** Those that are yet to be told to stop. */
  const untold = new Set(entries.values());
  const isOrdered = definitions.some(
    ({ requires, after, needsPassword }) => requires.length + after.length > 0 || needsPassword,
  );
  let isDispatching = false;
  let isStopping = false;
  let waitTimer: NodeJS.Timeout | undefined;

  /** Events only enqueue: one is worked off whole before the next begins. */
  function dispatch(entry: Entry, event: Event): void {
    queue.push({ entry, event });
    if (!isDispatching) workOff();
  }

  function workOff(): void {
    isDispatching = true;
    try {
      do {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) work(next.entry, next.event);
        releaseWaiting();
        if (isStopping) stopInTurn();
      } while (queue.length > 0);
    } finally {
      // A bug costs one event, not all that come after it.
      isDispatching = false;
    }
    sayWaiting();
    for (const watcher of watchers) watcher();
    if (isQuiet()) for (const done of quiet.splice(0)) done();
  }

  function work(entry: Entry, event: Event): void {
    const before = entry.service;
    try {
      const nowMs = readClockMs();
      const { service, effects } = step(before, event, nowMs);
      entry.service = service;
      if (service.state.name !== before.state.name) entry.sinceMs = nowMs;
      report(entry, before, { event, by: reporter });
      for (const effect of effects) runSafely(entry, effect);
      keepAsking(entry, options, (type, spawn) => dispatch(entry, { type, spawn }));
      if (service !== before) options.onChange(entry, nowMs);
    } catch (error) {
      // PID 1 does not die of its own bug: say it, keep the state.
      log.bug(error);
    }
    armTimer(entry);
  }

  /** No state may wait for a process that a bug kept from starting. */
  function runSafely(entry: Entry, effect: Effect): void {
    try {
      run(entry, effect);
    } catch (error) {
      if (effect.type !== 'spawn') throw error;
      const exit = { error: error instanceof Error ? error.message : String(error), code: 126 } as const;
      dispatch(entry, { type: 'exited', spawn: effect.spawn, exit });
    }
  }

  function armTimer(entry: Entry): void {
    clearTimeout(entry.timer);
    const { state } = entry.service;
    if (!('deadlineMs' in state) || state.deadlineMs === undefined) return;
    entry.timer = setTimeout(dispatch, Math.max(0, state.deadlineMs - readClockMs()), entry, {
      type: 'deadline',
    });
  }

  function run(entry: Entry, effect: Effect): void {
    const { spawn } = entry.service;
    switch (effect.type) {
      case 'spawn':
        return startRun(entry, options, {
          onExit: exit => dispatch(entry, { type: 'exited', spawn, exit }),
          onReady: () => dispatch(entry, { type: 'ready', spawn }),
        });
      case 'signal':
        // At the end of the container whatever is left is ended in any case.
        if (!isStopping) sweeper.remember(entry);
        return signalRun(entry, effect.signal);
      case 'sweep':
        return sweeper.sweep(entry, effect);
      case 'finish': {
        const onFinished = (code: number) => dispatch(entry, { type: 'finished', spawn, code });
        return startFinish(entry, options, { exit: effect.exit, onFinished });
      }
      case 'killFinish':
        return endFinish(entry);
    }
  }

  /** Whoever waits is looked at after every change of any service. */
  function releaseWaiting(): void {
    if (!isOrdered) return;
    for (const entry of entries.values()) {
      const permission = permissionOf(entry, entries);
      if (permission === undefined) continue;
      if (permission.type === 'waits') {
        entry.waitedFor ??= permission.names;
        continue;
      }
      entry.blockedBy = permission.type === 'blocked' ? permission.by : undefined;
      queue.push({ entry, event: { type: permission.type } });
    }
  }

  /** A service is told to stop as soon as nobody is left who was started after it. */
  function stopInTurn(): void {
    for (const entry of untold) {
      const isAtRest = isResting(entry.service);
      if (!isAtRest && isOrdered && !mayStop(entry.name, definitions, findIn(entries))) continue;
      untold.delete(entry);
      if (!isAtRest) queue.push({ entry, event: { type: 'stop' } });
    }
  }

  function sayWaiting(): void {
    const isAnyAwaited = [...entries.values()].some(
      entry => entry.service.state.name === 'waiting' || isAwaited(entry),
    );
    if (isAnyAwaited) waitTimer ??= setInterval(sayNow, SAY_WAITING_MS);
    else {
      clearInterval(waitTimer);
      waitTimer = undefined;
    }
  }

  function sayNow(): void {
    const sentence = renderWaiting(entries, readClockMs());
    if (sentence !== undefined) log.info(escapeLine(sentence));
  }

  function dispatchAll(event: Event, isMeant: (entry: Entry) => boolean = () => true): void {
    for (const entry of entries.values()) if (isMeant(entry)) queue.push({ entry, event });
    if (!isDispatching) workOff();
  }

  function stopAll(): void {
    isStopping = true;
    dispatchAll({ type: 'shutdown' });
  }

  /** Asked of nobody who needs no password: most workbenches have none that does. */
  function holdForPassword(): void {
    const held = [...entries.values()].filter(({ isHeld }) => isHeld);
    if (held.length === 0) return;
    void options.passwordSet.then(() => {
      for (const entry of held) entry.isHeld = false;
      if (!isDispatching) workOff();
    });
  }

  const isQuiet = () => [...entries.values()].every(entry => isResting(entry.service));

  return {
    start() {
      holdForPassword();
      dispatchAll({ type: 'start' }, ({ planned }) => !planned.definition.isDownAtStart);
    },
    stopAll,
    killAll() {
      stopAll();
      dispatchAll({ type: 'kill' });
    },
    whenQuiet: () => (isQuiet() ? Promise.resolve() : new Promise(resolve => quiet.push(resolve))),
    onChildEnded() {
      sweeper.onChildEnded();
      memory.onChildEnded();
    },
    request(name, wish) {
      const entry = entries.get(name);
      if (entry !== undefined) dispatch(entry, { type: wish });
    },
    look: () => makeStatus(entries, readClockMs()),
    roots: () => ({
      adopter: adopterOf(options.spawner),
      services: [...entries.values()].map(({ name, child, finish }) => ({
        name,
        leaders: [child?.leader(), finish?.child()?.leader()].filter(leader => leader !== undefined),
      })),
    }),
    watch(listener) {
      watchers.add(listener);
      return () => void watchers.delete(listener);
    },
    findRequired: name => findRequired(name, definitions),
    findDependents: name => findDependents(name, definitions),
  };
}
