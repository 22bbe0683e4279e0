import type { ServiceStatus } from '../services/status.ts';

/**
 * How a service stands, as everybody says it: lintel status, ready and health, the probes by HTTP, and the status page
 * with and without JavaScript. One word each, and one rule for who is counted.
 */
export interface Standing extends Pick<ServiceStatus, 'isReady' | 'isFailing' | 'isLate' | 'isKeptDown'> {
  /** As its state machine has it. */
  readonly state: string;
  readonly isIll: boolean;
}

export type Word =
  | 'ready'
  | 'starting'
  | 'late'
  | 'waiting'
  | 'restarting'
  | 'failing'
  | 'unhealthy'
  | 'failed'
  | 'stopping'
  | 'down';

/** Of what the control socket tells of a service. */
export function standingOf(service: Omit<Standing, 'isIll'> & Parameters<typeof isIll>[0]): Standing {
  return { ...service, isIll: isIll(service) };
}

/** Of two that are true the worse one. */
export function wordOf(service: Standing): Word {
  if (service.state === 'failed') return 'failed';
  if (service.isFailing) return 'failing';
  if (service.isIll) return 'unhealthy';
  if (service.isLate) return 'late';
  return WORDS[service.state] ?? 'stopping';
}

const WORDS: Readonly<Record<string, Word>> = {
  up: 'ready',
  starting: 'starting',
  waiting: 'waiting',
  backoff: 'restarting',
  down: 'down',
};

/**
 * What is down is so because somebody wanted it: it ended well, was stopped, or is not to be started at all. But one that
 * failed, and which its finish script keeps down, has failed.
 */
export function isWanted({ state, isKeptDown }: Pick<Standing, 'state' | 'isKeptDown'>): boolean {
  return state !== 'down' || isKeptDown;
}

/** It will not come back by itself, and nobody asked for that. */
export function hasFailed({ state, isKeptDown }: Pick<Standing, 'state' | 'isKeptDown'>): boolean {
  return state === 'failed' || isKeptDown;
}

/** Somebody should look; one that just starts, or is between two lives, is no trouble yet. */
export function isInTrouble(service: Standing): boolean {
  return hasFailed(service) || service.isFailing || service.isLate || service.isIll;
}

/** Its health probe finds something wrong; until a service is ready that is nothing but a matter of time. */
export function isIll({
  state,
  illness,
}: {
  readonly state: string;
  readonly illness?: string | undefined;
}): boolean {
  return illness !== undefined && (state === 'up' || state === 'stopping' || state === 'killing');
}

/**
 * Of those that should be ready. One that is unhealthy is still counted as ready, and as in trouble, too: whether it is
 * to be ended is for its probe to say, which may be wrong once.
 */
export function countServices(services: readonly Standing[]): {
  readonly wanted: number;
  readonly ready: number;
  readonly inTrouble: number;
} {
  return {
    wanted: services.filter(isWanted).length,
    ready: services.filter(({ isReady }) => isReady).length,
    inTrouble: services.filter(isInTrouble).length,
  };
}

/** "3 of 4 services are ready". */
export function renderCount(services: readonly Standing[]): string {
  const { wanted, ready } = countServices(services);
  if (wanted === 0) return 'no service is to run';
  if (wanted === 1) return `its service is ${ready === 1 ? 'ready' : 'not ready yet'}`;
  return ready === wanted ? `all ${wanted} services are ready` : `${ready} of ${wanted} services are ready`;
}
