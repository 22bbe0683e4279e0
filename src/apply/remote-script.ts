import { parseInterpreter, SHEBANG_BYTES } from '../definitions/shebang.ts';
import type { Growth } from '../environment.ts';
import { renderCause } from '../errors.ts';
import { readTextIfAny } from '../facts/files.ts';
import { findProgram, findSystemProgram } from '../facts/programs.ts';
import type { Environment } from '../launch/environ.ts';
import type { Log } from '../log/log.ts';
import type { Plan } from '../plan.ts';
import type { Spawner } from '../processes/child.ts';
import type { User } from '../user.ts';
import { emptyFile, writeFile } from './files.ts';
import { parseGrown } from './grown.ts';
import { isSuccess, listSaid, renderHow, scriptVariables } from './init-scripts.ts';
import { runScript } from './scripts.ts';

export interface RemoteScript {
  /** Its lines stand in the log under this name, and its file in the runtime folder. */
  readonly name: string;
  readonly bytes: Buffer;
  readonly args: readonly string[];
  readonly cwd: string;
}

export interface RemoteScriptContext {
  readonly plan: Plan;
  readonly environment: Environment;
  readonly spawner: Spawner;
  /** Lintel's own user, whom it runs as. */
  readonly self: User;
  readonly log: Log;
  readonly stop: AbortSignal;
  readonly kill: AbortSignal;
}

export interface RemoteScriptOutcome {
  /** undefined when all went well or a stop ended it. */
  readonly failure: RemoteScriptFailure | undefined;
  /** What it added to the environment by $LINTEL_ENV. */
  readonly growth: Growth | undefined;
}

export interface RemoteScriptFailure {
  /** "exited with code 3". */
  readonly how: string;
  readonly lastLines: readonly string[];
}

/** Writes a script that was fetched, for Lintel's own user alone, and runs it as a cont-init.d script. Never rejects. */
export async function runRemoteScript(
  script: RemoteScript,
  context: RemoteScriptContext,
): Promise<RemoteScriptOutcome> {
  const { plan, environment, spawner, self, log, stop, kill } = context;
  const { name, bytes, args, cwd } = script;
  const path = `${plan.runtimeDir}/${name}`;
  const added = `${path}.env`;
  try {
    writeFile(path, { text: bytes, mode: 0o700, owner: self });
    emptyFile(added, self);
  } catch (error) {
    const how = `could not be written to ${path}: ${renderCause(error)}`;
    return { failure: { how, lastLines: [] }, growth: undefined };
  }
  const outcome = await runScript({
    script: { name, path },
    argv: [...findInterpreter(bytes, environment), path, ...args],
    cwd,
    spawner,
    user: self,
    environment: { ...environment, ...scriptVariables(plan, added) },
    log,
    timeoutMs: plan.initTimeoutMs,
    signal: stop,
    kill,
  });
  const { set, warnings } = parseGrown(readTextIfAny(added) ?? '', added);
  for (const warning of warnings) log.warn(`script ${name}: ${warning}`);
  return {
    failure:
      isSuccess(outcome) || stop.aborted
        ? undefined
        : { how: renderHow(outcome, plan), lastLines: listSaid(outcome) },
    growth: Object.keys(set).length === 0 ? undefined : { set, unset: [] },
  };
}

/** Started by its interpreter, since /run is often mounted noexec; without one it is meant for `curl … | bash`. */
function findInterpreter(bytes: Buffer, environment: Environment): readonly [string, ...string[]] {
  const named = parseInterpreter(bytes.toString('latin1', 0, SHEBANG_BYTES));
  if (named !== undefined) return named;
  return [findSystemProgram('bash') ?? findProgram('bash', environment) ?? 'sh'];
}
