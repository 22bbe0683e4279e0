const MAX_EDITS = 2;
/** Words shorter than this are near to too many others. */
const MIN_LENGTH = 4;

/** The one of `known` that `name` is most likely a mistyping of: at most two edits away, and alike at its start. */
export function suggestName(name: string, known: Iterable<string>): string | undefined {
  if (name.length < MIN_LENGTH) return undefined;
  const upper = name.toUpperCase();
  let best: { name: string; edits: number } | undefined;
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) > MAX_EDITS || candidate.slice(0, 3) !== upper.slice(0, 3))
      continue;
    const edits = countEdits(upper, candidate);
    if (
      edits <= Math.min(MAX_EDITS, candidate.length / 4) &&
      edits < (best?.edits ?? Number.POSITIVE_INFINITY)
    ) {
      best = { name: candidate, edits };
    }
  }
  return best?.name;
}

/** Levenshtein distance, one row at a time. */
function countEdits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
