import { readClockMs } from '../clock.ts';
import type { Span } from '../timing/record.ts';

/** Writes down where the time of a boot goes, up to its services. */
export interface Timeline {
  /** Milliseconds since the process began; of a moment of the clock, or of now. */
  atMs(clockMs?: number): number;
  /** When the process began, in ISO 8601. */
  readonly beganAt: string;
  /** Something begins; returns the way to say that it has ended. */
  begin(kind: Span['kind'], name: string, options?: Partial<Span>): End;
  /** What has begun so far, in that order. */
  spans(): Span[];
  /** The script or step that the boot waits for, in words: "script 10-fetch", "step clone"; else one that goes on beside. */
  findAwaited(): string | undefined;
  /** From now on nothing is written down any more. */
  close(): void;
}

export type End = (how?: { readonly isFailed: boolean }) => void;

/** Nobody waits on purpose for as short a time. Milliseconds. */
const LEAST_WAIT_MS = 0.5;

export function makeTimeline(): Timeline {
  const uptimeMs = process.uptime() * 1000;
  const beganMs = readClockMs() - uptimeMs;
  const beganAt = new Date(Date.now() - uptimeMs).toISOString();
  const atMs = (clockMs = readClockMs()) => roundMs(clockMs - beganMs);
  let spans: Span[] = [{ kind: 'stage', name: 'node', startMs: 0, endMs: atMs(), ...PLAIN }];
  let isClosed = false;
  return {
    atMs,
    beganAt,
    begin(kind, name, options = {}) {
      if (isClosed) return () => undefined;
      const begun: Span = { kind, name, startMs: atMs(), ...PLAIN, ...options };
      spans.push(begun);
      return ({ isFailed } = { isFailed: false }) => {
        spans = spans.map(span => (span === begun ? { ...begun, endMs: atMs(), isFailed } : span));
      };
    },
    spans: () => spans.filter(span => span.kind !== 'wait' || isWorthIt(span, spans)),
    findAwaited() {
      const open = spans.filter(({ kind, endMs }) => kind in AWAITED && endMs === undefined);
      const found = open.findLast(({ isBeside }) => !isBeside) ?? open.at(-1);
      return found && `${found.kind} ${found.name}`;
    },
    close() {
      isClosed = true;
      spans = [];
    },
  };
}

/** Other than these, stages of Lintel's own take no time worth a word. */
const AWAITED: Partial<Record<Span['kind'], true>> = { script: true, step: true };

const PLAIN = { isBeside: false, isFailed: false } as const;

/** Where nothing was going on to wait for, only the machine was busy. */
function isWorthIt(
  { startMs, endMs = Number.POSITIVE_INFINITY, waitedFor = [] }: Span,
  spans: readonly Span[],
): boolean {
  const wentOn = spans.some(
    ({ name, endMs: end = Number.POSITIVE_INFINITY }) => waitedFor.includes(name) && end > startMs,
  );
  return wentOn && endMs - startMs >= LEAST_WAIT_MS;
}

/** Finer than that, no clock of a container is worth it. */
function roundMs(ms: number): number {
  return Math.max(0, Math.round(ms * 10) / 10);
}
