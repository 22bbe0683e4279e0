import { unreachable } from '../errors.ts';
import type { Policy } from './definitions.ts';
import type { Exit } from './exit.ts';

/**
 * A service as a state machine. Pure: no clock, no process, no randomness.
 *
 * | state \ event | start     | stop          | restart       | kill         | exited           | swept     | finished | deadline            |
 * |---------------|-----------|---------------|---------------|--------------|------------------|-----------|----------|---------------------|
 * | down, failed  | starting  | down          | starting      | –            | –                | bug       | –        | bug                 |
 * | waiting       | (dependencies; not built yet)                                                                                            |
 * | starting      | –         | stopping      | stopping      | killing      | sweeping         | bug       | bug      | up                  |
 * | up            | –         | stopping      | stopping      | killing      | sweeping         | bug       | bug      | settled, stays      |
 * | backoff       | starting  | down *        | starting      | down *       | –                | bug       | –        | starting            |
 * | stopping      | next      | next          | next          | killing      | sweeping         | bug       | bug      | killing             |
 * | killing       | next      | next          | next          | –            | sweeping         | bug       | bug      | sweeping, hard      |
 * | sweeping      | next      | next          | next          | hard         | –                | finishing | –        | hard, then finishing |
 * | finishing     | next      | next          | next          | kill finish  | –                | bug       | next     | kill finish, next   |
 *
 * down *: with `kill: group` by way of sweeping, for what the last restart had spared; so does finishing.
 *
 * starting: spawned, up after 200 ms; readiness will decide here. "next" sets or enters the state after the end:
 * down, failed, backoff or starting. An operator's word beats finish's 125, which beats the policy. Once shutdown
 * has begun nothing starts. Every spawn has a number; an event of another spawn is ignored in every state, so
 * neither a stale timer nor a stale exit can do harm. (An exit in down, backoff or finishing is that of a killed
 * process which the kernel kept back; a late finished is that of a finish script whose time was over.) A "bug" cell throws; the interpreter logs it and goes on.
 */
export interface Service {
  readonly name: string;
  readonly policy: Policy;
  readonly state: State;
  /** Number of the latest spawn; 0 before the first. */
  readonly spawn: number;
  /** Lives in a row that were too short to count as up: the exponent of the backoff. */
  readonly attempt: number;
  /** When it died of itself, oldest first, as far back as any rule looks. Milliseconds. */
  readonly deathsMs: readonly number[];
  /** 5 deaths in 60 s: named, not ready. */
  readonly isFailing: boolean;
  readonly lastExit: Exit | undefined;
  /** False once shutdown has begun. */
  readonly mayStart: boolean;
}

/** All times are milliseconds of one monotonic clock. */
export type State =
  | { readonly name: 'down' | 'failed' }
  | { readonly name: 'starting'; readonly startedMs: number; readonly deadlineMs: number }
  | { readonly name: 'up'; readonly startedMs: number; readonly deadlineMs?: number }
  | { readonly name: 'backoff'; readonly deadlineMs: number }
  | { readonly name: 'stopping' | 'killing'; readonly deadlineMs: number; readonly next: Next }
  | ({ readonly name: 'sweeping'; readonly deadlineMs: number } & Sweep)
  | {
      readonly name: 'finishing';
      readonly deadlineMs: number;
      readonly next: Next;
      /** Nothing of the service was spared by the sweep before. */
      readonly isWhole: boolean;
    };

interface Sweep {
  readonly next: Next;
  /** KILL has been sent. */
  readonly isHard: boolean;
  readonly scope: 'tree' | 'group';
  /** Whether the finish script has run already: what a group's restart had spared is swept after it. */
  readonly isFinished: boolean;
}

export interface Next {
  readonly state: 'down' | 'failed' | 'backoff' | 'starting';
  readonly by: 'operator' | 'policy';
}

export type Event =
  | { readonly type: 'start' | 'stop' | 'restart' | 'kill' | 'shutdown' | 'deadline' }
  | { readonly type: 'exited'; readonly spawn: number; readonly exit: Exit }
  | { readonly type: 'swept'; readonly spawn: number }
  | { readonly type: 'finished'; readonly spawn: number; readonly code: number };

export type Effect =
  | { readonly type: 'spawn'; readonly spawn: number }
  | { readonly type: 'signal'; readonly signal: NodeJS.Signals }
  /** Signals every process of the service that is left; `swept` follows when none is. */
  | { readonly type: 'sweep'; readonly signal: 'SIGTERM' | 'SIGKILL'; readonly scope: 'tree' | 'group' }
  | { readonly type: 'finish'; readonly exit: Exit }
  | { readonly type: 'killFinish' };

