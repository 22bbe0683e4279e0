import { readClockMs } from '../clock.ts';
import { renderTime } from '../durations.ts';
import type { LastWords, Particulars } from '../errors.ts';
import { exitCodeOf, renderExit } from '../processes/exit.ts';
import { signalNumber } from '../processes/signals.ts';
import type { Entries, Entry } from './entry.ts';
import { renderCommand, renderOthers, renderShortage } from './explain.ts';
import { isForGood } from './restarts.ts';
import { hasFailed, isKeptDown, isResting, type Service } from './states.ts';

/** A service that has ended for good by itself, not because somebody asked. */
export interface FinalEnd {
  /** What the container would end with. */
  readonly code: number;
  /** "web exited with code 3": nothing that a program said. */
  readonly explanation: string;
  readonly particulars: Particulars;
  /** As `particulars`, of all services that have failed, where this is the last one. */
  readonly allParticulars: Particulars;
  /** Spelled out in its service.json. */
  readonly isCritical: boolean;
  /** It has failed and there is no other: then it counts as critical where there is no CMD. */
  readonly isOnly: boolean;
  readonly isAnyFailed: boolean;
  readonly isAnyLeft: boolean;
}

/** Of so many failed services it is told why. */
const MOST_FAILED = 5;

export function makeFinalEnd(entry: Entry, entries: Entries): FinalEnd {
  const { service, name } = entry;
  const all = [...entries.values()];
  const failed = all.filter(other => hasFailed(other.service));
  return {
    code: codeOf(service),
    explanation: entry.blockedBy === undefined ? `${name} ${renderHow(entry)}` : explainBlock(entry, entries),
    particulars: makeParticulars(findRoot(entry, entries), entry.blockedBy === undefined),
    allParticulars: joinParticulars(failed.slice(0, MOST_FAILED)),
    isCritical: service.policy.critical,
    isOnly: entries.size === 1 && hasFailed(service),
    isAnyFailed: failed.length > 0,
    isAnyLeft: all.some(other => !isResting(other.service)),
  };
}

/** Whoever failed never ends with 0, although what had to be stopped as unhealthy may have said so. */
function codeOf(service: Service): number {
  if (!hasFailed(service)) return 0;
  return (service.lastExit === undefined ? 0 : exitCodeOf(service.lastExit)) || 1;
}

/** "exited with code 3", "was unhealthy: connection refused". */
function renderHow({ service, death }: Entry): string {
  if (death !== undefined) return death.end;
  return service.lastExit === undefined ? 'never ran' : renderExit(service.lastExit);
}

/** "it requires db, which requires disk, which exited with code 3". */
function explainBlock(entry: Entry, entries: Entries): string {
  const way = followBlock(entry, entries);
  const root = way.at(-1) ?? entry;
  return `it requires ${way.map(({ name }) => name).join(', which requires ')}, which ${renderHow(root)}`;
}

/** Whom it requires that will not come, and so on, down to the one that has only itself to blame. */
function followBlock(entry: Entry, entries: Entries): Entry[] {
  const way: Entry[] = [];
  for (let next = entries.get(entry.blockedBy ?? ''); next !== undefined && !way.includes(next); ) {
    way.push(next);
    next = entries.get(next.blockedBy ?? '');
  }
  return way;
}

function findRoot(entry: Entry, entries: Entries): Entry {
  return followBlock(entry, entries).at(-1) ?? entry;
}

function makeParticulars(entry: Entry, isIts: boolean): Particulars {
  return {
    facts: [...describeCause(entry), describeRun(entry), ...describeLives(entry)].map(fact =>
      isIts ? fact : `${entry.name}: ${fact}`,
    ),
    lastWords: wordsOf(entry, isIts),
    advice: advise(entry),
  };
}

function joinParticulars(failed: readonly Entry[]): Particulars {
  const roots = failed.filter(({ blockedBy }) => blockedBy === undefined);
  return {
    facts: roots.flatMap(entry => [
      [`${entry.name} ${renderHow(entry)}`, describeRun(entry), ...describeLives(entry)].join('; '),
      ...describeCause(entry).map(fact => `${entry.name}: ${fact}`),
    ]),
    lastWords: roots.flatMap(entry => wordsOf(entry, false)),
    advice: roots[0] === undefined ? undefined : advise(roots[0]),
  };
}

function describeRun({ planned }: Entry): string {
  const { command, origin } = planned.definition;
  const whose = origin === 'shipped' ? ', a service that Lintel ships' : '';
  return `its command is ${renderCommand(command)}, run as ${planned.user.name} (uid ${planned.user.uid})${whose}`;
}

function describeLives({ service, autopsy, firstMs }: Entry): string[] {
  if (autopsy === undefined || firstMs === undefined) return [];
  const { spawn } = service;
  const isBorn = !('error' in autopsy.exit);
  const last = isBorn ? `ran for ${renderTime(autopsy.livedMs)}` : 'never ran';
  const lives =
    spawn === 1
      ? last
      : `was started ${spawn} times within ${renderTime(readClockMs() - firstMs)}${isBorn ? `, and ${last} the last time` : ''}`;
  return [`it ${lives}; ${explainRest(service)}`];
}

/** Why nobody starts it again. */
function explainRest(service: Service): string {
  const { state, policy, lastExit } = service;
  const { restart, maxRestarts } = policy;
  if (isForGood(lastExit)) return 'another attempt would find the same';
  if (isKeptDown(service)) return 'its finish script asked to keep it down (125)';
  if (restart === 'never') return 'its service.json has "restart": "never"';
  if (state.name === 'failed' && maxRestarts !== undefined)
    return `its maxRestarts allows ${renderRestarts(maxRestarts.count)} within ${renderTime(maxRestarts.windowMs)}`;
  return 'it is not started again after an end like this';
}

function renderRestarts(count: number): string {
  if (count === 0) return 'no restart';
  return count === 1 ? '1 restart' : `${count} restarts`;
}

function describeCause({ service, autopsy, illness }: Entry): string[] {
  if (autopsy === undefined) return [];
  const { hint, memory, exit } = autopsy;
  const isSignal = 'signal' in exit;
  return [
    ...(hint === undefined ? [] : [hint]),
    ...(service.isIll && illness !== undefined ? [`its probe said: ${illness}`] : []),
    ...(memory !== undefined && !(isSignal && exit.signal === 'SIGKILL') ? [renderOthers(memory)] : []),
    ...(isSignal ? [renderSignalCode(exit.signal)] : []),
  ];
}

/** "137 is 128 + 9, the number of SIGKILL". */
export function renderSignalCode(signal: NodeJS.Signals): string {
  const number = signalNumber(signal);
  return `${128 + number} is 128 + ${number}, the number of ${signal}`;
}

function wordsOf({ name, autopsy }: Entry, isIts: boolean): LastWords[] {
  return [{ whose: isIts ? 'its' : `${name}’s`, lines: autopsy?.lines ?? [] }];
}

function advise({ name, autopsy, service }: Entry): string {
  if (autopsy?.memory !== undefined) return renderShortage(autopsy.memory);
  if (service.isIll)
    return `find out why ${name} does not answer, or whether its health probe asks the right question`;
  if (autopsy !== undefined && 'error' in autopsy.exit)
    return `mend the command of ${name}, or what it needs, in the image`;
  if (autopsy === undefined || autopsy.lines.length === 0)
    return `run the command of ${name} by hand in the image, since it said nothing before its end`;
  return `mend what the last lines of ${name} tell`;
}
