import { unreachable } from '../errors.ts';
import type { ServiceStatus } from '../services/status.ts';
import type { ACTIONS } from './routes.ts';
import type { Stage } from './subject.ts';

/** What is not as it should be, in a few words. */
export interface Trouble {
  readonly name: string;
  readonly why: string;
}

/**
 * Services that should be ready and are not. What is down is so because somebody wanted it: it ended well, was
 * stopped, or is not to be started at all.
 */
export function findNotReady(services: readonly ServiceStatus[]): Trouble[] {
  return services
    .filter(({ state, isReady }) => state !== 'down' && !isReady)
    .map(service => ({ name: service.name, why: renderWhy(service) }));
}

/** Services that a HEALTHCHECK should know of; one that just starts, or is between two lives, is no trouble yet. */
export function findTroubles(services: readonly ServiceStatus[]): Trouble[] {
  return services
    .filter(service => service.state === 'failed' || service.isFailing || service.isLate || isIll(service))
    .map(service => ({ name: service.name, why: renderWhy(service) }));
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

/** "waiting for db", "failing: exited with code 3", "late to become ready: connection refused". */
function renderWhy(service: ServiceStatus): string {
  const { state, isFailing, isLate, waitsFor, illness } = service;
  const tail = illness === undefined ? '' : `: ${illness}`;
  const death = renderLastDeath(service);
  const cause = death === undefined ? '' : `: ${death}`;
  if (state === 'failed') return `failed${cause}`;
  if (isFailing) return `failing${cause}`;
  if (isIll(service)) return `unhealthy${tail}`;
  if (state === 'waiting' && waitsFor.length > 0) return `waiting for ${waitsFor.join(', ')}`;
  if (isLate) return `late to become ready${tail}`;
  if (state === 'backoff') return `starts again soon${cause}`;
  return state === 'starting' ? `starting${tail}` : state;
}

/** How it died last, without its name and without what was to happen next: by now that has happened. */
export function renderLastDeath({
  name,
  lastDeath,
}: {
  readonly name: string;
  readonly lastDeath?: string | undefined;
}): string | undefined {
  if (lastDeath === undefined) return undefined;
  const end = lastDeath.lastIndexOf('; ');
  const text = end === -1 ? lastDeath : lastDeath.slice(0, end);
  return text.startsWith(`${name} `) ? text.slice(name.length + 1) : text;
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
  if (state === 'failed') return { why: service.lastDeath ?? `${name} ${renderWhy(service)}` };
  // What ends by itself, and well, has done what it was started for.
  if (state === 'down') return isNew ? 'done' : { why: `${name} stays down` };
  if (service.isReady && (isNew || action === 'start')) return 'done';
  return undefined;
}
