/** Something that R shall do at its start, in Rprofile.site: R's base package is all that is there by then. */
export interface SitePart {
  readonly lines: readonly string[];
  /** Whether the lines hold what others may not read. */
  readonly isSecret: boolean;
  readonly env: Readonly<Record<string, string>>;
  /** "CRAN https://cran.example" */
  readonly note: string;
  readonly warnings: readonly string[];
  /** Whether it is said again after the user's own .Rprofile where the operator enforces the settings. */
  readonly isEnforced: boolean;
}
