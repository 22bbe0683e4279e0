import type { Environment } from '../launch/environ.ts';
import type { Log } from '../log/log.ts';
import type { Script } from '../plan.ts';
import { escapeLine } from '../printable.ts';
import type { Spawner } from '../processes/child.ts';
import type { Exit } from '../processes/exit.ts';
import { type Family, killFamily, signalFamily } from '../processes/family.ts';
import { makeLineReader } from '../processes/reading.ts';
import { type Attempt, startPatiently } from '../processes/retry.ts';
import { MARK } from '../processes/tree.ts';
import type { User } from '../user.ts';

export interface ScriptRun {
  readonly script: Script;
  /** Default: the script's path. */
  readonly argv?: readonly [string, ...string[]];
  /** Default: /. */
  readonly cwd?: string;
  readonly spawner: Spawner;
  readonly user: User;
  readonly environment: Environment;
  readonly log: Log;
  /** Milliseconds; undefined for as long as it takes. */
  readonly timeoutMs: number | undefined;
  /** Ends the script early: TERM, then KILL. */
  readonly signal: AbortSignal;
  /** Ends it at once. */
  readonly kill: AbortSignal;
  /** Time between TERM and KILL, at most 2 s. Milliseconds. */
  readonly graceMs?: number;
}

export interface ScriptOutcome {
  readonly exit: Exit;
  /** Ended because of `timeoutMs`. */
  readonly isTimedOut: boolean;
  /** The last lines that it wrote. */
  readonly lastLines: readonly string[];
}

const STILL_RUNNING_MS = 10_000;
const KILL_AFTER_MS = 2000;
const LAST_LINES = 10;
const LAST_CHARACTERS = 4096;

/** Runs one script to its end, without input. Its output goes to the log under its name. Never rejects. */
export async function runScript(run: ScriptRun): Promise<ScriptOutcome> {
  const { script, log } = run;
  const { history } = log;
  const ended = Promise.withResolvers<Exit>();
  const mark = history.mark(script.name);
  const attempt = startPatiently(
    run.spawner,
    {
      argv: run.argv ?? [script.path],
      user: run.user,
      environment: { ...run.environment, [MARK]: markOf(run) },
      cwd: run.cwd ?? '/',
      noNewPrivs: false,
      output: makeLineReader({ kind: 'script', name: script.name }, log),
    },
    {
      onWait: error =>
        log.warn(`script ${script.name} can't be started yet, it is tried again: ${error}`, {
          script: script.name,
        }),
      onExit: ended.resolve,
    },
  );
  const end = await waitForEnd(run, attempt, ended.promise);
  const tail = history.tail(script.name, mark, LAST_CHARACTERS);
  return { ...end, lastLines: tail.trimEnd().split('\n').slice(-LAST_LINES) };
}

/** Waits for the script; when its time is over or a stop is asked for, ends it and all that it started. */
async function waitForEnd(run: ScriptRun, attempt: Attempt, exit: Promise<Exit>) {
  const timers: NodeJS.Timeout[] = [];
  const family = familyOf(run, attempt);
  let isTimedOut = false;
  let isStopped = false;
  const stop = () => {
    if (isStopped) return;
    isStopped = true;
    attempt.giveUp();
    signalFamily(family, 'SIGTERM');
    timers.push(setTimeout(signalFamily, run.graceMs ?? KILL_AFTER_MS, family, 'SIGKILL'));
  };
  const expire = () => {
    isTimedOut = true;
    stop();
  };
  timers.push(
    setInterval(
      () => run.log.info(`waiting for script ${escapeLine(run.script.path)}`, { script: run.script.name }),
      STILL_RUNNING_MS,
    ),
  );
  if (run.timeoutMs !== undefined) timers.push(setTimeout(expire, run.timeoutMs));
  const kill = () => {
    stop();
    signalFamily(family, 'SIGKILL');
  };
  run.signal.addEventListener('abort', stop);
  run.kill.addEventListener('abort', kill);
  if (run.signal.aborted) stop();
  const how = await exit;
  for (const timer of timers) clearTimeout(timer);
  run.signal.removeEventListener('abort', stop);
  run.kill.removeEventListener('abort', kill);
  // A script that ends by itself may leave a daemon; one that is ended takes along what it started.
  if (isStopped) await killFamily(family);
  return { exit: how, isTimedOut };
}

function familyOf(run: ScriptRun, attempt: Attempt): Family {
  return { spawner: run.spawner, attempt, mark: markOf(run) };
}

/** No service is called so. */
function markOf({ script }: ScriptRun): string {
  return `script:${script.name}`;
}
