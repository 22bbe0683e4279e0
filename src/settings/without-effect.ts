import type { Environment } from '../launch/environ.ts';

/** A variable that asks for what Lintel does not do. */
export interface WithoutEffect {
  readonly name: string;
  readonly why: string;
  /** Of the docs, which says more. */
  readonly page: string;
}

/** Those of the variables that ask for something. */
export function findWithoutEffect(
  environment: Environment,
  known: {
    /** Name -> why it has no effect. */
    readonly variables: Readonly<Record<string, string>>;
    /** Values besides none that ask for nothing. */
    readonly usual: (name: string) => readonly string[];
    readonly page: string;
  },
): WithoutEffect[] {
  return Object.entries(known.variables).flatMap(([name, why]) => {
    const value = environment[name]?.trim() ?? '';
    return value === '' || known.usual(name).includes(value) ? [] : [{ name, why, page: known.page }];
  });
}

/** "without effect: S6_LOGGING (logs go to stdout and stderr); see docs/s6.md": one sentence for each page. */
export function renderWithoutEffect(found: readonly WithoutEffect[]): string[] {
  return [...Map.groupBy(found, ({ page }) => page)].map(
    ([page, variables]) => `${nameWithoutEffect(variables)}; see ${page}`,
  );
}

/** "without effect: S6_LOGGING (logs go to stdout and stderr)" */
export function nameWithoutEffect(found: readonly WithoutEffect[]): string {
  return `without effect: ${found.map(({ name, why }) => `${name} (${why})`).join(', ')}`;
}
