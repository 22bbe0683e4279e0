import { readClockMs } from '../clock.ts';
import type { BootRecord, Span } from '../timing/record.ts';
import { LINTEL_VERSION } from '../version.ts';

/** Writes down where the time of a boot goes. */
export interface Timeline {
  /** What is known so far. */
  record(): BootRecord;
  /** Milliseconds since the process began. */
  nowMs(): number;
  /** What has gone on since `startMs` ends now. */
  add(kind: Span['kind'], name: string, startMs: number, options?: { readonly isBeside: boolean }): void;
  /** "57 ms: node 24, settings and facts 9, files 4, script 10-xdg 2; beside: system store 401". */
  render(): string;
}

/** Shorter spans are not worth a reader's time. */
const LEAST_MS = 0.5;

export function makeTimeline(): Timeline {
  const beganMs = readClockMs() - process.uptime() * 1000;
  const spans: (Span & { readonly endMs: number })[] = [];
  const nowMs = () => readClockMs() - beganMs;
  return {
    nowMs,
    add(kind, name, startMs, { isBeside } = { isBeside: false }) {
      spans.push({ kind, name, startMs, endMs: nowMs(), isBeside, isFailed: false });
    },
    record: () => ({
      format: 1,
      version: LINTEL_VERSION,
      beganAt: new Date(Date.now() - nowMs()).toISOString(),
      outcome: 'booting',
      tookMs: nowMs(),
      spans: [...spans],
      reduced: [],
    }),
    render() {
      const list = (isBeside: boolean) =>
        spans
          .filter(span => span.isBeside === isBeside && span.endMs - span.startMs >= LEAST_MS)
          .map(({ name, startMs, endMs }) => `${name} ${Math.round(endMs - startMs)}`);
      const beside = list(true);
      return `${Math.round(nowMs())} ms: ${[list(false).join(', '), ...(beside.length === 0 ? [] : [`beside: ${beside.join(', ')}`])].join('; ')}`;
    },
  };
}
