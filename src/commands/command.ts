import type { CacheUse } from '../launch/cache.ts';
import type { Origin } from '../launch/environ.ts';

/** A subcommand of `lintel`: same shape for all, one list in list.ts. */
export interface Command {
  readonly name: string;
  /** "[--json]", for the usage line. */
  readonly usage: string;
  readonly summary: string;
  /** Returns what goes to stdout, and the exit code. Throws a LintelError with code 2 for wrong arguments. */
  run(context: CommandContext): CommandResult;
}

export interface CommandContext {
  readonly args: readonly string[];
  readonly origin: Origin;
  readonly cacheUse: CacheUse;
}

export interface CommandResult {
  readonly text: string;
  readonly exitCode: number;
}
