import { readClockMs } from '../clock.ts';
import { type Growth, grow, joinGrowth, joinLayers, type Layer, withoutLoader } from '../environment.ts';
import { renderCause } from '../errors.ts';
import { readStat, readTextIfAny } from '../facts/files.ts';
import { isShipped } from '../facts/scripts.ts';
import type { Environment } from '../launch/environ.ts';
import type { Log } from '../log/log.ts';
import type { Plan, Script } from '../plan.ts';
import { escapeLine } from '../printable.ts';
import type { Spawner } from '../processes/child.ts';
import { type Exit, fieldsOf, renderExit } from '../processes/exit.ts';
import type { User } from '../user.ts';
import type { EnvironmentFolder } from './environment-folder.ts';
import { emptyFile } from './files.ts';
import { parseGrown } from './grown.ts';
import { runScript, type ScriptOutcome } from './scripts.ts';

export interface InitScripts {
  readonly plan: Plan;
  readonly spawner: Spawner;
  /** Lintel's own user: scripts run as it. */
  readonly self: User;
  readonly given: Environment;
  /** What the boot added to it so far. */
  readonly added: Environment;
  /** Holds already what the first script shall see. */
  readonly folder: EnvironmentFolder;
  readonly log: Log;
  readonly stop: AbortSignal;
  readonly kill: AbortSignal;
  /** Told of each script, when it has just been started. */
  readonly onStarted: (script: Script) => void;
  /** Told of each script that has ended, and how. */
  readonly onEnded: (script: Script, how: { readonly isFailed: boolean }) => void;
}

export interface InitOutcome {
  /** What the scripts changed of the environment for everything after them. */
  readonly layers: readonly Layer[];
  /** A script failed, and failures stop the boot. */
  readonly failure: ScriptFailure | undefined;
}

/** A script that failed, and how. */
export interface ScriptFailure {
  readonly script: Script;
  /** "exited with code 3", "took longer than 300 ms". */
  readonly how: string;
  readonly isTimedOut: boolean;
  readonly exit: Exit;
  readonly lastLines: readonly string[];
  readonly elapsedMs: number;
}

/** Runs cont-init.d one by one. Ends early when a stop is asked for, and after a failure that stops the boot. */
export async function runInitScripts(init: InitScripts): Promise<InitOutcome> {
  const { plan, log, stop } = init;
  const layers: Layer[] = [];
  let failure: ScriptFailure | undefined;
  if (plan.initScripts.length === 0) return { layers, failure };
  const added = `${plan.runtimeDir}/script.env`;
  const own = { ...init.given, ...init.added };
  let environment: Environment = { ...own, ...scriptVariables(plan, added) };
  empty(added, init);
  const unwatch = init.folder.watch();
  for (const script of plan.initScripts) {
    if (stop.aborted || failure !== undefined) break;
    const startedMs = readClockMs();
    const running = runScript({
      script,
      spawner: init.spawner,
      user: init.self,
      environment: isShipped(script) ? withoutLoader(environment) : environment,
      log,
      timeoutMs: plan.initTimeoutMs,
      signal: stop,
      kill: init.kill,
    });
    init.onStarted(script);
    const outcome = await running;
    init.onEnded(script, { isFailed: !isSuccess(outcome) });
    const elapsedMs = Math.round(readClockMs() - startedMs);
    if (isSuccess(outcome) && !isShipped(script))
      log.info(`script ${script.name} done`, { script: script.name, ms: elapsedMs });
    if (!isSuccess(outcome) && !stop.aborted) failure = judge({ script, outcome, elapsedMs }, init);
    const change = readGrowth(script, added, init);
    if (change === undefined) continue;
    layers.push({ source: `script ${script.name}`, ...change });
    const grown = grow(own, joinLayers(layers));
    for (const failure of init.folder.write(grown)) log.error(failure);
    environment = { ...grown, ...scriptVariables(plan, added) };
  }
  unwatch();
  return { layers, failure };
}

/** What one script changed, by either way; of a variable that it changed by both, $LINTEL_ENV tells. undefined: nothing. */
function readGrowth(script: Script, added: string, init: InitScripts): Growth | undefined {
  const changed = init.folder.readGrowth();
  const text = readStat(added)?.size === 0 ? '' : readTextIfAny(added);
  const appended = parseGrown(text ?? '', added);
  for (const warning of [...changed.warnings, ...appended.warnings])
    init.log.warn(`script ${script.name}: ${warning}`, { script: script.name });
  // Each script finds it empty: what the ones before it added is in its environment.
  if (text !== '') empty(added, init);
  const { set, unset } = joinGrowth(changed.growth, { set: appended.set, unset: [] });
  return Object.keys(set).length + unset.length === 0 ? undefined : { set, unset };
}

/** Where that fails, the scripts go on: they still have the folder, and most of them add nothing. */
function empty(path: string, { self, log }: InitScripts): void {
  try {
    emptyFile(path, self);
  } catch (error) {
    log.error(
      `Cannot empty ${path}: ${renderCause(error)}; scripts can't add variables by $LINTEL_ENV, or add them twice`,
    );
  }
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

export function isSuccess({ exit, isTimedOut }: ScriptOutcome): boolean {
  return !isTimedOut && 'code' in exit && exit.code === 0;
}

/** The failure, where it stops the boot. */
function judge(
  ended: { readonly script: Script; readonly outcome: ScriptOutcome; readonly elapsedMs: number },
  { plan, log }: InitScripts,
): ScriptFailure | undefined {
  const { script, outcome, elapsedMs } = ended;
  const how = renderHow(outcome, plan);
  const lastLines = listSaid(outcome);
  if (plan.onInitFailure === 'stop') return { ...outcome, script, how, lastLines, elapsedMs };
  if (plan.onInitFailure === 'warn')
    log.warn(`Script ${escapeLine(script.path)} ${how}${renderLastLines(lastLines)}`, {
      script: script.name,
      ...fieldsOf(outcome.exit),
    });
  return undefined;
}

/** "exited with code 3". */
export function renderHow(outcome: ScriptOutcome, { initTimeoutMs }: Plan): string {
  return outcome.isTimedOut
    ? `took longer than ${initTimeoutMs} ms (LINTEL_INIT_TIMEOUT_MS)`
    : renderExit(outcome.exit);
}

export function listSaid({ lastLines }: ScriptOutcome): string[] {
  return lastLines.filter(line => line !== '');
}

/** "; its last lines:", and a line each; nothing for none. */
export function renderLastLines(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `; its last lines:${lines.map(line => `\n  ${line}`).join('')}`;
}
