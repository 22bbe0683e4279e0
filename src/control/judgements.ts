import { unreachable } from '../errors.ts';
import type { ServiceStatus } from '../services/status.ts';
import type { ACTIONS } from './routes.ts';
import { hasFailed, isIll, isInTrouble, isWanted, standingOf } from './standing.ts';
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

/** Services that should be ready and are not. */
export function findNotReady(services: readonly ServiceStatus[], tell = tellAll): Trouble[] {
  return services
    .filter(service => isWanted(service) && !service.isReady)
    .map(service => makeTrouble(service, tell));
}

/** Services that a HEALTHCHECK should know of. */
export function findTroubles(services: readonly ServiceStatus[]): Trouble[] {
  return services
    .filter(service => isInTrouble(standingOf(service)))
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
