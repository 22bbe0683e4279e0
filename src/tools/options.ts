/** A variable that holds options of a program, one after the other, with ours among them. */
export interface JoinedOptions {
  readonly value: string;
  /** Those of ours that the container has with another value, which wins. */
  readonly losing: readonly string[];
}

/**
 * Ours behind what the container has, which stays as it is. Of an option that it has too its own wins, and then ours
 * is left out; enforced, ours is the last one, and so the one that counts.
 */
export function joinOptions(given: string, ours: readonly string[], isEnforced: boolean): JoinedOptions {
  const missing = ours.filter(option => !` ${given} `.includes(` ${option} `));
  const losing = isEnforced ? [] : missing.filter(option => given.includes(keyOf(option)));
  const added = missing.filter(option => !losing.includes(option));
  return { value: [given, ...added].filter(part => part !== '').join(' '), losing: losing.map(keyOf) };
}

/** "-Dhttp.proxyHost=". */
function keyOf(option: string): string {
  return option.replace(/^["']/, '').replace(/=.*/s, '=');
}
