import { makeEnvironment } from '../environment.ts';
import { isDirectory } from '../facts/files.ts';
import type { Environment } from '../launch/environ.ts';
import type { Plan } from '../plan.ts';
import { giveStdio, type Spawner, startProcess } from './child.ts';
import type { Exit } from './exit.ts';
import { readLeader, signalProcess } from './tree.ts';

/** The CMD while it runs. */
export interface RunningCommand {
  signal(signal: NodeJS.Signals): void;
}

/**
 * Starts the CMD in the foreground: Lintel's own stdio, session and working directory, as the workbench user, so
 * that a terminal's job control and Ctrl-C are the CMD's. `onExit` as in `startProcess`.
 */
export function startCommand(
  given: {
    readonly plan: Plan;
    readonly spawner: Spawner;
    readonly environment: Environment;
    readonly added: Environment;
  },
  onExit: (exit: Exit) => void,
): RunningCommand {
  const { plan, spawner } = given;
  const [program = '', ...args] = plan.command;
  if (spawner.uid === 0 && plan.user.uid !== 0) giveStdio(plan.user);
  const child = startProcess(
    spawner,
    {
      argv: [program, ...args],
      user: plan.user,
      environment: makeEnvironment(given.environment, given.added, plan.user),
      cwd: isDirectory('.') ? process.cwd() : '/',
      noNewPrivs: plan.noNewPrivs,
      output: 'inherit',
    },
    onExit,
  );
  const leader = readLeader(child);
  return { signal: signal => leader && signalProcess(leader, signal) };
}
