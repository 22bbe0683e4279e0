import { unreachable } from '../errors.ts';
import type { ServiceStatus } from '../services/status.ts';
import type { ACTIONS } from './routes.ts';
import type { Stage } from './subject.ts';

/** What is not as it should be, in a few words. */
export interface Trouble {
  readonly name: string;
  readonly why: string;
}

/** What a sentence about a service may say besides its state. */
export interface Words {
  readonly illness: string | undefined;
  readonly death: string | undefined;
}

/** For those who may read the log. */
const tellAll = (service: ServiceStatus): Words => ({
  illness: service.illness,
  death: renderLastDeath(service),
});

/** Without addresses and without a word of the service's own: for everybody else. */
export const tellStrangers = ({ symptom, lastEnd }: ServiceStatus): Words => ({
  illness: symptom,
  death: lastEnd,
});

/**
 * Services that should be ready and are not. What is down is so because somebody wanted it: it ended well, was
 * stopped, or is not to be started at all. But one that failed, and which its finish script keeps down, has failed.
 */
export function findNotReady(services: readonly ServiceStatus[], tell = tellAll): Trouble[] {
  return services
    .filter(service => (service.state !== 'down' || service.isKeptDown) && !service.isReady)
    .map(service => makeTrouble(service, tell));
}

/** Services that a HEALTHCHECK should know of; one that just starts, or is between two lives, is no trouble yet. */
export function findTroubles(services: readonly ServiceStatus[]): Trouble[] {
  return services
    .filter(service => hasFailed(service) || service.isFailing || service.isLate || isIll(service))
    .map(service => makeTrouble(service, tellAll));
}

/**
 * Critical services that have failed, keep dying or are unhealthy. The only service of a workbench is critical once it
 * has failed. One that is late is not ready and nothing more: whoever kills for what is found here would not make a slow
 * volume faster.
 */
export function findUnhealthy(services: readonly ServiceStatus[], tell = tellAll): Trouble[] {
  const isOnly = services.length === 1;
  return services
    .filter(service =>
      service.isCritical
        ? hasFailed(service) || service.isFailing || isIll(service)
        : isOnly && hasFailed(service),
    )
    .map(service => makeTrouble(service, tell));
}

/** It will not come back by itself, and nobody asked for that. */
export function hasFailed({ state, isKeptDown }: ServiceStatus): boolean {
  return state === 'failed' || isKeptDown;
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

function makeTrouble(service: ServiceStatus, tell: (service: ServiceStatus) => Words): Trouble {
  return { name: service.name, why: renderWhy(service, tell(service)) };
}

/** "waits for db", "failing: exited with code 3", "late to become ready: connection refused". */
function renderWhy(service: ServiceStatus, { illness, death }: Words): string {
  const { state, isFailing, isLate, waitsFor } = service;
  const tail = illness === undefined ? '' : `: ${illness}`;
  const cause = death === undefined ? '' : `: ${death}`;
  if (state === 'failed') return `failed${cause}`;
  if (service.isKeptDown) return `kept down by its finish script${cause}`;
  if (isFailing) return `failing${cause}`;
  if (isIll(service)) return `unhealthy${tail}`;
  if (state === 'waiting' && waitsFor.length > 0) return `waits for ${waitsFor.join(', ')}`;
  if (isLate) return `late to become ready${tail}`;
  if (state === 'backoff') return `starts again soon${cause}`;
  return state === 'starting' ? `starting${tail}` : state;
}

/** "jupyter (starting), web (waits for db)". */
export function renderTroubles(troubles: readonly Trouble[]): string {
  return troubles.map(({ name, why }) => `${name} (${why})`).join(', ');
}

/** How it died last, without what was to happen next: by now that has happened. */
function renderLastDeath({ lastCause, lastRemarks }: ServiceStatus): string | undefined {
  return lastCause === undefined ? undefined : [lastCause, ...lastRemarks].join('; ');
}

/** "the workbench still boots: script 10-fetch runs". */
export function renderStage(stage: Stage): string {
  switch (stage.name) {
    case 'booting':
      return `the workbench still boots${stage.script === undefined ? '' : `: script ${stage.script} runs`}`;
    case 'running':
      return 'the workbench runs';
    case 'stopping':
      return `the workbench stops: ${stage.reason}`;
    default:
      return unreachable(stage);
  }
}

/**
 * How far a service is on the way that somebody asked for: `done`, or the sentence that says why it will not get
 * there; undefined: not yet. `spawnBefore` is its spawn when it was asked.
 */
export function judgeAction(
  action: (typeof ACTIONS)[number],
  service: ServiceStatus,
  spawnBefore: number,
): 'done' | { readonly why: string } | undefined {
  const { name, state, spawn } = service;
  if (action === 'stop') return state === 'down' || state === 'failed' ? 'done' : undefined;
  const isNew = spawn > spawnBefore;
  if (state === 'failed' || (service.isKeptDown && isNew))
    return { why: service.lastDeath ?? `${name} ${renderWhy(service, tellAll(service))}` };
  // What ends by itself, and well, has done what it was started for.
  if (state === 'down') return isNew ? 'done' : { why: `${name} stays down` };
  if (service.isReady && (isNew || action === 'start')) return 'done';
  return undefined;
}
