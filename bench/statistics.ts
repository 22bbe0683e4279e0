/** The middle value: one run that the machine held up changes nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The value that 95 of 100 runs stay within; with few runs, the largest. */
export function p95(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(0.95 * sorted.length) - 1] ?? Number.NaN;
}

/** The numbers of one run, by name. */
export type Sample = Readonly<Record<string, number>>;
/** All samples of each case. */
export type Measurements = ReadonlyMap<string, readonly Sample[]>;

/** One thing to measure, as often as one likes. */
export interface Case {
  readonly name: string;
  readonly run: () => Promise<Sample>;
}

/**
 * Runs every case once, then every case again, and so on, each round from another place in the list: what
 * disturbs the machine for a while disturbs all of them alike. A round before the first counts for nothing: it
 * brings every file into memory.
 */
export async function interleave(part: string, cases: readonly Case[], runs: number): Promise<Measurements> {
  const measurements = new Map<string, Sample[]>(cases.map(each => [each.name, []]));
  for (let round = 0; round <= runs; round++) {
    process.stderr.write(`${part}: round ${round} of ${runs}\n`);
    const shift = round % cases.length;
    for (const each of [...cases.slice(shift), ...cases.slice(0, shift)]) {
      const sample = await each.run();
      if (round > 0) measurements.get(each.name)?.push(sample);
    }
  }
  return measurements;
}

/** What all runs of a case said about one of its numbers. */
export function valuesOf(measurements: Measurements, name: string, number: string): readonly number[] {
  return (measurements.get(name) ?? []).flatMap(sample => sample[number] ?? []);
}
