import type { BootRecord, Span } from './record.ts';

/** A part of the way that decided how long the boot took. */
export interface Link {
  readonly kind: Span['kind'];
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  /** It goes on: the boot waits for it. */
  readonly isOpen: boolean;
  /** Of a service: how often it was started until it was ready. */
  readonly starts?: number | undefined;
}

/** The step that sets what services wait for under another name. */
const STEP_OF: Readonly<Record<string, string>> = { 'the password': 'password' };

/**
 * From the first stage to what became ready last, in the order of time: each link began because the one before it had
 * ended. Backwards: what a service waited for last, else the last stage, step or script before it. Pure, and ends
 * whatever a record says.
 */
export function makeCriticalPath(record: BootRecord): Link[] {
  const links: Link[] = [];
  const passed = new Set<Span>();
  let cause = findLast(record);
  while (cause !== undefined && !passed.has(cause.span)) {
    const { span, isWhole } = cause;
    passed.add(span);
    // A wait takes no time of its own: what it waited for does.
    if (isWhole && span.kind !== 'wait') links.unshift(makeLink(span, record));
    cause = findCause(span, record);
  }
  return links;
}

interface Cause {
  readonly span: Span;
  /** Its end was waited for, not only its start. */
  readonly isWhole: boolean;
}

function makeLink(span: Span, record: BootRecord): Link {
  const { kind, name, startMs, starts } = span;
  return {
    kind,
    name,
    startMs,
    endMs: endOf(span, record),
    isOpen: span.endMs === undefined,
    ...(starts === undefined ? {} : { starts }),
  };
}

function endOf({ endMs }: Span, { tookMs }: BootRecord): number {
  return endMs ?? tookMs;
}

/** What the boot has waited for longest: of several that still go on, the one that began first. */
function findLast(record: BootRecord): Cause | undefined {
  const awaited = record.spans.filter(({ kind }) => kind === 'service' || kind === 'wait');
  const [span] = (awaited.length > 0 ? awaited : record.spans.filter(isInRow)).toSorted(
    (one, other) =>
      endOf(other, record) - endOf(one, record) ||
      Number(one.kind === 'wait') - Number(other.kind === 'wait') ||
      one.startMs - other.startMs,
  );
  return span && { span, isWhole: true };
}

/** Stages, steps and scripts that nothing of the boot goes on beside. */
function isInRow({ kind, isBeside }: Span): boolean {
  return !isBeside && kind !== 'service' && kind !== 'wait';
}

/** What had to come before it could begin. */
function findCause(span: Span, record: BootRecord): Cause | undefined {
  const wait = span.kind === 'wait' ? span : findWait(span, record);
  const release = wait === undefined ? undefined : findRelease(wait, record);
  return release ?? findBefore(wait?.startMs ?? span.startMs, record);
}

function findWait({ kind, name, startMs }: Span, { spans }: BootRecord): Span | undefined {
  if (kind !== 'service') return undefined;
  return spans.findLast(span => span.kind === 'wait' && span.name === name && span.startMs <= startMs);
}

interface Release extends Cause {
  readonly atMs: number;
}

/** The last of what it waited for. */
function findRelease(wait: Span, record: BootRecord): Release | undefined {
  const untilMs = endOf(wait, record);
  const releases = (wait.waitedFor ?? []).flatMap(name => findMoment(name, untilMs, record) ?? []);
  const [last] = releases.toSorted((one, other) => other.atMs - one.atMs);
  return last !== undefined && last.atMs >= wait.startMs ? last : undefined;
}

function findMoment(name: string, untilMs: number, record: BootRecord): Release | undefined {
  const step = STEP_OF[name] ?? name;
  const span =
    record.spans.find(other => other.kind === 'service' && other.name === name) ??
    record.spans.findLast(other => other.kind === 'step' && other.name === step) ??
    record.spans.find(other => other.kind === 'wait' && other.name === name);
  if (span === undefined) return undefined;
  const endMs = endOf(span, record);
  if (endMs <= untilMs) return { span, atMs: endMs, isWhole: true };
  return span.startMs <= untilMs ? { span, atMs: span.startMs, isWhole: false } : undefined;
}

function findBefore(ms: number, record: BootRecord): Cause | undefined {
  const before = record.spans.filter(span => isInRow(span) && endOf(span, record) <= ms);
  const [span] = before.toSorted((one, other) => endOf(other, record) - endOf(one, record));
  return span && { span, isWhole: true };
}
