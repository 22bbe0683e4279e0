import { readClockMs } from '../clock.ts';
import { explainNotFound } from '../processes/exec-error.ts';
import { type Exit, fieldsOf, renderExit } from '../processes/exit.ts';
import type { Autopsy, Entries, Entry } from './entry.ts';
import { makeDeath, renderDeath, renderNext } from './explain.ts';
import { type FinalEnd, makeFinalEnd } from './final-end.ts';
import type { MemoryWatch } from './memory.ts';
import { FAILING } from './restarts.ts';
import { environmentOf, type Surroundings } from './runs.ts';
import { type Event, isLate, type Service } from './states.ts';

export interface Reporter {
  readonly entries: Entries;
  readonly around: Surroundings;
  readonly memory: MemoryWatch;
  readonly onKilled: (name: string) => void;
  readonly onFinalEnd: (name: string, ended: FinalEnd) => void;
}

/** Of a service's last words, so much is looked at for the reason of its death, and of the container's end. */
const LAST_CHARACTERS = 4096;
const LAST_LINES = 20;

/** Says what a step has changed, where a person would want to know. */
export function report(entry: Entry, before: Service, { event, by }: { event: Event; by: Reporter }): void {
  const { service } = entry;
  const { log } = by.around;
  const about = { service: entry.name };
  // One that changes nothing is of a life that has been given up long ago.
  if (event.type === 'exited' && service !== before) reportExit(entry, before, { exit: event.exit, by });
  if (event.type === 'unhealthy' && service !== before) reportIllness(entry, by);
  if (event.type === 'deadline' && before.state.name === 'finishing')
    log.warn(`the finish script of ${entry.name} did not end in time and is killed`, about);
  if (event.type === 'finished' && event.code === 125 && service !== before && willStayDown(service))
    reportKeptDown(entry, by);
  if (service.isFailing && !before.isFailing)
    log.warn(`${entry.name} is failing: it died ${FAILING.deaths} times within a minute`, about);
  if (service.state.name !== before.state.name) reportChange(entry, before, by);
  else if (isLate(service) && !isLate(before))
    log.warn(
      `${entry.name} is not ready in time: ${entry.illness ?? 'it did not say so'}; it goes on`,
      about,
    );
}

/** What was to follow on its death was said before anybody knew this. */
function reportKeptDown(entry: Entry, { around }: Reporter): void {
  const { name, death } = entry;
  const why = 'its finish script asked for it (exit code 125)';
  if (death !== undefined) entry.death = { ...death, next: `it stays down: ${why}` };
  around.log.info(`${name} stays down: ${why}`, { service: name });
}

function reportChange(entry: Entry, before: Service, by: Reporter): void {
  const { service, name } = entry;
  const { log } = by.around;
  const about = { service: name };
  switch (service.state.name) {
    case 'starting':
      return log.info(`${name} starts`, { ...about, spawn: service.spawn > 1 ? service.spawn : undefined });
    case 'up':
      if (service.policy.readyTimeoutMs === undefined || before.state.name !== 'starting') return;
      return log.info(`${name} is ready`, {
        ...about,
        ms: Math.round(entry.sinceMs - before.state.startedMs),
      });
    case 'killing':
      by.onKilled(name);
      return log.warn(`${name} did not stop in time and is killed`, about);
    case 'down':
      return reportEnd(entry, by);
    case 'failed':
      if (entry.blockedBy !== undefined)
        log.warn(`${name} has failed: it requires ${entry.blockedBy}, which will not come`, about);
      return reportEnd(entry, by);
  }
}

function reportIllness(entry: Entry, { around }: Reporter): void {
  const { name, service, illness = 'its probe fails' } = entry;
  const next = renderNext(service);
  const end = `was unhealthy: ${entry.symptom ?? 'its probe fails'}`;
  entry.death = { end, cause: `was unhealthy: ${illness}`, remarks: [], next };
  around.log.warn(`${name} is unhealthy and is stopped: ${illness}; ${next}`, { service: name });
}

function reportExit(entry: Entry, before: Service, { exit, by }: { exit: Exit; by: Reporter }): void {
  const { service, name } = entry;
  const { around } = by;
  const { log } = around;
  const wasAsked = before.state.name === 'stopping' || before.state.name === 'killing';
  const tail = log.history.tail(name, entry.mark, LAST_CHARACTERS);
  if (wasAsked) {
    entry.autopsy = examine(entry, { exit, tail, hint: undefined, memory: undefined });
    return log.info(`${name} stopped: it ${renderExit(exit)}`, { service: name, ...fieldsOf(exit) });
  }
  const [program = ''] = entry.planned.definition.command;
  const hint = explainNotFound(exit, program, environmentOf(entry.planned, around));
  const memory = by.memory.look(exit);
  entry.death = makeDeath({ service, exit, tail, hint, memory });
  entry.autopsy = examine(entry, { exit, tail, hint, memory });
  const explanation = renderDeath(name, entry.death);
  const about = { service: name, ...fieldsOf(exit) };
  if (service.state.name === 'sweeping' && service.state.next.state === 'down') log.info(explanation, about);
  else log.warn(explanation, about);
}

function examine(
  { startedMs }: Entry,
  { tail, ...found }: Omit<Autopsy, 'livedMs' | 'lines'> & { readonly tail: string },
): Autopsy {
  const nowMs = readClockMs();
  const lines = tail
    .split('\n')
    .map(line => line.trimEnd())
    .filter(line => line !== '');
  return { ...found, livedMs: nowMs - (startedMs ?? nowMs), lines: lines.slice(-LAST_LINES) };
}

/** An end that an operator asked for is nobody's failure. */
function reportEnd(entry: Entry, { entries, onFinalEnd }: Reporter): void {
  const { service, name } = entry;
  const { state } = service;
  if (!service.mayStart || (state.name === 'down' && state.why === 'asked')) return;
  onFinalEnd(name, makeFinalEnd(entry, entries));
}

/** It is down, or will be once what `kill: group` had spared is gone as well. */
function willStayDown({ state }: Service): boolean {
  return state.name === 'down'
    ? state.why !== 'asked'
    : state.name === 'sweeping' && state.next.by === 'finish';
}
