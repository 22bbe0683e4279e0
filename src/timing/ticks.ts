const STEPS_MS = [
  ...[1, 10, 100, 1000].flatMap(power => [power, 2 * power, 5 * power]),
  ...[10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 36_000, 86_400].map(seconds => seconds * 1000),
];

/** Where the lines of a scale stand: round times at even distances, 0 the first; about `most` of them. Milliseconds. */
export function makeTicks(totalMs: number, most: number): number[] {
  const step = STEPS_MS.find(candidate => totalMs / candidate < most) ?? totalMs;
  return Array.from({ length: Math.floor(totalMs / step) + 1 }, (_, index) => index * step);
}

/** "0", "500 ms", "1.5 s", "2 min", "3 h": of round times. */
export function renderTick(ms: number): string {
  if (ms === 0) return '0';
  if (ms < 1000) return `${ms} ms`;
  if (ms < 120_000) return `${ms / 1000} s`;
  return ms < 7_200_000 ? `${ms / 60_000} min` : `${ms / 3_600_000} h`;
}
