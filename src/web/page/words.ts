import { renderSpell } from '../../durations.ts';
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

type Judged = Pick<ServiceLine, 'tone' | 'word' | 'why'>;

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
  return { name, description, forMs: spentMs, ...judge(service, passedMs) };
}

function judge(service: ServiceView, passedMs: number): Judged {
  const { state, symptom, lastEnd, waitsFor } = service;
  const again = renderRestart(service, passedMs);
  if (state === 'failed') return { tone: 'bad', word: 'failed', why: known(lastEnd, 'it stays down') };
  if (service.isFailing) return { tone: 'bad', word: 'failing', why: known(lastEnd, again) };
  if (service.isIll) return { tone: 'bad', word: 'unhealthy', why: known(symptom) };
  if (service.isLate) return { tone: 'warn', word: 'late', why: known(symptom, 'it was to be ready by now') };
  switch (state) {
    case 'up':
      return { tone: 'good', word: 'ready', why: known(renderRestarts(service)) };
    case 'starting':
      return { tone: 'busy', word: 'starting', why: known(symptom, renderRestarts(service)) };
    case 'waiting':
      return {
        tone: 'wait',
        word: 'waiting',
        why: known(waitsFor.length === 0 ? undefined : `waits for ${joinNames(waitsFor)}`),
      };
    case 'backoff':
      return { tone: 'warn', word: 'restarting', why: known(lastEnd, again) };
    case 'down':
      if (service.isKeptDown)
        return { tone: 'bad', word: 'down', why: known(lastEnd, 'its finish script keeps it down') };
      return { tone: 'off', word: 'down', why: known(lastEnd) };
    default:
      return { tone: 'busy', word: 'stopping', why: [] };
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
  const troubles = lines.filter(({ tone }) => tone === 'bad' || tone === 'warn');
  const count = [...renderTroubles(troubles), renderCount(lines)].join('; ');
  const worst = lines[0]?.tone ?? 'good';
  if (view.isReady && view.isHealthy && worst !== 'bad') return makeTitle('good', 'ready', count);
  if (worst === 'bad' || worst === 'warn') return makeTitle(worst, 'incomplete', count);
  if (view.boot.outcome === 'booting') return makeTitle('busy', 'booting', count);
  return { tone: 'busy', title: 'Not all is ready', brief: 'Not all is ready', detail: count };
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

/** "3 of 4 services are ready"; what is down wants to be. */
function renderCount(lines: readonly ServiceLine[]): string {
  const wanted = lines.filter(({ tone }) => tone !== 'off');
  const ready = wanted.filter(({ tone }) => tone === 'good');
  if (wanted.length === 0) return 'No service is to run';
  if (wanted.length === 1) return `Its service is ${ready.length === 1 ? 'ready' : 'not ready yet'}`;
  if (ready.length === wanted.length) return `All ${wanted.length} services are ready`;
  return `${ready.length} of ${wanted.length} services are ready`;
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
