import assert from 'node:assert/strict';
import type { Policy } from '../../src/definitions/definitions.ts';
import { askToStart, mayStop, type Ordered } from '../../src/services/order.ts';
import { isReady, type Service } from '../../src/services/states.ts';
import { type Clock, World } from './world.ts';

/** A service of the house, and whom it waits for. */
export interface Inhabitant extends Ordered {
  readonly policy: Policy;
}

/**
 * Several services that wait for one another, and the supervisor's loop around them as far as it releases and stops:
 * after whatever happens, whoever may start does, and once the shutdown has begun, whoever may stop is told to.
 * Who may, is asked of the code under test; whether that was right is checked against the rules here.
 */
export class House {
  readonly clock: Clock = { nowMs: 1_000_000 };
  readonly worlds: readonly World[];
  private readonly inhabitants: readonly Inhabitant[];
  private readonly byName: ReadonlyMap<string, World>;
  private readonly told = new Set<string>();
  private isShutDown = false;

  constructor(inhabitants: readonly Inhabitant[]) {
    this.inhabitants = inhabitants;
    this.worlds = inhabitants.map(({ name, policy, requires, after }) => {
      const hasDependencies = requires.length + after.length > 0;
      return new World(name, { ...policy, hasDependencies }, this.clock);
    });
    this.byName = new Map(this.worlds.map(world => [world.service.name, world]));
    for (const [index, one] of inhabitants.entries()) this.watch(one, this.worlds[index]);
  }

  get isResting(): boolean {
    return this.worlds.every(({ isResting }) => isResting);
  }

  startAll(): void {
    for (const world of this.worlds) world.take({ type: 'start' });
    this.settle();
  }

  shutDown(): void {
    this.isShutDown = true;
    for (const world of this.worlds) world.take({ type: 'shutdown' });
    this.settle();
  }

  /** Of all deadlines the first; false where there is none. */
  passDeadline(): boolean {
    const pending = this.worlds.filter(({ deadlineMs }) => deadlineMs !== undefined);
    const [first] = pending.sort((a, b) => (a.deadlineMs ?? 0) - (b.deadlineMs ?? 0));
    first?.passDeadline();
    this.settle();
    return first !== undefined;
  }

  /** What the supervisor does after each event. */
  settle(): void {
    // Each round starts or stops somebody who is not started or stopped again.
    for (let round = 0; this.releaseWaiting() || this.stopInTurn(); round++)
      assert.ok(round < 2 * this.worlds.length, 'starts and stops without end');
  }

  private releaseWaiting(): boolean {
    const events = this.inhabitants.flatMap((one, index) => {
      const world = this.worlds[index];
      if (world?.state.name !== 'waiting') return [];
      const { type } = askToStart(one, this.find);
      return type === 'waits' ? [] : [{ world, type }];
    });
    for (const { world, type } of events) world.take({ type });
    return events.length > 0;
  }

  private stopInTurn(): boolean {
    if (!this.isShutDown) return false;
    const next = this.worlds.filter(({ service: { name }, isResting }) => {
      return !this.told.has(name) && !isResting && mayStop(name, this.inhabitants, this.find);
    });
    for (const world of next) {
      this.told.add(world.service.name);
      this.assertLast(world.service.name);
      world.take({ type: 'stop' });
    }
    return next.length > 0;
  }

  private readonly find = (name: string): Service | undefined => this.byName.get(name)?.service;

  private watch({ requires, after }: Inhabitant, world: World | undefined): void {
    if (world === undefined) return;
    world.onStep = (before, { effects }) => {
      // What comes back after a death or out of its backoff waits for nobody.
      const isFirst = before.spawn === 0 || before.state.name === 'waiting';
      if (!isFirst || !effects.some(({ type }) => type === 'spawn')) return;
      for (const name of requires) assert.ok(this.isThere(name), `it starts before ${name} is there`);
      for (const name of after) assert.ok(this.hasBegun(name), `it starts before ${name} has begun`);
    };
  }

  private isThere(name: string): boolean {
    const service = this.find(name);
    if (service === undefined) return false;
    return isReady(service) || (service.state.name === 'down' && service.state.why === 'done');
  }

  private hasBegun(name: string): boolean {
    const world = this.byName.get(name);
    return world !== undefined && (world.service.spawn > 0 || world.isResting);
  }

  /** Nobody is left who was started after it, not even by way of one that has ended long ago. */
  private assertLast(stopped: string, earlier = stopped): void {
    for (const { name, requires, after } of this.inhabitants) {
      if (!requires.includes(earlier) && !after.includes(earlier)) continue;
      assert.ok(this.byName.get(name)?.isResting, `${stopped} is stopped before ${name}`);
      this.assertLast(stopped, name);
    }
  }
}
