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
  | 'proxies'
  | 'pip'
  | 'uv'
  | 'conda'
  | 'r'
  | 'node'
  | 'npm'
  | 'git'
  | 'curl'
  | 'wget'
  | 'java'
  | 'apt'
  | 's3'
  | 'kubernetes'
  | 'appearance'
  | 'gpu'
  | 'pangeo'
  | 'services'
  | 'shells'
  | 'sudo';

export interface Contribution {
  readonly files: readonly FileWrite[];
  readonly env: Readonly<Record<string, string>>;
  /** Set where the container has none, and nothing is said where it has. */
  readonly defaults?: Readonly<Record<string, string>>;
  /**
   * Variables of the client's own that win over what is set here, with the value that would agree. Where the
   * container has one, that is said; with LINTEL_ENFORCE=1 it is replaced.
   */
  readonly rivals?: Readonly<Record<string, string>>;
  /**
   * Options for a variable that holds several, such as JAVA_TOOL_OPTIONS: they go behind what the container has there.
   * Of an option that it has itself, its own wins; with LINTEL_ENFORCE=1 ours does.
   */
  readonly options?: Readonly<Record<string, readonly string[]>>;
  /** What it does, one sentence each, for the boot summary. Secrets masked. */
  readonly notes: readonly string[];
  /** What it had to leave alone, and why. */
  readonly warnings: readonly string[];
}

/** The whole text that a file shall have; `undefined` takes the file away. */
export interface FileWrite {
  readonly path: string;
  readonly text: string | undefined;
  /** How the text stands for bytes; utf8 when not said. A plan is JSON, so what is no text is base64 in it. */
  readonly encoding?: 'base64';
  readonly mode: number;
  readonly owner: 'lintel' | 'workbench';
}

export const NOTHING: Contribution = { files: [], env: {}, notes: [], warnings: [] };