export interface Step {
  readonly service: Service;
  readonly effects: readonly Effect[];
}

export const READY_AFTER_MS = 200;
/** A life this long makes the next restart immediate. */
export const SETTLED_AFTER_MS = 10_000;
export const FAILING = { deaths: 5, windowMs: 60_000 } as const;
/** What KILL needs even on a busy machine; then the leftovers are named. */
const KILL_TIMEOUT_MS = 2000;
/** s6's timeout-finish. */
const FINISH_TIMEOUT_MS = 5000;
/** The delay is taken down by up to this share, so that services that died together don't return together. */
const JITTER = 0.25;

export function makeService(name: string, policy: Policy): Service {
  return {
    name,
    policy,
    state: { name: 'down' },
    spawn: 0,
    attempt: 0,
    deathsMs: [],
    isFailing: false,
    lastExit: undefined,
    mayStart: true,
  };
}

/** Throws for a "bug" cell of the table, and for nothing else. */
export function step(service: Service, event: Event, nowMs: number): Step {
  if ('spawn' in event && event.spawn !== service.spawn) return stay(service);
  if (event.type === 'shutdown') return step({ ...service, mayStart: false }, { type: 'stop' }, nowMs);
  const { state } = service;
  switch (state.name) {
    case 'down':
    case 'failed':
      return stepDown(service, event, nowMs);
    case 'starting':
    case 'up':
      return stepRunning(service, event, nowMs);
    case 'backoff':
      return stepBackoff(service, event, nowMs);
    case 'stopping':
    case 'killing':
      return stepEnding({ ...service, state }, event, nowMs);
    case 'sweeping':
      return stepSweeping({ ...service, state }, event, nowMs);
    case 'finishing':
      return stepFinishing({ ...service, state }, event, nowMs);
    default:
      return unreachable(state);
  }
}

type In<Name extends State['name']> = Service & { readonly state: Extract<State, { name: Name }> };

function stepDown(service: Service, event: Event, nowMs: number): Step {
  switch (event.type) {
    case 'start':
    case 'restart':
      return enterStarting(service, nowMs);
    case 'stop':
      return stay({ ...service, state: { name: 'down' } });
    case 'kill':
    case 'exited':
    case 'finished':
      return stay(service);
    default:
      return bug(service, event);
  }
}

function stepRunning(service: Service, event: Event, nowMs: number): Step {
  const startedMs = 'startedMs' in service.state ? service.state.startedMs : nowMs;
  switch (event.type) {
    case 'start':
      return stay(service);
    case 'stop':
      return enterStopping(service, { state: 'down', by: 'operator' }, nowMs);
    case 'restart':
      return enterStopping(service, { state: 'starting', by: 'operator' }, nowMs);
    case 'kill':
      return enterKilling(service, { state: 'down', by: 'operator' }, nowMs);
    case 'exited':
      return enterAfterDeath({ service, exit: event.exit, startedMs, nowMs });
    case 'deadline':
      return service.state.name === 'starting'
        ? enterUp(service, startedMs)
        : stay(settle(service, startedMs));
    default:
      return bug(service, event);
  }
}

function stepBackoff(service: Service, event: Event, nowMs: number): Step {
  switch (event.type) {
    case 'start':
    case 'restart':
    case 'deadline':
      return enterStarting(service, nowMs);
    case 'stop':
    case 'kill':
      return enterAfterFinish(service, { state: 'down', by: 'operator' }, nowMs);
    case 'exited':
    case 'finished':
      return stay(service);
    default:
      return bug(service, event);
  }
}

function stepEnding(service: In<'stopping' | 'killing'>, event: Event, nowMs: number): Step {
  const { state } = service;
  switch (event.type) {
    case 'start':
    case 'stop':
    case 'restart':
      return stay({ ...service, state: { ...state, next: chooseNext(service, event.type) } });
    case 'kill':
      return state.name === 'killing' ? stay(service) : enterKilling(service, state.next, nowMs);
    case 'exited':
      return enterSweeping(
        { ...service, lastExit: event.exit },
        { next: state.next, isHard: false, isFinished: false },
        nowMs,
      );
    case 'deadline':
      if (state.name === 'stopping') return enterKilling(service, state.next, nowMs);
      return enterSweeping(service, { next: state.next, isHard: true, isFinished: false }, nowMs);
    default:
      return bug(service, event);
  }
}

