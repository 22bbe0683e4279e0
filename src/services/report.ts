import { explainNotFound } from '../processes/exec-error.ts';
import { type Exit, exitCodeOf, renderExit } from '../processes/exit.ts';
import type { Entries, Entry } from './entry.ts';
import { renderDeath, renderEnd, renderNext } from './explain.ts';
import type { MemoryWatch } from './memory.ts';
import { FAILING } from './restarts.ts';
import { environmentOf, type Surroundings } from './runs.ts';
import { type Event, isResting, type Service } from './states.ts';

/** A service that has ended for good by itself, not because somebody asked. */
export interface FinalEnd {
  /** What the container would end with. */
  readonly code: number;
  readonly explanation: string;
  /** Spelled out in its service.json. */
  readonly isCritical: boolean;
  /** It has failed and there is no other: then it counts as critical where there is no CMD. */
  readonly isOnly: boolean;
  readonly isAnyFailed: boolean;
  readonly isAnyLeft: boolean;
}

export interface Reporter {
  readonly entries: Entries;
  readonly around: Surroundings;
  readonly memory: MemoryWatch;
  readonly onFinalEnd: (name: string, ended: FinalEnd) => void;
}

/** Characters of a service's last words that go into the reason of its death. */
const LAST_CHARACTERS = 4096;

/** Says what a step has changed, where a person would want to know. */
export function report(entry: Entry, before: Service, { event, by }: { event: Event; by: Reporter }): void {
  const { service } = entry;
  const { log } = by.around;
  // One that changes nothing is of a life that has been given up long ago.
  if (event.type === 'exited' && service !== before) reportExit(entry, before, { exit: event.exit, by });
  if (event.type === 'unhealthy' && service !== before) reportIllness(entry, by);
  if (event.type === 'deadline' && before.state.name === 'finishing')
    log.warn(`the finish script of ${entry.name} did not end in time and is killed`);
  if (event.type === 'finished' && event.code === 125 && service !== before && isKeptDown(service))
    log.info(`${entry.name} stays down: its finish script asked for it (exit code 125)`);
  if (service.isFailing && !before.isFailing)
    log.warn(`${entry.name} is failing: it died ${FAILING.deaths} times within a minute`);
  if (service.state.name !== before.state.name) reportChange(entry, before, by);
  else if (isLate(service) && !isLate(before))
    log.warn(`${entry.name} is not ready in time: ${entry.illness ?? 'it did not say so'}; it goes on`);
}

function reportChange(entry: Entry, before: Service, by: Reporter): void {
  const { service, name } = entry;
  const { log } = by.around;
  switch (service.state.name) {
    case 'starting':
      return log.info(`${name} starts`, { spawn: service.spawn > 1 ? service.spawn : undefined });
    case 'up':
      if (service.policy.readyTimeoutMs === undefined || before.state.name !== 'starting') return;
      return log.info(`${name} is ready`, { ms: Math.round(entry.sinceMs - before.state.startedMs) });
    case 'killing':
      return log.warn(`${name} did not stop in time and is killed`);
    case 'down':
      return reportEnd(entry, by);
    case 'failed':
      if (entry.blockedBy !== undefined)
        log.warn(`${name} has failed: it requires ${entry.blockedBy}, which will not come`);
      return reportEnd(entry, by);
  }
}

function reportIllness(entry: Entry, { around }: Reporter): void {
  const { name, service, illness = 'its probe fails' } = entry;
  const next = renderNext(service);
  entry.lastDeath = `${name} was unhealthy: ${illness}; ${next}`;
  entry.lastEnd = `was unhealthy: ${entry.symptom ?? 'its probe fails'}`;
  around.log.warn(`${name} is unhealthy and is stopped: ${illness}; ${next}`);
}

function reportExit(entry: Entry, before: Service, { exit, by }: { exit: Exit; by: Reporter }): void {
  const { service, name } = entry;
  const { around } = by;
  const { log } = around;
  const wasAsked = before.state.name === 'stopping' || before.state.name === 'killing';
  if (wasAsked) return log.info(`${name} stopped: it ${renderExit(exit)}`);
  const tail = log.history.tail(name, entry.mark, LAST_CHARACTERS);
  const [program = ''] = entry.planned.definition.command;
  const hint = explainNotFound(exit, program, environmentOf(entry.planned, around));
  const memory = by.memory.look(exit);
  const explanation = renderDeath({ service, exit, tail, hint, memory });
  entry.lastDeath = explanation;
  entry.lastEnd = renderEnd(exit, memory);
  if (service.state.name === 'sweeping' && service.state.next.state === 'down') log.info(explanation);
  else log.warn(explanation);
}

/** An end that an operator asked for is nobody's failure. */
function reportEnd(entry: Entry, { entries, onFinalEnd }: Reporter): void {
  const { service, name } = entry;
  const { state } = service;
  if (!service.mayStart || (state.name === 'down' && state.why === 'asked')) return;
  const all = [...entries.values()].map(other => other.service);
  onFinalEnd(name, {
    code: codeOf(service),
    explanation: entry.blockedBy === undefined ? explain(entry) : `it requires ${entry.blockedBy}`,
    isCritical: service.policy.critical,
    isOnly: entries.size === 1 && hasFailed(service),
    isAnyFailed: all.some(hasFailed),
    isAnyLeft: all.some(other => !isResting(other)),
  });
}

/** Whoever failed never ends with 0, although what had to be stopped as unhealthy may have said so. */
function codeOf(service: Service): number {
  if (!hasFailed(service)) return 0;
  return (service.lastExit === undefined ? 0 : exitCodeOf(service.lastExit)) || 1;
}

/** Also one that its finish script keeps down. */
function hasFailed({ state }: Service): boolean {
  return state.name === 'failed' || (state.name === 'down' && state.why === 'finished');
}

function explain({ service, name }: Entry): string {
  return service.lastExit === undefined ? name : `${name} ${renderExit(service.lastExit)}`;
}

/** It is down, or will be once what `kill: group` had spared is gone as well. */
function isKeptDown({ state }: Service): boolean {
  return state.name === 'down'
    ? state.why !== 'asked'
    : state.name === 'sweeping' && state.next.by === 'finish';
}

function isLate({ state }: Service): boolean {
  return state.name === 'starting' && state.isLate;
}
