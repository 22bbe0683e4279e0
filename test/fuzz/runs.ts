import { Script } from 'node:vm';
import fc from 'fast-check';

/**
 * How often each property is tried: a few times, always the same, unless LINTEL_FUZZ_RUNS says how often; then each time
 * others, unless LINTEL_FUZZ_SEED repeats those of a failure.
 */
const RUNS = Number(process.env['LINTEL_FUZZ_RUNS'] ?? 200);
const SEED = Number(process.env['LINTEL_FUZZ_SEED'] ?? (process.env['LINTEL_FUZZ_RUNS'] ? Date.now() : 6));
/** What works in time with the length of a text takes milliseconds for one of that length, with its square minutes. */
const LONG_CHARACTERS = 200_000;
const LIMIT_MS = 2000;
/** The machine may be busy with something else. */
const ATTEMPTS = 3;

/** `share` of the runs, for what takes longer than others. */
export function check<T>(property: fc.IProperty<T> | fc.IAsyncProperty<T>, share = 1): Promise<void> | void {
  return fc.assert(property, { seed: SEED, numRuns: Math.max(1, Math.round(RUNS * share)) });
}

/** A text of such pieces, in which what a format is about comes often; and any other text. */
export function textOf(pieces: readonly string[], most = 30): fc.Arbitrary<string> {
  const own = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 3 })), {
    maxLength: most,
    size: 'max',
  });
  return fc.oneof(
    { arbitrary: own.map(parts => parts.join('')), weight: 9 },
    { arbitrary: fc.string({ unit: 'binary', maxLength: 200 }), weight: 1 },
  );
}

/** Runs `act` with texts of one piece over and over, between others. Throws for what does not end in time. */
export function tryLong(
  pieces: readonly string[],
  act: (text: string) => void,
  characters = LONG_CHARACTERS,
): void {
  for (const piece of pieces) {
    const many = piece.repeat(Math.ceil(characters / piece.length));
    for (const [before, after] of [
      ['', ''],
      ['', '\x01!'],
      ...pieces.map(other => [other, '\x01!'] as const),
    ])
      endInTime(() => act(before + many + after), JSON.stringify([before, piece, after]));
  }
}

/** Ends what runs for too long, also in the middle of a regular expression. */
export function endInTime(act: () => void, what: string): void {
  const shared = globalThis as { limited?: () => void };
  for (let attempt = 1; ; attempt++) {
    try {
      shared.limited = act;
      new Script('limited()').runInThisContext({ timeout: LIMIT_MS });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
      if (attempt === ATTEMPTS) throw new Error(`Cannot end within ${LIMIT_MS} ms: ${what}`);
    } finally {
      delete shared.limited;
    }
  }
}