function stepSweeping(service: In<'sweeping'>, event: Event, nowMs: number): Step {
  const { state } = service;
  switch (event.type) {
    case 'start':
    case 'stop':
    case 'restart': {
      const next = chooseNext(service, event.type);
      // Only a restart spares what left the group.
      const isWider = state.scope === 'group' && scopeOf(service, next) === 'tree';
      if (isWider) return enterSweeping(service, { ...state, next, isHard: false }, nowMs);
      return stay({ ...service, state: { ...state, next } });
    }
    case 'kill':
      return state.isHard ? stay(service) : enterSweeping(service, { ...state, isHard: true }, nowMs);
    case 'exited':
      // The kernel had kept a killed process back; now it is gone too.
      return stay({ ...service, lastExit: event.exit });
    case 'finished':
      return stay(service);
    case 'swept':
      return leaveSweeping(service, nowMs);
    case 'deadline':
      return state.isHard
        ? leaveSweeping(service, nowMs)
        : enterSweeping(service, { ...state, isHard: true }, nowMs);
    default:
      return bug(service, event);
  }
}

function leaveSweeping(service: In<'sweeping'>, nowMs: number): Step {
  const { next, isFinished } = service.state;
  return isFinished ? enterNext(service, next, nowMs) : enterFinishing(service, nowMs);
}

function stepFinishing(service: In<'finishing'>, event: Event, nowMs: number): Step {
  const { state } = service;
  switch (event.type) {
    case 'start':
    case 'stop':
    case 'restart':
      return stay({ ...service, state: { ...state, next: chooseNext(service, event.type) } });
    case 'kill':
      return { service, effects: [{ type: 'killFinish' }] };
    case 'exited':
      return stay(service);
    case 'finished': {
      const isDownForGood = event.code === 125 && state.next.by === 'policy';
      return enterAfterFinish(service, isDownForGood ? { state: 'down', by: 'policy' } : state.next, nowMs);
    }
    case 'deadline': {
      const { service: after, effects } = enterAfterFinish(service, state.next, nowMs);
      return { service: after, effects: [{ type: 'killFinish' }, ...effects] };
    }
    default:
      return bug(service, event);
  }
}

function chooseNext(service: Service, wish: 'start' | 'stop' | 'restart'): Next {
  return { state: wish === 'stop' || !service.mayStart ? 'down' : 'starting', by: 'operator' };
}

function enterStarting(service: Service, nowMs: number): Step {
  if (!service.mayStart) return stay({ ...service, state: { name: 'down' } });
  const spawn = service.spawn + 1;
  const state: State = { name: 'starting', startedMs: nowMs, deadlineMs: nowMs + READY_AFTER_MS };
  return { service: { ...service, spawn, state, lastExit: undefined }, effects: [{ type: 'spawn', spawn }] };
}

/** A service that never died needs no timer: an idle workbench sleeps. */
function enterUp(service: Service, startedMs: number): Step {
  const isTried = service.attempt > 0 || service.isFailing;
  return stay({
    ...service,
    state: { name: 'up', startedMs, ...(isTried ? { deadlineMs: startedMs + SETTLED_AFTER_MS } : {}) },
  });
}

function settle(service: Service, startedMs: number): Service {
  return { ...service, attempt: 0, isFailing: false, state: { name: 'up', startedMs } };
}

function enterStopping(service: Service, next: Next, nowMs: number): Step {
  const { stopTimeoutMs, stopSignal } = service.policy;
  const state: State = { name: 'stopping', next, deadlineMs: nowMs + stopTimeoutMs };
  return { service: { ...service, state }, effects: [{ type: 'signal', signal: stopSignal }] };
}

function enterKilling(service: Service, next: Next, nowMs: number): Step {
  const state: State = { name: 'killing', next, deadlineMs: nowMs + KILL_TIMEOUT_MS };
  return { service: { ...service, state }, effects: [{ type: 'signal', signal: 'SIGKILL' }] };
}

/** A process ended that nobody asked to end: count it, and let the policy say what follows. */
function enterAfterDeath(death: {
  readonly service: Service;
  readonly exit: Exit;
  readonly startedMs: number;
  readonly nowMs: number;
}): Step {
  const { service, exit, startedMs, nowMs } = death;
  const reachMs = Math.max(FAILING.windowMs, service.policy.maxRestarts?.windowMs ?? 0);
  const deathsMs = [...service.deathsMs.filter(timeMs => timeMs > nowMs - reachMs), nowMs];
  const recent = deathsMs.filter(timeMs => timeMs > nowMs - FAILING.windowMs);
  const died: Service = {
    ...service,
    deathsMs,
    lastExit: exit,
    attempt: nowMs - startedMs >= SETTLED_AFTER_MS ? 0 : service.attempt + 1,
    isFailing: service.isFailing || recent.length >= FAILING.deaths,
  };
  return enterSweeping(
    died,
    { next: { state: decide(died, exit, nowMs), by: 'policy' }, isHard: false, isFinished: false },
    nowMs,
  );
}

