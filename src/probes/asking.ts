import { readClockMs } from '../clock.ts';
import type { Probe } from '../definitions/probe-schema.ts';
import { askProbe, type ProbeContext, type ProbeOutcome } from './probe.ts';

/** A probe that is asked again and again until the context's signal aborts: one look at a time, none piles up. */
export interface Asking<Interval> {
  readonly probe: Probe;
  readonly context: ProbeContext;
  /** Milliseconds from the end of a look to the next. */
  readonly intervalMs: Interval;
  /** Never called after the signal has aborted. */
  readonly onOutcome: (outcome: ProbeOutcome) => void;
}

/** A service that is not ready soon may need minutes: it is asked less often then. */
const SOON_MS = 250;
const LATE_MS = 2000;
const LATE_AFTER_MS = 30_000;

/** Asks at once, and then after each interval; without one every 250 ms for 30 s, then every 2 s. */
export function askReadiness(asking: Asking<number | undefined>): void {
  const lateMs = readClockMs() + LATE_AFTER_MS;
  keepAsking(asking, 0, () => asking.intervalMs ?? (readClockMs() < lateMs ? SOON_MS : LATE_MS));
}

/** Asks after each interval. */
export function askHealth(asking: Asking<number>): void {
  keepAsking(asking, asking.intervalMs, () => asking.intervalMs);
}

function keepAsking(asking: Asking<number | undefined>, firstMs: number, nextMs: () => number): void {
  const { probe, context, onOutcome } = asking;
  const { signal } = context;
  if (signal.aborted) return;
  const ask = async () => {
    const outcome = await askProbe(probe, context);
    if (!signal.aborted) onOutcome(outcome);
    if (!signal.aborted) timer = setTimeout(ask, nextMs());
  };
  let timer = setTimeout(ask, firstMs);
  signal.addEventListener('abort', () => clearTimeout(timer));
}
