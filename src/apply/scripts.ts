import type { Environment } from '../launch/environ.ts';
import { makeLineCutter } from '../lines.ts';
import type { Log } from '../log.ts';
import type { Script } from '../plan.ts';
import { type Child, type Spawner, startProcess } from '../services/child.ts';
import type { Exit } from '../services/exit.ts';
import { findMembers, type Leader, readProcess, readProcesses, signalProcess } from '../services/tree.ts';
import type { User } from '../user.ts';

export interface ScriptRun {
  readonly script: Script;
  readonly spawner: Spawner;
  readonly user: User;
  readonly environment: Environment;
  readonly log: Log;
  /** Milliseconds; undefined for as long as it takes. */
  readonly timeoutMs: number | undefined;
  /** Ends the script early: TERM, then KILL. */
  readonly signal: AbortSignal;
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

/** Runs one script to its end, with cwd / and no input. Its output goes to the log under its name. Never rejects. */
export function runScript(run: ScriptRun): Promise<ScriptOutcome> {
  const { script, log } = run;
  return new Promise(resolve => {
    let tail = '';
    let isTimedOut = false;
    const cutters = { stdout: makeLineCutter(), stderr: makeLineCutter() };
    const write = (stream: 'stdout' | 'stderr', lines: string) => {
      tail = (tail + lines).slice(-LAST_CHARACTERS);
      log.lines(script.name, stream, lines);
    };
    const child = startProcess(
      run.spawner,
      {
        argv: [script.path],
        user: run.user,
        environment: run.environment,
        cwd: '/',
        noNewPrivs: false,
        output: {
          onData: (stream, data) => write(stream, cutters[stream].push(data)),
          onEnd: stream => write(stream, cutters[stream].end()),
        },
      },
      exit => {
        for (const timer of timers) clearTimeout(timer);
        run.signal.removeEventListener('abort', stop);
        resolve({ exit, isTimedOut, lastLines: tail.trimEnd().split('\n').slice(-LAST_LINES) });
      },
    );
    const timers: NodeJS.Timeout[] = [];
    const stop = () => child !== undefined && timers.push(...endScript(script.name, child));
    const expire = () => {
      isTimedOut = true;
      stop();
    };
    timers.push(setInterval(() => log.info(`waiting for script ${script.path}`), STILL_RUNNING_MS));
    if (run.timeoutMs !== undefined) timers.push(setTimeout(expire, run.timeoutMs));
    run.signal.addEventListener('abort', stop);
    if (run.signal.aborted) stop();
  });
}

/** TERM to everything the script started, KILL to what is left. Returns the timer to clear. */
function endScript(name: string, child: Child): NodeJS.Timeout[] {
  const self = readProcess(child.pid);
  if (self === undefined) return [];
  const leader: Leader = { pid: self.pid, startTicks: self.startTicks };
  const signalAll = (signal: NodeJS.Signals) => {
    for (const member of findMembers(readProcesses(), { name, leader, scope: 'tree' }))
      signalProcess(member, signal);
  };
  signalAll('SIGTERM');
  return [setTimeout(signalAll, KILL_AFTER_MS, 'SIGKILL')];
}
