interface Questions {
  /** Whether something of what the attempt fetches is there already. */
  readonly hasArrived: () => boolean;
  /** Asks the same server for a little; false where no answer came in time. Ends early, whatever it returns, by `over`. */
  readonly ask: (over: AbortSignal) => Promise<boolean>;
  /** How long the attempt may take before anybody asks. Milliseconds. */
  readonly askAfterMs: number;
}

/**
 * Runs `attempt` to its end, and ends it by its signal where nothing has arrived and its server answers nothing else
 * either: one that is slow, but lives, is waited for. Returns what it returns; undefined when it was ended.
 */
export async function unlessSilent<T>(
  attempt: (silence: AbortSignal) => Promise<T>,
  { hasArrived, ask, askAfterMs }: Questions,
): Promise<T | undefined> {
  const silence = new AbortController();
  const over = new AbortController();
  const look = async () => {
    if (hasArrived() || (await ask(over.signal))) return;
    if (!over.signal.aborted && !hasArrived()) silence.abort();
  };
  const timer = setTimeout(() => void look(), askAfterMs);
  try {
    const outcome = await attempt(silence.signal);
    return silence.signal.aborted ? undefined : outcome;
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}
