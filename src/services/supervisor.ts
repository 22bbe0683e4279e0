import { readClockMs } from '../clock.ts';
import { makeServiceEnvironment } from '../environment.ts';
import { isDirectory } from '../facts/files.ts';
import type { Environment } from '../launch/environ.ts';
import { makeLineCutter } from '../lines.ts';
import type { Log } from '../log.ts';
import type { PlannedService } from '../plan.ts';
import { adopterOf, type ProcessSpec, type Spawner, startProcess } from './child.ts';
import { type Exit, exitCodeOf } from './exit.ts';
import { renderDeath, renderExit } from './explain.ts';
import {
  type Effect,
  type Event,
  FAILING,
  isSuccessful,
  makeService,
  type Service,
  step,
} from './service.ts';
import { signalNumber } from './signals.ts';
import { findMembers, type Leader, MARK, readLeader, readProcesses, signalProcess } from './tree.ts';

/** Runs the services' state machines: the one place where they meet processes, timers and pipes. */
export interface Supervisor {
  start(): void;
  /** Ends every service in order; `whenQuiet` resolves when nothing of them is left. */
  stopAll(): void;
  /** As `stopAll`, without waiting for anybody. */
  killAll(): void;
  /** Every service at rest: down or failed. */
  whenQuiet(): Promise<void>;
  /** Some child has ended: perhaps one that a sweep waits for. */
  onChildEnded(): void;
}

export interface SupervisorOptions {
  readonly services: readonly PlannedService[];
  readonly spawner: Spawner;
  /** The container's variables, and what the boot added to them. */
  readonly given: Environment;
  readonly added: Environment;
  readonly noNewPrivs: boolean;
  readonly log: Log;
  /** A service has ended for good by itself; `code` is what the container would end with. */
  readonly onFinalEnd: (name: string, ended: FinalEnd) => void;
}

export interface FinalEnd {
  readonly code: number;
  readonly explanation: string;
  /** Spelled out in its service.json. */
  readonly isCritical: boolean;
  /** It has failed and there is no other: then it counts as critical where there is no CMD. */
  readonly isOnly: boolean;
  readonly isAnyFailed: boolean;
  readonly isAnyLeft: boolean;
}

/** While a sweep waits for processes that are no children of ours, nobody tells us of their end. */
const SWEEP_POLL_MS = 100;
const LAST_CHARACTERS = 4096;

/** A service and the handles that its state machine must not know. */
interface Entry {
  readonly planned: PlannedService;
  service: Service;
  leader: Leader | undefined;
  finish: Leader | undefined;
  sweep: { readonly wish: Extract<Effect, { type: 'sweep' }>; isSaid: boolean } | undefined;
  timer: NodeJS.Timeout | undefined;
  tail: string;
}

