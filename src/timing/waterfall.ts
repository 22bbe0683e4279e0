import { makeCriticalPath } from './critical-path.ts';
import type { BootRecord, Span } from './record.ts';

/** A boot as a picture: one row for each stage, step and script, and one for each service with its wait. */
export interface Waterfall {
  /** What the fractions are of. */
  readonly totalMs: number;
  readonly rows: readonly Row[];
}

export interface Row {
  readonly kind: Span['kind'];
  /** As people are told of it: "script 10-fetch", "jupyter". */
  readonly label: string;
  /** Of the bar: fractions of the whole, from 0 to 1. */
  readonly start: number;
  readonly length: number;
  /** The same of its wait, which ends where the bar begins. */
  readonly wait: { readonly start: number; readonly length: number } | undefined;
  readonly startMs: number;
  readonly tookMs: number;
  /** Others went on meanwhile. */
  readonly isBeside: boolean;
  readonly isFailed: boolean;
  /** It has no end: it goes on, or nobody waits for it any more. */
  readonly isOpen: boolean;
  /** Without it the boot would have been shorter. */
  readonly isCritical: boolean;
  /** "waited for xvfb; 3 starts; not ready"; empty for nothing. */
  readonly note: string;
}

/** What took less is not worth a row, but for services. Milliseconds. */
const LEAST_MS = 0.5;
/** A share of the whole. */
const LEAST_WAIT = 0.005;

/** Pure: for the terminal, the drawing and the status page. In the order of time. */
export function makeWaterfall(record: BootRecord): Waterfall {
  const { spans, tookMs } = record;
  const totalMs = spans.reduce(
    (most, { startMs, endMs = 0 }) => Math.max(most, startMs, endMs),
    Math.max(tookMs, 1),
  );
  const critical = new Set(makeCriticalPath(record).map(renderKey));
  const started = new Set(spans.filter(({ kind }) => kind === 'service').map(({ name }) => name));
  const waits = new Map(
    spans
      .filter(({ kind }) => kind === 'wait')
      .map(span => [span.name, span] as const)
      .reverse(),
  );
  const rows = spans
    .filter(span => isWorthARow(span, started))
    .map(span => {
      const wait = span.kind === 'service' ? waits.get(span.name) : undefined;
      const isCritical = critical.has(renderKey(span));
      return makeRow(span, {
        record,
        totalMs,
        isCritical,
        wait: isSeen(wait, span, totalMs) ? wait : undefined,
      });
    })
    .toSorted((one, other) => one.start - other.start);
  return { totalMs, rows };
}

function renderKey({ kind, name, startMs }: Pick<Span, 'kind' | 'name' | 'startMs'>): string {
  return JSON.stringify([kind, name, startMs]);
}

/** A wait of a service that was started is part of that one's row. */
function isWorthARow({ kind, name, startMs, endMs }: Span, started: ReadonlySet<string>): boolean {
  if (kind === 'wait') return !started.has(name);
  return kind === 'service' || endMs === undefined || endMs - startMs >= LEAST_MS;
}

function makeRow(
  span: Span,
  given: {
    readonly record: BootRecord;
    readonly totalMs: number;
    readonly isCritical: boolean;
    readonly wait: Span | undefined;
  },
): Row {
  const { record, totalMs, isCritical, wait } = given;
  const { kind, startMs, isBeside, isFailed } = span;
  const tookMs = Math.max(0, (span.endMs ?? record.tookMs) - startMs);
  return {
    kind,
    label: labelOf(span),
    start: startMs / totalMs,
    length: tookMs / totalMs,
    wait: wait && {
      start: wait.startMs / totalMs,
      length: Math.max(0, startMs - wait.startMs) / totalMs,
    },
    startMs,
    tookMs,
    isBeside,
    isFailed,
    isOpen: span.endMs === undefined,
    isCritical,
    note: renderNote(span, wait, record),
  };
}

/** The wait of a service; what nobody could see of it is none. */
function isSeen(wait: Span | undefined, { startMs }: Span, totalMs: number): boolean {
  return wait !== undefined && startMs - wait.startMs >= totalMs * LEAST_WAIT;
}

/** Services, steps and stages go by their own name. */
export function labelOf({ kind, name }: Pick<Span, 'kind' | 'name'>): string {
  return kind === 'script' ? `script ${name}` : name;
}

function renderNote(span: Span, wait: Span | undefined, { outcome }: BootRecord): string {
  const { kind, isFailed, endMs, starts = 1, waitedFor = wait?.waitedFor ?? [] } = span;
  const isOpen = endMs === undefined;
  const waits = kind === 'wait' && isOpen ? 'waits for' : 'waited for';
  const notes = [
    waitedFor.length === 0 ? '' : `${waits} ${waitedFor.join(', ')}`,
    starts > 1 ? `${starts} starts` : '',
    isFailed ? (isOpen ? 'not ready' : 'failed') : '',
    isOpen && !isFailed && kind !== 'wait' ? (outcome === 'booting' ? 'goes on' : 'had not ended') : '',
  ];
  return notes.filter(note => note !== '').join('; ');
}
