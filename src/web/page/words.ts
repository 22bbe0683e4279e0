import { isInTrouble, renderCount, type Word, wordOf } from '../../control/standing.ts';
import { renderSpell } from '../../durations.ts';
import { unreachable } from '../../errors.ts';
import type { ServiceView, View } from '../view.ts';

/** How it looks: of two things, which one to look at first. */
export type Tone = 'bad' | 'warn' | 'busy' | 'wait' | 'good' | 'off';

/** One line of the list of services. */
export interface ServiceLine {
  readonly name: string;
  readonly description: string;
  readonly tone: Tone;
  /** Its state in a word or two. */
  readonly word: string;
  /** Time in that state; undefined for one that has not begun, and where it is not known. */
  readonly forMs: number | undefined;
  /** Why it is not as it should be, and what happens next. */
  readonly why: readonly string[];
}

export interface Headline {
  readonly tone: Tone;
  readonly title: string;
  /** The title in a word or two, for the browser's tab. */
  readonly brief: string;
  readonly detail: string;
}

const RANKS: Readonly<Record<Tone, number>> = { bad: 0, warn: 1, busy: 2, wait: 3, good: 4, off: 5 };

/** Troubles first, what is down last; else in the order of the image. */
export function listServices(view: View, passedMs: number): ServiceLine[] {
  const lines =
    view.stage.name === 'booting' && view.services.length === 0
      ? view.planned.services.map(makePlannedLine)
      : view.services.map(service => makeLine(service, passedMs));
  return lines.sort((one, other) => RANKS[one.tone] - RANKS[other.tone]);
}

function makePlannedLine({ name, description }: View['planned']['services'][number]): ServiceLine {
  return { name, description, tone: 'wait', word: 'not started yet', forMs: undefined, why: [] };
}

function makeLine(service: ServiceView, passedMs: number): ServiceLine {
  const { name, description, forMs, isFailing, isIll } = service;
  // Since when it is failing or unhealthy nobody knows: only since when it is in its state.
  const spentMs = isFailing || isIll ? undefined : forMs + passedMs;
  const word = wordOf(service);
  const tone = service.isKeptDown ? 'bad' : TONES[word];
  return { name, description, tone, word, forMs: spentMs, why: explain(service, passedMs) };
}

const TONES: Readonly<Record<Word, Tone>> = {
  failed: 'bad',
  failing: 'bad',
  unhealthy: 'bad',
  late: 'warn',
  restarting: 'warn',
  starting: 'busy',
  stopping: 'busy',
  waiting: 'wait',
  ready: 'good',
  down: 'off',
};

function explain(service: ServiceView, passedMs: number): string[] {
  const { symptom, lastEnd, waitsFor } = service;
  const word = wordOf(service);
  switch (word) {
    case 'failed':
      return known(lastEnd, 'it stays down');
    case 'failing':
    case 'restarting':
      return known(lastEnd, renderRestart(service, passedMs));
    case 'unhealthy':
      return known(symptom);
    case 'late':
      return known(symptom, 'it was to be ready by now');
    case 'ready':
      return known(renderRestarts(service));
    case 'starting':
      return known(symptom, renderRestarts(service));
    case 'waiting':
      return known(waitsFor.length === 0 ? undefined : `waits for ${joinNames(waitsFor)}`);
    case 'down':
      return known(lastEnd, service.isKeptDown ? 'its finish script keeps it down' : undefined);
    case 'stopping':
      return [];
    default:
      return unreachable(word);
  }
}

function known(...parts: readonly (string | undefined)[]): string[] {
  return parts.filter(part => part !== undefined);
}

function renderRestart({ restartsInMs }: ServiceView, passedMs: number): string | undefined {
  if (restartsInMs === undefined) return undefined;
  const leftMs = restartsInMs - passedMs;
  return leftMs < 1000 ? 'starts again now' : `starts again in ${renderSpell(leftMs)}`;
}

function renderRestarts({ restarts, lastEnd }: ServiceView): string | undefined {
  if (restarts === 0) return undefined;
  const often = restarts === 1 ? 'once' : `${restarts} times`;
  return `was started again ${often}${lastEnd === undefined ? '' : `; before, it ${lastEnd}`}`;
}

