import { unreachable } from '../errors.ts';
import type { Event, In, Next, Service, Step } from './states.ts';
import {
  chooseNext,
  enterAfterDeath,
  enterAfterIllness,
  enterDown,
  enterKilling,
  enterStart,
  enterStarting,
  enterStopping,
  enterSweeping,
  enterUp,
  enterWhole,
  forgetDeaths,
  leaveSweeping,
  scopeOf,
  stay,
} from './transitions.ts';

/**
 * A service as a state machine. Pure: no clock, no process, no randomness.
 *
 * | state \ event | start    | stop     | restart  | kill        | released | blocked  | exited   | ready | unhealthy | swept     | finished | deadline        |
 * |---------------|----------|----------|----------|-------------|----------|----------|----------|-------|-----------|-----------|----------|-----------------|
 * | down, failed  | begin    | down     | begin    | –           | bug      | bug      | –        | –     | –         | bug       | –        | bug             |
 * | waiting       | –        | down *   | –        | down *      | starting | failed * | –        | –     | –         | bug       | –        | bug             |
 * | starting      | –        | stopping | stopping | killing     | bug      | bug      | sweeping | up    | –         | bug       | bug      | up, or late     |
 * | up            | –        | stopping | stopping | killing     | bug      | bug      | sweeping | –     | stopping  | bug       | bug      | settled, stays  |
 * | backoff       | starting | down *   | starting | down *      | bug      | bug      | –        | –     | –         | bug       | –        | starting        |
 * | stopping      | next     | next     | next     | killing     | bug      | bug      | sweeping | –     | –         | bug       | bug      | killing         |
 * | killing       | next     | next     | next     | –           | bug      | bug      | sweeping | –     | –         | bug       | bug      | sweeping, hard  |
 * | sweeping      | next     | next     | next     | hard        | bug      | bug      | –        | –     | –         | finishing | –        | hard, then finishing |
 * | finishing     | next     | next     | next     | kill finish | bug      | bug      | –        | –     | –         | bug       | next     | kill finish, next |
 *
 * begin: waiting where it depends on others, else starting. *: with `kill: group` by way of sweeping, for what the
 * last restart had spared; so does finishing. starting: spawned; without a probe up after 200 ms, with one up at
 * `ready`, and after its time late: named, it stays. unhealthy: counts as a death.
 *
 * What starts on an operator's word, from whatever state, starts afresh: its earlier deaths count no more, neither for
 * the backoff nor as failing, nor for maxRestarts.
 *
 * "next" sets or enters the state after the end: down, failed, backoff or starting. An operator's word beats finish's
 * 125, which beats the policy. Every spawn has a number; an event of another spawn is ignored in every state, so
 * neither a stale timer nor a stale probe nor a stale exit can do harm. (An exit in down, backoff or finishing is that
 * of a killed process which the kernel kept back; a late finished is that of a finish script whose time was over; a
 * ready or unhealthy was on its way when the process ended.)
 *
 * shutdown: from now on nothing starts. What does not run goes down; what runs is stopped in its turn, by `stop`.
 * kill: until the next start every sweep is hard from the beginning.
 * A "bug" cell throws; the interpreter logs it and goes on.
 */
