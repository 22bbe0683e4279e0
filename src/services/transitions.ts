import { unreachable } from '../errors.ts';
import type { Exit } from '../processes/exit.ts';
import { countDeath, decide, hasEndedWell, makeDelayMs, SETTLED_AFTER_MS } from './restarts.ts';
import type { DownReason, In, Next, Service, State, Step, Sweep } from './states.ts';

/** The ways into each state. */

/** Without a probe of its own, a service that lives so long is ready. Milliseconds. */
export const READY_AFTER_MS = 200;
/** What KILL needs even on a busy machine; then the leftovers are named. */
const KILL_TIMEOUT_MS = 2000;

export function stay(service: Service): Step {
  return { service, effects: [] };
}

/** On an operator's word it begins with what it requires; after a death it comes back by itself. */
export function enterStart(given: Service, nowMs: number): Step {
  const service = forgetDeaths(given);
  if (!service.policy.hasDependencies) return enterStarting(service, nowMs);
  if (!service.mayStart) return enterDown(service, 'asked');
  return stay({ ...service, state: { name: 'waiting', sinceMs: nowMs } });
}

/** Whoever asks for a start may have mended something: earlier deaths say nothing about what comes now. */
export function forgetDeaths(service: Service): Service {
  return { ...service, attempt: 0, deathsMs: [], isFailing: false };
}

export function enterStarting(service: Service, nowMs: number): Step {
  if (!service.mayStart) return enterDown(service, 'asked');
  const spawn = service.spawn + 1;
  const deadlineMs = nowMs + (service.policy.readyTimeoutMs ?? READY_AFTER_MS);
  const state: State = { name: 'starting', startedMs: nowMs, isLate: false, deadlineMs };
  const begun = { ...service, spawn, state, lastExit: undefined, isIll: false, isHurried: false };
  return { service: begun, effects: [{ type: 'spawn', spawn }] };
}

/** A service that never died needs no timer: an idle workbench sleeps. */
export function enterUp(service: Service, startedMs: number): Step {
  const isTried = service.attempt > 0 || service.isFailing;
  return stay({
    ...service,
    state: { name: 'up', startedMs, ...(isTried ? { deadlineMs: startedMs + SETTLED_AFTER_MS } : {}) },
  });
}

/** What is to be down dies no more. */
export function enterDown(service: Service, why: DownReason): Step {
  return stay({ ...service, isFailing: false, state: { name: 'down', why } });
}

export function enterStopping(service: Service, next: Next, nowMs: number): Step {
  const { stopTimeoutMs, stopSignal } = service.policy;
  const state: State = { name: 'stopping', next, deadlineMs: nowMs + stopTimeoutMs };
  return { service: { ...service, state }, effects: [{ type: 'signal', signal: stopSignal }] };
}

export function enterKilling(service: Service, next: Next, nowMs: number): Step {
  const state: State = { name: 'killing', next, deadlineMs: nowMs + KILL_TIMEOUT_MS };
  return { service: { ...service, state }, effects: [{ type: 'signal', signal: 'SIGKILL' }] };
}

/** A process ended that nobody asked to end: count it, and let the policy say what follows. */
export function enterAfterDeath(
  service: Service,
  life: { startedMs: number; exit: Exit },
  nowMs: number,
): Step {
  const death = { ...life, nowMs };
  const died = countDeath(service, death);
  const next: Next = { state: decide(died, death), by: 'policy' };
  return enterSweeping(died, { next, isHard: false, isFinished: false }, nowMs);
}

/** It lives but does not do its work: that counts as a death, and its policy says what follows. */
export function enterAfterIllness(service: Service, startedMs: number, nowMs: number): Step {
  const death = { startedMs, exit: undefined, nowMs };
  const ill = { ...countDeath(service, death), isIll: true };
  return enterStopping(ill, { state: decide(ill, death), by: 'policy' }, nowMs);
}

export function enterSweeping(service: Service, how: Omit<Sweep, 'scope'>, nowMs: number): Step {
  const { next, isFinished } = how;
  const isHard = how.isHard || service.isHurried;
  const scope = scopeOf(service, next);
  const deadlineMs = nowMs + (isHard ? KILL_TIMEOUT_MS : service.policy.stopTimeoutMs);
  const state: State = { name: 'sweeping', next, isHard, isFinished, scope, deadlineMs };
  const signal = isHard ? 'SIGKILL' : 'SIGTERM';
  return { service: { ...service, state }, effects: [{ type: 'sweep', signal, scope }] };
}

export function leaveSweeping(service: In<'sweeping'>, nowMs: number): Step {
  const { next, isFinished, scope } = service.state;
  const isWhole = scope === 'tree';
  if (isFinished) return enterWhole(service, { next, isWhole }, nowMs);
  const exit = service.lastExit;
  // A run that never began has nothing to finish.
  if (!service.policy.hasFinish || exit === undefined || 'error' in exit)
    return enterWhole(service, { next, isWhole }, nowMs);
  const state: State = {
    name: 'finishing',
    next,
    isWhole,
    deadlineMs: nowMs + service.policy.finishTimeoutMs,
  };
  return { service: { ...service, state }, effects: [{ type: 'finish', exit }] };
}

/** A service that stays down after all takes along what a restart had spared. */
export function enterWhole(
  service: Service,
  { next, isWhole }: { readonly next: Next; readonly isWhole: boolean },
  nowMs: number,
): Step {
  const isSpared = !isWhole && service.policy.kill === 'group' && scopeOf(service, next) === 'tree';
  if (!isSpared) return enterNext(service, next, nowMs);
  return enterSweeping(service, { next, isHard: false, isFinished: true }, nowMs);
}

/** A restart with `kill: group` leaves alone what a user started in sessions of their own. */
export function scopeOf(service: Service, next: Next): 'tree' | 'group' {
  const comesBack = next.state === 'starting' || next.state === 'backoff';
  return comesBack && service.mayStart && service.policy.kill === 'group' ? 'group' : 'tree';
}

export function chooseNext(service: Service, wish: 'start' | 'stop' | 'restart'): Next {
  return { state: wish === 'stop' || !service.mayStart ? 'down' : 'starting', by: 'operator' };
}

function enterNext(service: Service, next: Next, nowMs: number): Step {
  switch (next.state) {
    case 'failed':
      return stay({ ...service, state: { name: 'failed' } });
    case 'down':
      return enterDown(service, whyDown(service, next));
    case 'starting':
      return next.by === 'operator' ? enterStart(service, nowMs) : enterStarting(service, nowMs);
    case 'backoff':
      if (!service.mayStart) return enterDown(service, 'asked');
      return stay({ ...service, state: { name: 'backoff', deadlineMs: nowMs + makeDelayMs(service) } });
    default:
      return unreachable(next.state);
  }
}

function whyDown(service: Service, next: Next): DownReason {
  if (next.by === 'operator' || !service.mayStart) return 'asked';
  return hasEndedWell(service) ? 'done' : 'finished';
}
