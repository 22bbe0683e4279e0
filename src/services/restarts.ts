import type { Policy } from '../definitions/definitions.ts';
import type { Exit } from '../processes/exit.ts';
import type { Next, Service } from './states.ts';

/** A life this long makes the next restart immediate. Milliseconds. */
export const SETTLED_AFTER_MS = 10_000;
export const FAILING = { deaths: 5, windowMs: 60_000 } as const;
/** The delay is taken down by up to this share, so that services that died together don't return together. */
const JITTER = 0.25;

/** A life that ended, or had to be ended, without anybody asking for it. */
export interface Death {
  readonly exit: Exit | undefined;
  readonly startedMs: number;
  readonly nowMs: number;
}

/**
 * The service with that death counted. A fork that the machine had no room for says nothing about the service, and a
 * job that ends well has not died.
 */
export function countDeath(service: Service, { exit, startedMs, nowMs }: Death): Service {
  const attempt = nowMs - startedMs >= SETTLED_AFTER_MS ? 0 : service.attempt + 1;
  if (isTemporary(exit)) return { ...service, attempt, lastExit: exit };
  if (isDone(service.policy, exit)) return { ...service, attempt: 0, lastExit: exit };
  const { maxRestarts, deathTally } = service.policy;
  const reachMs = Math.max(FAILING.windowMs, maxRestarts?.windowMs ?? 0);
  const kept = [...service.deathsMs.filter(timeMs => timeMs > nowMs - reachMs), nowMs];
  const deathsMs = kept.slice(Math.max(0, kept.length - deathTally));
  const recent = deathsMs.filter(timeMs => timeMs > nowMs - FAILING.windowMs);
  return {
    ...service,
    attempt,
    deathsMs,
    deathCount: service.deathCount + 1,
    lastExit: exit,
    isFailing: service.isFailing || recent.length >= FAILING.deaths,
  };
}

/** What the policy says after a death that has been counted. */
export function decide(service: Service, { exit, nowMs }: Death): Next['state'] {
  const { restart, maxRestarts } = service.policy;
  if (!service.mayStart) return 'down';
  if (isTemporary(exit)) return 'backoff';
  if (isForGood(exit)) return 'failed';
  if (isDone(service.policy, exit)) return 'down';
  if (restart === 'never') return 'failed';
  const deaths = service.deathsMs.filter(timeMs => timeMs > nowMs - (maxRestarts?.windowMs ?? 0)).length;
  if (maxRestarts !== undefined && deaths > maxRestarts.count) return 'failed';
  return service.attempt === 0 ? 'starting' : 'backoff';
}

export function isSuccessful(policy: Policy, exit: Exit): boolean {
  if ('error' in exit) return false;
  return policy.successCodes.includes('code' in exit ? exit.code : exit.signal);
}

/** It has done what it was started for, and nobody wants it back. */
function isDone(policy: Policy, exit: Exit | undefined): boolean {
  return policy.restart !== 'always' && exit !== undefined && isSuccessful(policy, exit);
}

/** Whether its latest life did what it was started for. */
export function hasEndedWell({ policy, lastExit, isIll }: Service): boolean {
  return !isIll && lastExit !== undefined && isSuccessful(policy, lastExit);
}

/** Doubles from min to max; the jitter comes from name and spawn, so that `step` stays pure. Milliseconds. */
export function makeDelayMs(service: Service): number {
  const { min, max } = service.policy.backoffMs;
  const delayMs = Math.min(max, min * 2 ** Math.min(service.attempt - 1, 20));
  let hash = service.spawn;
  for (const character of service.name) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 1009;
  return Math.max(min, Math.round(delayMs * (1 - (JITTER * hash) / 1009)));
}

function isTemporary(exit: Exit | undefined): boolean {
  return exit !== undefined && 'error' in exit && exit.isTemporary === true;
}

/** Another attempt would find the same. */
export function isForGood(exit: Exit | undefined): boolean {
  return exit !== undefined && 'error' in exit && exit.isForGood === true;
}
