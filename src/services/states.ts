import type { Policy } from '../definitions/definitions.ts';
import type { Exit } from '../processes/exit.ts';

/** A service as a state machine knows it: no handle, no pid, so that it can be printed and replayed. */
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
  /** How often it has died of itself since Lintel began. */
  readonly deathCount: number;
  /** 5 deaths in 60 s: named, not ready. */
  readonly isFailing: boolean;
  readonly lastExit: Exit | undefined;
  /** Its probe has failed too often, so it has to be stopped: however this life ends, it has not ended well. */
  readonly isIll: boolean;
  /** It was to be killed: nothing of this life is waited for any more. */
  readonly isHurried: boolean;
  /** False once shutdown has begun. */
  readonly mayStart: boolean;
}

/** All times are milliseconds of one monotonic clock. */
export type State =
  | { readonly name: 'down'; readonly why: DownReason }
  | { readonly name: 'failed' }
  | { readonly name: 'waiting'; readonly sinceMs: number }
  | {
      readonly name: 'starting';
      readonly startedMs: number;
      /** Its time to become ready is over: it is named, and stays. */
      readonly isLate: boolean;
      readonly deadlineMs?: number;
    }
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

/**
 * initial: not started yet. asked: an operator's stop, or the end of the container. done: it has ended well, and its
 * policy wants no restart. finished: its finish script wants it down after a failure.
 */
export type DownReason = 'initial' | 'asked' | 'done' | 'finished';

export interface Sweep {
  readonly next: Next;
  /** KILL has been sent. */
  readonly isHard: boolean;
  readonly scope: 'tree' | 'group';
  /** Whether the finish script has run already: what a group's restart had spared is swept after it. */
  readonly isFinished: boolean;
}

export interface Next {
  readonly state: 'down' | 'failed' | 'backoff' | 'starting';
  readonly by: 'operator' | 'policy' | 'finish';
}

export type Event =
  | { readonly type: 'start' | 'stop' | 'restart' | 'kill' | 'shutdown' | 'deadline' }
  /** What it requires is ready, or can never be. */
  | { readonly type: 'released' | 'blocked' }
  | { readonly type: 'exited'; readonly spawn: number; readonly exit: Exit }
  | { readonly type: 'ready' | 'unhealthy' | 'swept'; readonly spawn: number }
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

/** A service in a given state, for functions of that state. */
export type In<Name extends State['name']> = Service & { readonly state: Extract<State, { name: Name }> };

export function makeService(name: string, policy: Policy): Service {
  return {
    name,
    policy,
    state: { name: 'down', why: 'initial' },
    spawn: 0,
    attempt: 0,
    deathsMs: [],
    deathCount: 0,
    isFailing: false,
    lastExit: undefined,
    isIll: false,
    isHurried: false,
    mayStart: true,
  };
}

export function isResting({ state }: Service): boolean {
  return state.name === 'down' || state.name === 'failed';
}

/** It will not come back by itself, and nobody asked for that: also one that its finish script keeps down. */
export function hasFailed(service: Service): boolean {
  return service.state.name === 'failed' || isKeptDown(service);
}

/** Its finish script has asked for that. */
export function isKeptDown({ state }: Service): boolean {
  return state.name === 'down' && state.why === 'finished';
}

/** It was to be ready by now. */
export function isLate({ state }: Service): boolean {
  return state.name === 'starting' && state.isLate;
}

/** What may serve others: up, and not dying all the time. */
export function isReady(service: Service): boolean {
  return service.state.name === 'up' && !service.isFailing;
}
