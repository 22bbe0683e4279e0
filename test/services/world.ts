import assert from 'node:assert/strict';
import type { Policy } from '../../src/definitions/definitions.ts';
import type { Exit } from '../../src/processes/exit.ts';
import { step } from '../../src/services/service.ts';
import {
  type Effect,
  type Event,
  isResting,
  makeService,
  type Service,
  type State,
  type Step,
} from '../../src/services/states.ts';

/** One clock for all services of a test. Milliseconds. */
export interface Clock {
  nowMs: number;
}

/** The process that a service was started as, until its exit has been told. */
interface Process {
  readonly spawn: number;
  /** KILL has been sent. */
  isDoomed: boolean;
  /** The kernel keeps it back although KILL has been sent. */
  isStuck: boolean;
}

/** What a service's process started and left behind. */
interface Stray {
  /** In a session of its own. */
  readonly isAway: boolean;
  readonly ignoresTerm: boolean;
}

/** States of which the process of the latest spawn is a part. */
const WITH_PROCESS: readonly State['name'][] = ['starting', 'up', 'stopping', 'killing'];

/**
 * A state machine and its processes as the kernel would keep them: they end when KILL has been sent, unless the
 * kernel keeps them back, and otherwise when the test says so. Everything that must always hold is checked at each
 * step; a step that finds itself in a "bug" cell throws.
 */
export class World {
  readonly clock: Clock;
  service: Service;
  process: Process | undefined;
  strays: readonly Stray[] = [];
  /** The spawn whose finish script runs. */
  finish: number | undefined;
  /** Spawns whose end nobody waits for any more, but of which it will be told. */
  lateExits: number[] = [];
  lateFinishes: number[] = [];
  isShutDown = false;
  /** Told of each step that has been checked. */
  onStep: (before: Service, taken: Step) => void = () => undefined;
  private isHurried = false;
  private spawns = 0;
  private readonly finished = new Set<number>();

  constructor(name: string, policy: Policy, clock: Clock) {
    this.service = makeService(name, policy);
    this.clock = clock;
  }

  get state(): State {
    return this.service.state;
  }

  get deadlineMs(): number | undefined {
    return 'deadlineMs' in this.state ? this.state.deadlineMs : undefined;
  }

  get isResting(): boolean {
    return isResting(this.service);
  }

  take(event: Event): void {
    if (event.type === 'shutdown') this.isShutDown = true;
    if (event.type === 'kill') this.isHurried = true;
    const before = this.service;
    const taken = step(before, event, this.clock.nowMs);
    this.service = taken.service;
    for (const effect of taken.effects) this.apply(effect);
    if (taken.effects.some(({ type }) => type === 'spawn') && isWish(before, event)) this.checkFresh();
    this.check();
    this.onStep(before, taken);
  }

  /** The process of the latest spawn ends. */
  exit(exit: Exit): void {
    const { spawn } = this.process ?? { spawn: 0 };
    this.process = undefined;
    this.take({ type: 'exited', spawn, exit });
  }

  /** The interpreter's timer rings; a process that KILL was sent to has ended before. */
  passDeadline(): void {
    if (this.deadlineMs === undefined) return;
    this.clock.nowMs = Math.max(this.clock.nowMs, this.deadlineMs);
    if (this.process?.isDoomed === true && !this.process.isStuck) this.exit({ signal: 'SIGKILL' });
    else this.take({ type: 'deadline' });
  }

  /** Whether a look at all processes finds nothing more that the sweep is about. */
  get isSwept(): boolean {
    const { state } = this;
    if (state.name !== 'sweeping' || this.process !== undefined) return false;
    return this.strays.every(({ isAway }) => isAway && state.scope === 'group');
  }

  private apply(effect: Effect): void {
    switch (effect.type) {
      case 'spawn':
        return this.spawn(effect.spawn);
      case 'signal':
        assert.ok(this.process, 'a signal to a process that has ended');
        this.process.isDoomed ||= effect.signal === 'SIGKILL';
        return;
      case 'sweep':
        this.assertNoProcess('a sweep');
        if (this.isHurried) assert.equal(effect.signal, 'SIGKILL', 'politeness after a kill');
        this.strays = this.strays.filter(
          ({ isAway, ignoresTerm }) =>
            (isAway && effect.scope === 'group') || (ignoresTerm && effect.signal === 'SIGTERM'),
        );
        return;
      case 'finish':
        return this.startFinish(effect.exit);
      case 'killFinish':
        if (this.finish !== undefined) this.lateFinishes.push(this.finish);
        this.finish = undefined;
        return;
    }
  }

  private spawn(spawn: number): void {
    this.assertNoProcess('a second process');
    assert.equal(this.finish, undefined, 'a start beside the finish script');
    assert.equal(this.isShutDown, false, 'a start after the shutdown');
    const mayStay = ({ isAway }: Stray) => isAway && this.service.policy.kill === 'group';
    assert.ok(this.strays.every(mayStay), 'a start beside what the last life left');
    this.isHurried = false;
    this.spawns += 1;
    assert.equal(spawn, this.spawns);
    if (this.process !== undefined) this.lateExits.push(this.process.spawn);
    this.process = { spawn, isDoomed: false, isStuck: false };
  }

  private startFinish(exit: Exit): void {
    const { spawn } = this.service;
    this.assertNoProcess('a finish script');
    assert.equal(this.finish, undefined, 'two finish scripts at a time');
    assert.equal(this.finished.has(spawn), false, 'two finish scripts for one life');
    assert.equal('error' in exit, false, 'a finish script for a life that never began');
    this.finished.add(spawn);
    this.finish = spawn;
  }

  private assertNoProcess(what: string): void {
    assert.ok(this.process === undefined || this.process.isStuck, `${what} beside a living process`);
  }

  private checkFresh(): void {
    const { attempt, deathsMs, isFailing } = this.service;
    const fresh = { attempt: 0, deathsMs: [], isFailing: false };
    assert.deepEqual({ attempt, deathsMs, isFailing }, fresh, 'what an operator starts begins afresh');
  }

  private check(): void {
    const { state } = this;
    const isLive = this.process !== undefined && !this.process.isStuck;
    assert.deepEqual(JSON.parse(JSON.stringify(state)), state, 'a state is data');
    if (WITH_PROCESS.includes(state.name)) assert.ok(this.process, `${state.name} without a process`);
    else assert.ok(!isLive, `${state.name} with a living process`);
    if (this.finish !== undefined) assert.equal(state.name, 'finishing', 'a finish script by itself');
    if (this.isResting) {
      assert.deepEqual(this.strays, [], `something is left of a service that is ${state.name}`);
      return;
    }
    // Nothing may wait for ever: a deadline, an exit that will be told, or others that release it.
    if (state.name === 'waiting') assert.equal(this.isShutDown, false, 'it waits after the shutdown');
    else assert.ok(this.deadlineMs !== undefined || isLive, `${state.name} waits for nothing`);
  }
}

/** Whether a start that follows is an operator's. */
function isWish({ state }: Service, { type }: Event): boolean {
  return type === 'start' || type === 'restart' || ('next' in state && state.next.by === 'operator');
}
