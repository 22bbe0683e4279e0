import type { Facts } from '../facts/facts.ts';
import type { Settings } from '../settings/settings.ts';

/**
 * A client program that follows the operator's settings. `configure` is pure and says what it takes; undefined
 * when there is nothing to set and nothing of ours to take back.
 */
export interface Tool {
  readonly name: ToolName;
  configure(settings: Settings, facts: Facts): Contribution | undefined;
}

export type ToolName =
  | 'ca'
  | 'pip'
  | 'uv'
  | 'conda'
  | 'r'
  | 'git'
  | 'node'
  | 'sudo'
  | 'gpu'
  | 'shells'
  | 'pangeo';

export interface Contribution {
  readonly files: readonly FileWrite[];
  readonly env: Readonly<Record<string, string>>;
  /**
   * Variables of the client's own that win over what is set here, with the value that would agree. Where the
   * container has one, that is said; with LINTEL_ENFORCE=1 it is replaced.
   */
  readonly rivals?: Readonly<Record<string, string>>;
  /** What it does, one sentence each, for the boot summary. Secrets masked. */
  readonly notes: readonly string[];
  /** What it had to leave alone, and why. */
  readonly warnings: readonly string[];
}

/** The whole text that a file shall have; `undefined` takes the file away. */
export interface FileWrite {
  readonly path: string;
  readonly text: string | undefined;
  readonly mode: number;
  readonly owner: 'lintel' | 'workbench';
}

export const NOTHING: Contribution = { files: [], env: {}, notes: [], warnings: [] };
