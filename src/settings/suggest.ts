const MAX_EDITS = 2;
/** Variables shorter than this are near to too many others. */
const MIN_LENGTH = 4;

/**
 * The one of `known` that a variable's name is most likely a mistyping of: at most two edits away, and alike at its
 * start, since most variables of a container are other programs'. Upper or lower case is no difference.
 */
export function suggestName(name: string, known: Iterable<string>): string | undefined {
  if (name.length < MIN_LENGTH) return undefined;
  const start = name.slice(0, 3).toUpperCase();
  return findNearest(name, known, candidate =>
    candidate.slice(0, 3).toUpperCase() === start ? Math.min(MAX_EDITS, candidate.length / 4) : -1,
  );
}

/** As `suggestName`, for words that somebody typed for Lintel: commands, flags, services. Nearly anything is meant. */
export function suggestWord(word: string, known: Iterable<string>): string | undefined {
  // Of a single letter nothing would be left.
  return findNearest(word, known, ({ length }) => Math.min(MAX_EDITS, length - 1, Math.max(1, length / 3)));
}

/** Behind "no such service", what to expect: ", expected perhaps web", else ", expected one of web, db". */
export function expectService(name: string, known: readonly string[]): string {
  if (known.length === 0) return ': there is none';
  const meant = suggestWord(name, known);
  return `, expected ${meant === undefined ? `one of ${known.join(', ')}` : `perhaps ${meant}`}`;
}

function findNearest(
  name: string,
  known: Iterable<string>,
  mostEdits: (candidate: string) => number,
): string | undefined {
  const upper = name.toUpperCase();
  let best: { name: string; edits: number } | undefined;
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) > MAX_EDITS) continue;
    const most = mostEdits(candidate);
    if (most < 0) continue;
    const edits = countEdits(upper, candidate.toUpperCase());
    if (edits <= most && edits < (best?.edits ?? Number.POSITIVE_INFINITY)) best = { name: candidate, edits };
  }
  return best?.name;
}

/** Letters to change, add, leave out or swap with their neighbour; one row at a time. */
function countEdits(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? (before[j - 2] ?? 0) + 1 : replaced;
      next.push(Math.min(replaced, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
