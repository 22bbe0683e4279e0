import { makeEnvironment } from '../environment.ts';
import { readWorkingDirectory } from '../facts/process.ts';
import type { Environment } from '../launch/environ.ts';
import type { Log } from '../log/log.ts';
import { giveStdio, type ProcessSpec, type Spawner } from './child.ts';
import type { Exit } from './exit.ts';
import { startPatiently } from './retry.ts';

/** The CMD while it runs. */
export interface RunningCommand {
  signal(signal: NodeJS.Signals): void;
}

/** What the plan says of the CMD. */
interface CommandPlan extends Pick<ProcessSpec, 'user' | 'noNewPrivs' | 'umask'> {
  readonly command: readonly string[];
}

/** A CMD that waits for its start ends of what would have ended it. */
const ENDING: ReadonlySet<NodeJS.Signals> = new Set(['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGKILL']);

/**
 * Starts the CMD in the foreground: Lintel's own stdio, session and working directory, as the workbench user, so
 * that a terminal's job control and Ctrl-C are the CMD's. `onExit` as in `startProcess`.
 */
export function startCommand(
  given: {
    readonly plan: CommandPlan;
    readonly spawner: Spawner;
    readonly environment: Environment;
    readonly added: Environment;
    readonly log: Log;
  },
  onExit: (exit: Exit) => void,
): RunningCommand {
  const { plan, spawner } = given;
  const [program = '', ...args] = plan.command;
  if (spawner.uid === 0 && plan.user.uid !== 0) giveStdio(plan.user);
  const attempt = startPatiently(
    spawner,
    {
      argv: [program, ...args],
      user: plan.user,
      environment: makeEnvironment(given.environment, given.added, plan.user),
      cwd: readWorkingDirectory(),
      noNewPrivs: plan.noNewPrivs,
      umask: plan.umask,
      output: 'inherit',
    },
    { onWait: error => given.log.warn(`the CMD can't be started yet, it is tried again: ${error}`), onExit },
  );
  return {
    signal(signal) {
      const child = attempt.child();
      if (child !== undefined) child.signal(signal);
      else if (ENDING.has(signal)) attempt.giveUp();
    },
  };
}
