import type { ServiceStatus } from './status.ts';
import { PASSWORD } from './waiting.ts';

/** Who has been started so often and was never ready is not waited for, however slowly it dies. */
const MOST_STARTS = 5;

type Progress = Pick<ServiceStatus, 'isFailing' | 'isLate' | 'spawn'> & { readonly state: string };

/** Whether it may be ready soon, as far as that is up to itself: one that waits for others is not on its way. */
export function isUnderway({ state, isFailing, isLate, spawn }: Progress): boolean {
  if (isFailing || isLate || spawn > MOST_STARTS) return false;
  return state !== 'down' && state !== 'failed' && state !== 'waiting' && state !== 'up';
}

/**
 * Whether a boot is over: every service that should be ready is, or will not be soon. When nobody is on the way any
 * more, whoever waits for others waits in vain; the password alone still comes.
 */
export function isSettled(services: readonly (Progress & Pick<ServiceStatus, 'waitsFor'>)[]): boolean {
  return !services.some(service => isUnderway(service) || waitsForPassword(service));
}

function waitsForPassword({ state, waitsFor }: Pick<ServiceStatus, 'waitsFor'> & Progress): boolean {
  return state === 'waiting' && waitsFor.every(name => name === PASSWORD);
}
