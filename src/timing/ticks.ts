const STEPS_MS = [
  ...[1, 10, 100, 1000].flatMap(power => [power, 2 * power, 5 * power]),
  ...[10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 36_000, 86_400].map(seconds => seconds * 1000),
];

/** Where the lines of a scale stand: round times at even distances, 0 the first; about `most` of them. Milliseconds. */
export function makeTicks(totalMs: number, most: number): number[] {
  const step = STEPS_MS.find(candidate => totalMs / candidate < most) ?? totalMs;
  return Array.from({ length: Math.floor(totalMs / step) + 1 }, (_, index) => index * step);
}
