/** Why a service does not run. */
export interface Reason {
  readonly why: string;
  /** A program is missing: its own, or that of a service which it requires. */
  readonly isUninstalled?: true;
  /** It could run itself, but for a service that it requires. */
  readonly isRequirement?: true;
  /** A mistake of whoever wrote it, which is a problem of its own. */
  readonly isMistake?: true;
}

/** A service that does not run. */
export interface Disabled extends Pick<Reason, 'why' | 'isMistake'> {
  readonly name: string;
  /**
   * `why` in words that many share: of what Lintel ships, most has no program in any one image, and a mistake is said at
   * length as a problem.
   */
  readonly brief?: 'not installed' | 'can’t be used';
}

/** "jupyter, sshd (there is a CMD); rstudio, xvfb (not installed)". */
export function renderDisabled(disabled: readonly Disabled[]): string {
  return groupDisabled(disabled)
    .map(({ names, why }) => `${names.join(', ')} (${why})`)
    .join('; ');
}

/** Their names by why they do not run. */
export function groupDisabled(
  disabled: readonly Disabled[],
): { readonly names: readonly string[]; readonly why: string }[] {
  const byReason = Map.groupBy(disabled, ({ why, brief }) => brief ?? why);
  return [...byReason].map(([why, services]) => ({ names: services.map(({ name }) => name), why }));
}