/** "a", "a and b", "a, b and c" */
export function joinNames(names: readonly string[]): string {
  return [names.slice(0, -1).join(', '), ...names.slice(-1)].filter(part => part !== '').join(' and ');
}

/** The sentence above everything, which title and icon of the page repeat. */
export function makeHeadline(view: View, passedMs: number): Headline {
  const lines = listServices(view, passedMs);
  const { stage } = view;
  if (stage.name === 'stopping') return makeTitle('off', 'stopping', renderStop(view));
  if (stage.name === 'booting') return makeTitle('busy', 'booting', renderNow(view, passedMs));
  const inTrouble = new Set(view.services.filter(isInTrouble).map(({ name }) => name));
  const troubles = lines.filter(({ name }) => inTrouble.has(name));
  const count = renderCount(view.services);
  const detail = troubles.length === 0 ? capitalise(count) : [...renderTroubles(troubles), count].join('; ');
  const worst = troubles[0]?.tone;
  if (view.isReady && view.isHealthy && worst !== 'bad') return makeTitle('good', 'ready', detail);
  if (worst !== undefined) return makeTitle(worst, 'incomplete', detail);
  if (view.boot.outcome === 'booting') return makeTitle('busy', 'booting', detail);
  return { tone: 'busy', title: 'Not all is ready', brief: 'Not all is ready', detail };
}

function capitalise(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

function makeTitle(tone: Tone, word: string, detail: string): Headline {
  return { tone, title: `The workbench is ${word}`, brief: word, detail };
}

/** Of an end later on strangers are not told why: the reason may hold the value of a setting. */
function renderStop({ boot }: View): string {
  const isEarly = boot.outcome === 'failed' || boot.outcome === 'stopped';
  return isEarly && boot.reason !== undefined ? boot.reason : 'What runs there is ended in order';
}

const MOST_TROUBLES = 3;

/** "jupyter is failing", "mlflow is late". */
function renderTroubles(troubles: readonly ServiceLine[]): string[] {
  const more = troubles.length - MOST_TROUBLES;
  return [
    ...troubles
      .slice(0, MOST_TROUBLES)
      .map(({ name, word }) => `${name} ${word === 'failed' ? 'has' : 'is'} ${word}`),
    ...(more > 0 ? [`${more} more have trouble`] : []),
  ];
}

/** What a boot is doing: "Script 20-fetch has run for 12 s (2 of 5)". */
function renderNow({ stage, boot, planned }: View, passedMs: number): string {
  const script = stage.name === 'booting' ? stage.script : undefined;
  const going = boot.spans.findLast(({ endMs, isBeside }) => endMs === undefined && !isBeside);
  const name = script ?? going?.name;
  if (name === undefined) return 'Its services start in a moment';
  const forMs = going === undefined ? undefined : boot.tookMs + passedMs - going.startMs;
  const since = forMs === undefined || forMs < 1000 ? 'runs' : `has run for ${renderSpell(forMs)}`;
  const number = script === undefined ? 0 : planned.scripts.indexOf(script) + 1;
  const which = number === 0 ? '' : ` (${number} of ${planned.scripts.length})`;
  return `${script === undefined ? 'Step' : 'Script'} ${name} ${since}${which}`;
}

const MOST_CHANGES = 5;

/** What a screen reader says of a change: the headline, and services that came into another state. */
export function listChanges(before: View | undefined, after: View): string[] {
  const [old, now] = [before === undefined ? undefined : makeHeadline(before, 0), makeHeadline(after, 0)];
  if (before === undefined) return [`${now.title}.`, `${now.detail}.`];
  const words = new Map(listServices(before, 0).map(({ name, word }) => [name, word]));
  const changed = listServices(after, 0).filter(({ name, word }) => words.get(name) !== word);
  const more = changed.length - MOST_CHANGES;
  return [
    ...(old?.title === now.title ? [] : [`${now.title}.`]),
    ...changed
      .slice(0, MOST_CHANGES)
      .map(({ name, word, why }) => `${[`${name}: ${word}`, ...why].join(', ')}.`),
    ...(more > 0 ? [`${more} more have changed.`] : []),
  ];
}
