import { readClockMs } from '../clock.ts';
import { LintelError } from '../errors.ts';
import type { Environment } from '../launch/environ.ts';
import type { Log } from '../log.ts';
import type { Plan, Script } from '../plan.ts';
import type { Spawner } from '../services/child.ts';
import { renderExit } from '../services/explain.ts';
import type { User } from '../user.ts';
import { writeFile } from './files.ts';
import { readGrown } from './grown.ts';
import { runScript, type ScriptOutcome } from './scripts.ts';

export interface InitScripts {
  readonly plan: Plan;
  readonly spawner: Spawner;
  /** Lintel's own user: scripts run as it. */
  readonly self: User;
  readonly given: Environment;
  readonly log: Log;
  readonly stop: AbortSignal;
  readonly kill: AbortSignal;
}

/**
 * Runs cont-init.d one by one, and returns the variables that the scripts added for everything after them. Ends
 * early, without an error, when a stop is asked for. Throws a LintelError when a script fails and failures stop.
 */
export async function runInitScripts(init: InitScripts): Promise<Environment> {
  const { plan, log, stop } = init;
  if (plan.initScripts.length === 0) return {};
  const growing = `${plan.runtimeDir}/script.env`;
  writeFile(growing, { text: '', mode: 0o600, owner: init.self });
  let grown: Environment = {};
  for (const script of plan.initScripts) {
    if (stop.aborted) break;
    const environment = { ...init.given, ...plan.environment, ...grown, ...scriptVariables(plan, growing) };
    const startedMs = readClockMs();
    const outcome = await runScript({
      script,
      spawner: init.spawner,
      user: init.self,
      environment,
      log,
      timeoutMs: plan.initTimeoutMs,
      signal: stop,
      kill: init.kill,
    });
    const elapsedMs = Math.round(readClockMs() - startedMs);
    if (isSuccess(outcome)) log.info(`script ${script.name} done`, { ms: elapsedMs });
    else if (!stop.aborted) judge(script, outcome, init);
    grown = { ...grown, ...readGrown(growing) };
  }
  return grown;
}

/** What a script needs to act for the workbench: the file to add variables to, and whose workbench it is. */
export function scriptVariables(plan: Plan, growing: string): Environment {
  return {
    LINTEL_ENV: growing,
    LINTEL_WORKBENCH_UID: String(plan.user.uid),
    LINTEL_WORKBENCH_GID: String(plan.user.gid),
    LINTEL_WORKBENCH_HOME: plan.user.home,
  };
}

function isSuccess({ exit, isTimedOut }: ScriptOutcome): boolean {
  return !isTimedOut && 'code' in exit && exit.code === 0;
}

function judge(script: Script, outcome: ScriptOutcome, { plan, log }: InitScripts): void {
  const how = outcome.isTimedOut ? `took longer than ${plan.initTimeoutMs} ms` : renderExit(outcome.exit);
  const said = outcome.lastLines.filter(line => line !== '').map(line => `\n  ${line}`);
  const sentence = `Script ${script.path} ${how}${said.length === 0 ? '' : `; its last lines:${said.join('')}`}`;
  if (plan.onInitFailure === 'stop') throw new LintelError(sentence, 1);
  if (plan.onInitFailure === 'warn') log.warn(sentence);
}
