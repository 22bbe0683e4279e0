import type { Environment } from '../launch/environ.ts';

/** One sentence that names those of the variables that ask for something; none when there are none. */
export function nameWithoutEffect(
  environment: Environment,
  known: {
    /** Name -> why it has no effect. */
    readonly variables: Readonly<Record<string, string>>;
    /** Values besides none that ask for nothing. */
    readonly usual: (name: string) => readonly string[];
    readonly page: string;
  },
): string[] {
  const named = Object.entries(known.variables).filter(([name]) => {
    const value = environment[name]?.trim() ?? '';
    return value !== '' && !known.usual(name).includes(value);
  });
  if (named.length === 0) return [];
  return [`without effect: ${named.map(([name, why]) => `${name} (${why})`).join(', ')}; see ${known.page}`];
}
