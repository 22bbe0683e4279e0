import type { Exit } from '../processes/exit.ts';
import type { Entries, Entry } from './entry.ts';
import { type Death, renderDeath } from './explain.ts';
import { isKeptDown, isLate, isReady, type State } from './states.ts';
import { permissionOf } from './waiting.ts';

/** A service as others see it: plain data, for the control socket. Times in milliseconds. */
export interface ServiceStatus {
  readonly name: string;
  readonly description: string;
  readonly state: State['name'];
  readonly isReady: boolean;
  /** It dies again and again. */
  readonly isFailing: boolean;
  /** It was to be ready by now. */
  readonly isLate: boolean;
  /** It has failed, and its finish script wants it down for good. */
  readonly isKeptDown: boolean;
  readonly pid: number | undefined;
  readonly user: string;
  /** Its final end stops the container. */
  readonly isCritical: boolean;
  /** How often it has been started. */
  readonly spawn: number;
  /** Time in this state. */
  readonly forMs: number;
  /** Time until its next start, where it waits for that. */
  readonly restartsInMs: number | undefined;
  /** Deaths that a rule still looks at; and all since Lintel began. */
  readonly deaths: number;
  readonly deathCount: number;
  readonly lastExit: Exit | undefined;
  /** Why it died last, as it was logged. */
  readonly lastDeath: string | undefined;
  /** Of that only how it ended: fit for those who may read no log. */
  readonly lastEnd: string | undefined;
  /** As `lastEnd`, with what else was known of why; and what it said last, and what happened just then. */
  readonly lastCause: string | undefined;
  readonly lastRemarks: readonly string[];
  /** What its probe found wrong last; undefined while it finds nothing. */
  readonly illness: string | undefined;
  /** As `illness`, without addresses and without a word of the probe's: for those who may read no log. */
  readonly symptom: string | undefined;
  /** Services that it waits for. */
  readonly waitsFor: readonly string[];
  readonly requires: readonly string[];
  readonly after: readonly string[];
}

export function makeStatus(entries: Entries, nowMs: number): ServiceStatus[] {
  return [...entries.values()].map(entry => makeOne(entry, entries, nowMs));
}

function makeOne(entry: Entry, entries: Entries, nowMs: number): ServiceStatus {
  const { service, planned } = entry;
  const { state } = service;
  const { definition, user } = planned;
  const permission = permissionOf(entry, entries);
  const death = findObstacle(entry) ?? entry.death;
  return {
    name: entry.name,
    description: definition.description,
    state: state.name,
    isReady: isReady(service),
    isFailing: service.isFailing,
    isLate: isLate(service),
    isKeptDown: isKeptDown(service),
    pid: hasProcess(state) ? entry.child?.pid : undefined,
    user: user.name,
    isCritical: definition.policy.critical,
    spawn: service.spawn,
    forMs: Math.round(nowMs - entry.sinceMs),
    restartsInMs: state.name === 'backoff' ? Math.max(0, Math.round(state.deadlineMs - nowMs)) : undefined,
    deaths: service.deathsMs.length,
    deathCount: service.deathCount,
    lastExit: service.lastExit,
    lastDeath: death && renderDeath(entry.name, death),
    lastEnd: death?.end,
    lastCause: death?.cause,
    lastRemarks: death?.remarks ?? [],
    illness: entry.illness,
    symptom: entry.symptom,
    waitsFor: permission?.type === 'waits' ? permission.names : [],
    requires: definition.requires,
    after: definition.after,
  };
}

/** Of a service that failed without a life of its own. */
function findObstacle({ service, blockedBy }: Entry): Death | undefined {
  if (service.state.name !== 'failed' || blockedBy === undefined) return undefined;
  const end = `requires ${blockedBy}, which will not come`;
  return { end, cause: end, remarks: [], next: 'it stays down' };
}

function hasProcess({ name }: State): boolean {
  return name === 'starting' || name === 'up' || name === 'stopping' || name === 'killing';
}
