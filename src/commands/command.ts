import type { CacheUse } from '../launch/cache.ts';
import type { Origin } from '../launch/environ.ts';
import type { Flag, Given, Operands } from './flags.ts';
import type { Terminal } from './terminal.ts';

/** A subcommand of `lintel`: same shape for all, one list in list.ts. Help and docs/cli.md are made from these. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly Flag[];
  /** What it takes besides flags; undefined for nothing. */
  readonly operands?: Operands;
  /** Whole sentences, for its own help. */
  readonly details: string;
  readonly examples: readonly Example[];
  /** Throws a LintelError for what stops it: code 2 for wrong arguments, 3 where no Lintel runs. */
  run(context: CommandContext): CommandResult | Promise<CommandResult>;
}

export interface Example {
  readonly line: string;
  readonly does: string;
}

/** Every command has it. */
export const JSON_FLAG: Flag = { name: '--json', doc: 'print JSON' };

/** As JSON_FLAG, with the keys of what is printed: "{version, pid}", or "{variables}; with explain: {name, changes}". */
export function jsonFlag(shape: string): Flag {
  return { ...JSON_FLAG, doc: `print JSON: ${shape}` };
}

export interface CommandContext {
  readonly given: Given;
  readonly origin: Origin;
  readonly cacheUse: CacheUse;
  readonly terminal: Terminal;
  /** Writes to stdout at once, for commands that go on. Resolves when it has been taken. */
  write(text: string): Promise<void>;
}

export interface CommandResult {
  /** What is still to go to stdout. */
  readonly text: string;
  readonly exitCode: number;
}
