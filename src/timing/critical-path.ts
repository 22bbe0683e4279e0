import type { BootRecord, Span } from './record.ts';

/** A part of the way that decided how long the boot took. */
export interface Link {
  readonly kind: Span['kind'];
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  /** It goes on. */
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
  const places = placeSpans(record);
  let cause = findLast(record);
  while (cause !== undefined && !passed.has(cause.span)) {
    const { span, isWhole } = cause;
    passed.add(span);
    // A wait takes no time of its own: what it waited for does.
    if (isWhole && span.kind !== 'wait') links.push(makeLink(span, record));
    cause = findCause(span, places);
  }
  return links.reverse();
}

/** Where to look for spans: a record may hold thousands, and each link of the path asks anew. */
interface Places {
  readonly record: BootRecord;
  /** By kind and name, in their order. */
  readonly byName: ReadonlyMap<string, readonly Span[]>;
  /** Stages, steps and scripts in a row by their ends; of several that end at once, the first comes last. */
  readonly inRow: readonly Span[];
}

function placeSpans(record: BootRecord): Places {
  const { spans } = record;
  return {
    record,
    byName: Map.groupBy(spans, ({ kind, name }) => keyOf(kind, name)),
    inRow: spans
      .filter(isInRow)
      .reverse()
      .sort((one, other) => endOf(one, record) - endOf(other, record)),
  };
}

function keyOf(kind: Span['kind'], name: string): string {
  return `${kind} ${name}`;
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

/** The boot waits for nobody's end who will not be ready soon. */
function endOf({ endMs, givenUpMs }: Span, { tookMs }: BootRecord): number {
  return endMs ?? givenUpMs ?? tookMs;
}

/** What the boot has waited for longest: of several that still go on, the one that began first. */
function findLast(record: BootRecord): Cause | undefined {
  const services = record.spans.filter(({ kind }) => kind === 'service');
  // Whoever waits in vain holds up nobody: it was those others that the boot waited for, as long as there was hope.
  const isInVain = ({ endMs }: Span) => endMs === undefined && record.outcome === 'incomplete';
  const waits = record.spans.filter(span => span.kind === 'wait' && !(services.length > 0 && isInVain(span)));
  const awaited = [...services, ...waits];
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
function findCause(span: Span, places: Places): Cause | undefined {
  const wait = span.kind === 'wait' ? span : findWait(span, places);
  const release = wait === undefined ? undefined : findRelease(wait, places);
  return release ?? findBefore(wait?.startMs ?? span.startMs, places);
}

function findWait({ kind, name, startMs }: Span, { byName }: Places): Span | undefined {
  if (kind !== 'service') return undefined;
  return byName.get(keyOf('wait', name))?.findLast(wait => wait.startMs <= startMs);
}

interface Release extends Cause {
  readonly atMs: number;
}

/** The last of what it waited for. */
function findRelease(wait: Span, places: Places): Release | undefined {
  const untilMs = endOf(wait, places.record);
  const releases = (wait.waitedFor ?? []).flatMap(name => findMoment(name, untilMs, places) ?? []);
  const [last] = releases.toSorted((one, other) => other.atMs - one.atMs);
  return last !== undefined && last.atMs >= wait.startMs ? last : undefined;
}

function findMoment(name: string, untilMs: number, { record, byName }: Places): Release | undefined {
  const step = STEP_OF[name] ?? name;
  const span =
    byName.get(keyOf('service', name))?.[0] ??
    byName.get(keyOf('step', step))?.at(-1) ??
    byName.get(keyOf('wait', name))?.[0];
  if (span === undefined) return undefined;
  const endMs = endOf(span, record);
  if (endMs <= untilMs) return { span, atMs: endMs, isWhole: true };
  return span.startMs <= untilMs ? { span, atMs: span.startMs, isWhole: false } : undefined;
}

function findBefore(ms: number, { record, inRow }: Places): Cause | undefined {
  let [low, high] = [0, inRow.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const span = inRow[middle];
    if (span !== undefined && endOf(span, record) <= ms) low = middle + 1;
    else high = middle;
  }
  const span = inRow[low - 1];
  return span && { span, isWhole: true };
}
