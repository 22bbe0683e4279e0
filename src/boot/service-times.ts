import type { Entry } from '../services/entry.ts';
import { isUnderway } from '../services/settled.ts';
import { hasFailed, isLate, isReady, isResting, type Service } from '../services/states.ts';
import type { Span } from '../timing/record.ts';

/** How long services wait, and how long they take to be ready for the first time. */
export interface ServiceTimes {
  /** A service has changed; `ms` since the process began. A few comparisons, whatever the number of services. */
  take(entry: Entry, ms: number): void;
  /** As a timeline's, in the order in which services were first wished to run. */
  spans(): Span[];
  /** Whether somebody may be ready soon, as far as that is up to them. */
  isAnyUnderway(): boolean;
}

/** The first way of a service to its readiness. Milliseconds since the process began. */
interface Way {
  readonly entry: Entry;
  waitMs?: number;
  releasedMs?: number;
  startMs?: number;
  endMs?: number;
  /** Since when it is not on its way. */
  givenUpMs?: number | undefined;
  /** When it ended: how often it had been started, and whether it had failed for good. */
  starts?: number;
  isFailed?: boolean;
}

export function makeServiceTimes(): ServiceTimes {
  const ways = new Map<string, Way>();
  const underway = new Set<string>();
  return {
    take(entry, ms) {
      const isGoing = isUnderway(progressOf(entry.service));
      if (isGoing) underway.add(entry.name);
      else underway.delete(entry.name);
      const way = ways.get(entry.name) ?? { entry };
      ways.set(entry.name, way);
      way.givenUpMs = isGoing ? undefined : (way.givenUpMs ?? ms);
      go(way, ms);
    },
    spans: () => [...ways.values()].flatMap(makeSpans),
    isAnyUnderway: () => underway.size > 0,
  };
}

function go(way: Way, ms: number): void {
  const { service } = way.entry;
  const { name } = service.state;
  if (name === 'waiting') way.waitMs ??= ms;
  else if (way.waitMs !== undefined) way.releasedMs ??= ms;
  if (name === 'starting') way.startMs ??= ms;
  const isOver = isReady(service) || isResting(service);
  if (!isOver || way.endMs !== undefined) return;
  way.endMs = ms;
  way.starts = service.spawn;
  way.isFailed = hasFailed(service);
}

function makeSpans(way: Way): Span[] {
  const { entry, waitMs, releasedMs, startMs, endMs, givenUpMs, starts, isFailed } = way;
  const { name, service, waitedFor } = entry;
  const isHopeless = isFailed ?? (endMs === undefined && (service.isFailing || isLate(service)));
  const common = { name, isBeside: true };
  const wait: Span[] =
    waitMs === undefined || waitedFor === undefined
      ? []
      : [
          {
            ...common,
            kind: 'wait',
            startMs: waitMs,
            ...(releasedMs === undefined ? {} : { endMs: releasedMs }),
            waitedFor,
            isFailed: startMs === undefined && isHopeless,
          },
        ];
  if (startMs === undefined) return wait;
  const open = givenUpMs === undefined ? {} : { givenUpMs };
  const end = endMs === undefined ? open : { endMs };
  return [
    ...wait,
    {
      ...common,
      kind: 'service',
      startMs,
      ...end,
      starts: starts ?? service.spawn,
      isFailed: isHopeless,
    },
  ];
}

function progressOf(service: Service) {
  const { state, isFailing, spawn } = service;
  return { state: state.name, isFailing, spawn, isLate: isLate(service) };
}
