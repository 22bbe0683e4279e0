import { unreachable } from '../errors.ts';
import { type Link, makeCriticalPath } from './critical-path.ts';
import type { BootRecord } from './record.ts';
import { labelOf } from './waterfall.ts';

/** What takes a smaller share of the boot is not named where a few words have to do. */
const LEAST_SHARE = 0.1;
const LEAST_MS = 5;
const MOST_PARTS = 4;
const MOST_REDUCED = 3;

/**
 * How the boot went, in one line: "ready after 2.1 s: 1.6 s jupyter, 0.30 s xvfb, 0.05 s before services". Names in it
 * are as images wrote them: whoever shows it escapes it.
 */
export function renderSentence(record: BootRecord): string {
  return `${renderOutcome(record)}${renderReduced(record.reduced)}`;
}

function renderOutcome(record: BootRecord): string {
  const { outcome, tookMs, reason } = record;
  const took = renderSeconds(tookMs);
  const path = renderPath(record);
  const tail = path === '' ? '' : `: ${path}`;
  switch (outcome) {
    case 'ready':
      return `ready after ${took}${tail}`;
    case 'incomplete':
      return `booted after ${took} without ${reason ?? 'all that should be ready'}${tail}`;
    case 'failed':
      return `the boot failed after ${took}: ${reason ?? 'nothing came to run'}`;
    case 'stopped':
      return `the boot was stopped after ${took}: ${reason ?? 'a stop was asked for'}`;
    case 'booting':
      return `still booting for ${renderSeconds(roundDown(tookMs))}${renderAwaited(record)}`;
    default:
      return unreachable(outcome);
  }
}

/** "2.1 s", "0.05 s", "12 s". */
export function renderSeconds(ms: number): string {
  const seconds = ms / 1000;
  return `${seconds.toFixed(seconds < 0.995 ? 2 : seconds < 9.95 ? 1 : 0)} s`;
}

/** To what will be shown of it: of what goes on nobody says more than has passed, as the status page's "Up 3 s" does. */
function roundDown(ms: number): number {
  const unitMs = ms < 1000 ? 10 : ms < 10_000 ? 100 : 1000;
  return Math.floor(ms / unitMs) * unitMs;
}

interface Part {
  readonly name: string;
  readonly tookMs: number;
}

/** The critical path, its longest part first. */
function renderPath(record: BootRecord): string {
  const path = makeCriticalPath(record);
  const first = path.find(({ kind }) => kind === 'service');
  if (first === undefined) return renderParts(path.map(makePart).filter(({ tookMs }) => tookMs >= LEAST_MS));
  const leastMs = Math.max(LEAST_MS, record.tookMs * LEAST_SHARE);
  const named = path.filter(
    ({ kind, startMs, endMs }) => kind === 'service' || (kind !== 'stage' && endMs - startMs >= leastMs),
  );
  const earlier = named.filter(({ startMs }) => startMs < first.startMs);
  const before = { name: 'before services', tookMs: first.startMs - sum(earlier.map(makePart)) };
  const parts = renderParts(named.map(makePart));
  return before.tookMs >= LEAST_MS ? `${parts}, ${renderPart(before)}` : parts;
}

function makePart(link: Link): Part {
  const starts = (link.starts ?? 1) > 1 ? ` (${link.starts} starts)` : '';
  return { name: `${labelOf(link)}${starts}`, tookMs: link.endMs - link.startMs };
}

function sum(parts: readonly Part[]): number {
  return parts.reduce((total, { tookMs }) => total + tookMs, 0);
}

function renderParts(parts: readonly Part[]): string {
  const sorted = parts.toSorted((one, other) => other.tookMs - one.tookMs);
  const rest = sorted.slice(MOST_PARTS);
  const others = { name: `in ${rest.length} others`, tookMs: sum(rest) };
  return [...sorted.slice(0, MOST_PARTS), ...(rest.length === 0 ? [] : [others])].map(renderPart).join(', ');
}

function renderPart({ name, tookMs }: Part): string {
  return `${renderSeconds(tookMs)} ${name}`;
}

/** Whoever goes on and may be ready soon: of services that wait for others only these others. */
function renderAwaited({ spans }: BootRecord): string {
  const open = spans.filter(
    ({ endMs, givenUpMs, kind }) => endMs === undefined && givenUpMs === undefined && kind !== 'wait',
  );
  const names = open.map(labelOf);
  if (names.length === 0) return '';
  const more = names.length > MOST_PARTS ? ` and ${names.length - MOST_PARTS} more` : '';
  return `: waits for ${names.slice(0, MOST_PARTS).join(', ')}${more}`;
}

/** "; reduced: 2 (no home to write to; PIP_REPOSITORY)". */
function renderReduced(reduced: readonly string[]): string {
  if (reduced.length === 0) return '';
  const more = reduced.length > MOST_REDUCED ? '; …' : '';
  return `; reduced: ${reduced.length} (${reduced.slice(0, MOST_REDUCED).join('; ')}${more})`;
}