export function makeSupervisor(options: SupervisorOptions): Supervisor {
  const { spawner, log } = options;
  const entries = new Map<string, Entry>();
  for (const planned of options.services) {
    const { name, policy } = planned.definition;
    entries.set(name, {
      planned,
      service: makeService(name, policy),
      leader: undefined,
      finish: undefined,
      sweep: undefined,
      timer: undefined,
      tail: '',
    });
  }
  const queue: { readonly entry: Entry; readonly event: Event }[] = [];
  let isDispatching = false;
  let isSweepPlanned = false;
  let sweepTimer: NodeJS.Timeout | undefined;
  const quiet: (() => void)[] = [];

  /** Events only enqueue: one is worked off whole before the next begins. */
  function dispatch(entry: Entry, event: Event): void {
    queue.push({ entry, event });
    if (isDispatching) return;
    isDispatching = true;
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) work(next.entry, next.event);
    isDispatching = false;
    if (isQuiet()) for (const done of quiet.splice(0)) done();
  }

  function work(entry: Entry, event: Event): void {
    const before = entry.service;
    try {
      const { service, effects } = step(before, event, readClockMs());
      entry.service = service;
      report(entry, before, event);
      for (const effect of effects) runSafely(entry, effect);
    } catch (error) {
      // PID 1 does not die of its own bug: say it, keep the state.
      log.error(error instanceof Error ? error.message : String(error));
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
    switch (effect.type) {
      case 'spawn':
        return spawnService(entry, effect.spawn);
      case 'signal':
        return entry.leader && signalProcess(entry.leader, effect.signal);
      case 'sweep':
        entry.sweep = { wish: effect, isSaid: false };
        return planSweep();
      case 'finish':
        return spawnFinish(entry, effect.exit);
      case 'killFinish':
        return endFinish(entry);
    }
  }

  function spawnService(entry: Entry, spawn: number): void {
    entry.tail = '';
    const spec = specOf(entry, entry.planned.definition.command);
    const child = startProcess(spawner, spec, exit => dispatch(entry, { type: 'exited', spawn, exit }));
    entry.leader = readLeader(child);
  }

  /** What `run` and `finish` of a service share. */
  function specOf(entry: Entry, [program = '', ...args]: readonly string[]): ProcessSpec {
    const { definition, user } = entry.planned;
    return {
      argv: [program, ...args],
      user,
      environment: environmentOf(entry),
      cwd: definition.cwd ?? (isDirectory(user.home) ? user.home : '/'),
      noNewPrivs: definition.noNewPrivs || options.noNewPrivs,
      output: readerFor(entry),
    };
  }

  function environmentOf(entry: Entry): Environment {
    const { definition, user } = entry.planned;
    return {
      ...makeServiceEnvironment(options.given, options.added, user),
      ...definition.env,
      [MARK]: definition.name,
    };
  }

  function readerFor(entry: Entry) {
    const { name } = entry.planned.definition;
    const cutters = { stdout: makeLineCutter(), stderr: makeLineCutter() };
    const write = (stream: 'stdout' | 'stderr', lines: string) => {
      if (lines === '') return;
      entry.tail =
        lines.length >= LAST_CHARACTERS
          ? lines.slice(-LAST_CHARACTERS)
          : (entry.tail + lines).slice(-LAST_CHARACTERS);
      log.lines(name, stream, lines);
    };
    return {
      onData: (stream: 'stdout' | 'stderr', data: Buffer) => write(stream, cutters[stream].push(data)),
      onEnd: (stream: 'stdout' | 'stderr') => write(stream, cutters[stream].end()),
    };
  }

  /** s6's arguments: the code or 256, the signal's number or 0, the service, its process group. */
  function spawnFinish(entry: Entry, exit: Exit): void {
    const { definition } = entry.planned;
    const { spawn } = entry.service;
    const [code, signal] = 'signal' in exit ? [256, signalNumber(exit.signal)] : [exit.code, 0];
    const words = [definition.finish ?? '', code, signal, definition.name, entry.leader?.pid ?? 0];
    const child = startProcess(spawner, specOf(entry, words.map(String)), ended => {
      endFinish(entry);
      dispatch(entry, { type: 'finished', spawn, code: 'code' in ended ? ended.code : 256 });
    });
    entry.finish = readLeader(child);
  }

  /** A finish script and what it started: nothing of it outlives its time. */
  function endFinish(entry: Entry): void {
    if (entry.finish === undefined) return;
    const wanted = { name: '', leader: entry.finish, scope: 'group', adopter: 0 } as const;
    for (const member of findMembers(readProcesses(), wanted)) signalProcess(member, 'SIGKILL');
  }

  /** Services that end together are looked for in one scan of /proc. */
  function planSweep(): void {
    if (isSweepPlanned) return;
    isSweepPlanned = true;
    setImmediate(sweepAll);
  }

  function sweepAll(): void {
    isSweepPlanned = false;
    clearTimeout(sweepTimer);
    const sweeping = [...entries.values()].filter(entry => entry.service.state.name === 'sweeping');
    if (sweeping.length === 0) return;
    const all = readProcesses();
    for (const entry of sweeping) sweepOne(entry, all);
    if ([...entries.values()].some(entry => entry.service.state.name === 'sweeping'))
      sweepTimer = setTimeout(planSweep, SWEEP_POLL_MS);
  }

  function sweepOne(entry: Entry, all: ReturnType<typeof readProcesses>): void {
    const { leader, service, sweep } = entry;
    if (sweep === undefined) return;
    const { signal, scope } = sweep.wish;
    const members =
      leader === undefined
        ? []
        : findMembers(all, { name: service.name, leader, scope, adopter: adopterOf(spawner) });
    if (members.length === 0) return dispatch(entry, { type: 'swept', spawn: service.spawn });
    // KILL is repeated for whatever was forked meanwhile; TERM is said once, or a polite program would be hurried.
    if (signal === 'SIGTERM' && sweep.isSaid) return;
    sweep.isSaid = true;
    for (const member of members) signalProcess(member, signal);
  }

  function report(entry: Entry, before: Service, event: Event): void {
    const { service } = entry;
    if (event.type === 'exited') reportExit(entry, before, event.exit);
    if (service.isFailing && !before.isFailing)
      log.warn(`${service.name} is failing: it died ${FAILING.deaths} times within a minute`);
    if (service.state.name === before.state.name) return;
    if (service.state.name === 'killing') log.warn(`${service.name} did not stop in time and is killed`);
    if (service.state.name === 'starting')
      log.info(`${service.name} starts`, { spawn: service.spawn > 1 ? service.spawn : undefined });
    if (service.state.name === 'failed' || service.state.name === 'down') reportEnd(entry, before, event);
    if (event.type === 'finished' && event.code === 125 && service.state.name === 'down')
      log.info(`${service.name} stays down: its finish script asked for it (exit code 125)`);
  }

  function reportExit(entry: Entry, before: Service, exit: Exit): void {
    const { service } = entry;
    const wasAsked = before.state.name === 'stopping' || before.state.name === 'killing';
    if (wasAsked) return log.info(`${service.name} stopped: it ${renderExit(exit)}`);
    const explanation = renderDeath({ service, exit, tail: entry.tail });
    if (service.state.name === 'sweeping' && service.state.next.state === 'down') log.info(explanation);
    else log.warn(explanation);
  }

  /** An end that an operator asked for is nobody's failure. */
  function reportEnd(entry: Entry, before: Service, event: Event): void {
    const { service } = entry;
    const isAsked = 'next' in before.state ? before.state.next.by === 'operator' : event.type !== 'exited';
    if (isAsked || !service.mayStart) return;
    const exit = service.lastExit;
    const code = exit === undefined || isSuccessful(service.policy, exit) ? 0 : exitCodeOf(exit);
    options.onFinalEnd(service.name, {
      code,
      explanation: exit === undefined ? '' : `${service.name} ${renderExit(exit)}`,
      isCritical: service.policy.critical,
      isOnly: entries.size === 1 && service.state.name === 'failed',
      isAnyFailed: [...entries.values()].some(other => other.service.state.name === 'failed'),
      isAnyLeft: [...entries.values()].some(other => !isResting(other.service)),
    });
  }

  const isQuiet = () => [...entries.values()].every(entry => isResting(entry.service));
  const dispatchAll = (event: Event) => {
    for (const entry of entries.values()) dispatch(entry, event);
  };

  return {
    start: () => dispatchAll({ type: 'start' }),
    stopAll: () => dispatchAll({ type: 'shutdown' }),
    killAll: () => {
      dispatchAll({ type: 'shutdown' });
      dispatchAll({ type: 'kill' });
    },
    whenQuiet: () => (isQuiet() ? Promise.resolve() : new Promise(resolve => quiet.push(resolve))),
    onChildEnded: () => {
      if (sweepTimer !== undefined) planSweep();
    },
  };
}

function isResting(service: Service): boolean {
  return service.state.name === 'down' || service.state.name === 'failed';
}