function decide(service: Service, exit: Exit, nowMs: number): Next['state'] {
  const { restart, maxRestarts } = service.policy;
  if (!service.mayStart) return 'down';
  const isSuccess = isSuccessful(service.policy, exit);
  if (restart === 'never' || (restart === 'on-failure' && isSuccess)) return isSuccess ? 'down' : 'failed';
  const deaths = service.deathsMs.filter(timeMs => timeMs > nowMs - (maxRestarts?.windowMs ?? 0)).length;
  if (maxRestarts !== undefined && deaths > maxRestarts.count) return 'failed';
  return service.attempt === 0 ? 'starting' : 'backoff';
}

export function isSuccessful(policy: Policy, exit: Exit): boolean {
  if ('error' in exit) return false;
  return policy.successCodes.includes('code' in exit ? exit.code : exit.signal);
}

function enterSweeping(service: Service, how: Omit<Sweep, 'scope'>, nowMs: number): Step {
  const { next, isHard, isFinished } = how;
  const scope = scopeOf(service, next);
  const deadlineMs = nowMs + (isHard ? KILL_TIMEOUT_MS : service.policy.stopTimeoutMs);
  const state: State = { name: 'sweeping', next, isHard, isFinished, scope, deadlineMs };
  const signal = isHard ? 'SIGKILL' : 'SIGTERM';
  return {
    service: { ...service, state },
    effects: [{ type: 'sweep', signal, scope }],
  };
}

/** A restart with `kill: group` leaves alone what a user started in sessions of their own. */
function scopeOf(service: Service, next: Next): 'tree' | 'group' {
  const comesBack = next.state === 'starting' || next.state === 'backoff';
  return comesBack && service.mayStart && service.policy.kill === 'group' ? 'group' : 'tree';
}

/** A service that stays down after all takes along what a restart had spared. */
function enterAfterFinish(service: Service, next: Next, nowMs: number): Step {
  const isWhole = service.state.name === 'finishing' && service.state.isWhole;
  const isGroup = service.policy.kill === 'group' && scopeOf(service, next) === 'tree';
  if (isWhole || !isGroup) return enterNext(service, next, nowMs);
  return enterSweeping(service, { next, isHard: false, isFinished: true }, nowMs);
}

/** A run that never began has nothing to finish. */
function enterFinishing(service: In<'sweeping'>, nowMs: number): Step {
  const exit = service.lastExit;
  const { next, scope } = service.state;
  if (!service.policy.hasFinish || exit === undefined || 'error' in exit)
    return enterNext(service, next, nowMs);
  const isWhole = scope === 'tree';
  const state: State = { name: 'finishing', next, isWhole, deadlineMs: nowMs + FINISH_TIMEOUT_MS };
  return { service: { ...service, state }, effects: [{ type: 'finish', exit }] };
}

function enterNext(service: Service, next: Next, nowMs: number): Step {
  if (!service.mayStart)
    return stay({ ...service, state: { name: next.state === 'failed' ? 'failed' : 'down' } });
  switch (next.state) {
    case 'down':
    case 'failed':
      return stay({ ...service, state: { name: next.state } });
    case 'starting':
      return enterStarting(service, nowMs);
    case 'backoff':
      return stay({ ...service, state: { name: 'backoff', deadlineMs: nowMs + makeDelayMs(service) } });
    default:
      return unreachable(next.state);
  }
}

/** Doubles from min to max; the jitter comes from name and spawn, so that `step` stays pure. */
export function makeDelayMs(service: Service): number {
  const { min, max } = service.policy.backoffMs;
  const delayMs = Math.min(max, min * 2 ** Math.min(service.attempt - 1, 20));
  let hash = service.spawn;
  for (const character of service.name) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 1009;
  return Math.max(min, Math.round(delayMs * (1 - (JITTER * hash) / 1009)));
}

function stay(service: Service): Step {
  return { service, effects: [] };
}

function bug(service: Service, event: Event): never {
  throw new Error(`Bug: service ${service.name} got "${event.type}" in state ${service.state.name}`);
}