export function step(given: Service, event: Event, nowMs: number): Step {
  if ('spawn' in event && event.spawn !== given.spawn) return stay(given);
  if (event.type === 'shutdown') return stepShutdown({ ...given, mayStart: false }, nowMs);
  const service = event.type === 'kill' ? { ...given, isHurried: true } : given;
  const { state } = service;
  switch (state.name) {
    case 'down':
    case 'failed':
      return stepResting(service, event, nowMs);
    case 'waiting':
      return stepWaiting(service, event, nowMs);
    case 'starting':
    case 'up':
      return stepRunning({ ...service, state }, event, nowMs);
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

function stepShutdown(service: Service, nowMs: number): Step {
  const { name } = service.state;
  if (name === 'waiting' || name === 'backoff') return step(service, { type: 'stop' }, nowMs);
  return stay(service);
}

function stepResting(service: Service, event: Event, nowMs: number): Step {
  switch (event.type) {
    case 'start':
    case 'restart':
      return enterStart(service, nowMs);
    case 'stop':
      return enterDown(service, 'asked');
    case 'kill':
    case 'exited':
    case 'ready':
    case 'unhealthy':
    case 'finished':
      return stay(service);
    default:
      return bug(service, event);
  }
}

function stepWaiting(service: Service, event: Event, nowMs: number): Step {
  switch (event.type) {
    case 'stop':
    case 'kill':
      return endWaiting(service, { state: 'down', by: 'operator' }, nowMs);
    case 'released':
      return enterStarting(service, nowMs);
    case 'blocked':
      return endWaiting(service, { state: 'failed', by: 'policy' }, nowMs);
    case 'start':
    case 'restart':
    case 'exited':
    case 'ready':
    case 'unhealthy':
    case 'finished':
      return stay(service);
    default:
      return bug(service, event);
  }
}

/** Before its first start nothing can be left of it. */
function endWaiting(service: Service, next: Next, nowMs: number): Step {
  return enterWhole(service, { next, isWhole: service.spawn === 0 }, nowMs);
}

function stepRunning(service: In<'starting' | 'up'>, event: Event, nowMs: number): Step {
  const { startedMs, name } = service.state;
  switch (event.type) {
    case 'start':
      return stay(service);
    case 'stop':
      return enterStopping(service, { state: 'down', by: 'operator' }, nowMs);
    case 'restart':
      return enterStopping(service, chooseNext(service, 'restart'), nowMs);
    case 'kill':
      return enterKilling(service, { state: 'down', by: 'operator' }, nowMs);
    case 'exited':
      return enterAfterDeath(service, { startedMs, exit: event.exit }, nowMs);
    case 'ready':
      return name === 'starting' ? enterUp(service, startedMs) : stay(service);
    case 'unhealthy':
      return name === 'up' ? enterAfterIllness(service, startedMs, nowMs) : stay(service);
    case 'deadline':
      return name === 'starting' ? stepUnready(service, startedMs) : settle(service, startedMs);
    default:
      return bug(service, event);
  }
}

/** Its time to become ready is over. Without a probe that is all there was to wait for. */
function stepUnready(service: Service, startedMs: number): Step {
  if (service.policy.readyTimeoutMs === undefined) return enterUp(service, startedMs);
  return stay({ ...service, state: { name: 'starting', startedMs, isLate: true } });
}

function settle(service: Service, startedMs: number): Step {
  return stay({ ...service, attempt: 0, isFailing: false, state: { name: 'up', startedMs } });
}

function stepBackoff(service: Service, event: Event, nowMs: number): Step {
  switch (event.type) {
    case 'start':
    case 'restart':
      return enterStarting(forgetDeaths(service), nowMs);
    case 'deadline':
      return enterStarting(service, nowMs);
    case 'stop':
    case 'kill':
      return enterWhole(service, { next: { state: 'down', by: 'operator' }, isWhole: false }, nowMs);
    case 'exited':
    case 'ready':
    case 'unhealthy':
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
    case 'ready':
    case 'unhealthy':
      return stay(service);
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
    case 'ready':
    case 'unhealthy':
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
    case 'ready':
    case 'unhealthy':
      return stay(service);
    case 'finished': {
      const isDownForGood = event.code === 125 && state.next.by === 'policy';
      const next = isDownForGood ? ({ state: 'down', by: 'finish' } as const) : state.next;
      return enterWhole(service, { next, isWhole: state.isWhole }, nowMs);
    }
    case 'deadline': {
      const { service: after, effects } = enterWhole(service, state, nowMs);
      return { service: after, effects: [{ type: 'killFinish' }, ...effects] };
    }
    default:
      return bug(service, event);
  }
}

function bug(service: Service, event: Event): never {
  throw new Error(`Bug: service ${service.name} got "${event.type}" in state ${service.state.name}`);
}
