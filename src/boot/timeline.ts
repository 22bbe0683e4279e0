import { readClockMs } from '../clock.ts';

/** Where the time of a boot went. Milliseconds since the process began. */
export interface Span {
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Other spans go on meanwhile. */
  readonly isBeside: boolean;
}

export interface Timeline {
  readonly spans: readonly Span[];
  /** Milliseconds since the process began. */
  nowMs(): number;
  /** What has gone on since `startMs` ends now. */
  add(name: string, startMs: number, options?: { readonly isBeside: boolean }): void;
  /** "57 ms: node 24, settings and facts 9, files 4, script 10-xdg 2; beside: system store 401". */
  render(): string;
}

/** Shorter spans are not worth a reader's time. */
const LEAST_MS = 0.5;

export function makeTimeline(): Timeline {
  const beganMs = readClockMs() - process.uptime() * 1000;
  const spans: Span[] = [];
  const nowMs = () => readClockMs() - beganMs;
  return {
    spans,
    nowMs,
    add(name, startMs, { isBeside } = { isBeside: false }) {
      spans.push({ name, startMs, endMs: nowMs(), isBeside });
    },
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
