import { runScript } from './apply/scripts.ts';
import { readClockMs } from './clock.ts';
import type { CgroupFacts } from './facts/cgroup.ts';
import type { Environment } from './launch/environ.ts';
import type { Log } from './log.ts';
import type { Requests } from './pid1/requests.ts';
import type { Plan } from './plan.ts';
import type { Spawner } from './services/child.ts';
import { type RunningCommand, startCommand } from './services/command.ts';
import { type Exit, exitCodeOf } from './services/exit.ts';
import { renderExit, renderOthersKilled } from './services/explain.ts';
import { type MemoryWatch, watchMemory } from './services/memory.ts';
import { endStragglers } from './services/stragglers.ts';
import { makeSupervisor, type Supervisor } from './services/supervisor.ts';
import type { User } from './user.ts';

/** How a workbench ended. */
export interface Ending {
  readonly code: number;
  /** One sentence, for people and for /dev/termination-log. */
  readonly reason: string;
}

export interface WorkbenchOptions {
  readonly plan: Plan;
  readonly spawner: Spawner;
  readonly cgroup: CgroupFacts;
  readonly self: User;
  /** The container's variables, and what the boot and its scripts added. */
  readonly given: Environment;
  readonly added: Environment;
  readonly log: Log;
  readonly requests: Requests;
  /** Told of the supervisor, for those who know of ended children. */
  readonly onSupervisor: (supervisor: Supervisor) => void;
  /** Called once services and CMD have been started: what nobody waits for is done then. */
  readonly onStarted: () => void;
  /** Told why, when everything begins to end. */
  readonly onStopping: (reason: string) => void;
}

/** The last part of a stop belongs to KILL: this share of the time that a stop may take, at most this long. */
const KILL_SHARE = 0.2;
const KILL_RESERVE_MS = 1500;
/** What even a stop whose time is over gives to its last steps. */
const LEAST_MS = 100;
/** A reader that stalls keeps no CMD from starting. */
const FLUSH_MS = 200;

/** Services and CMD from their start to their end, and everything left behind. Never rejects for what they do. */
export async function runWorkbench(options: WorkbenchOptions): Promise<Ending> {
  const { plan, log, requests } = options;
  const ended = Promise.withResolvers<Ending>();
  const memory = watchMemory({
    cgroup: options.cgroup,
    countKills: () => options.spawner.native?.reaper.countKills(),
    onOthers: kill => log.warn(renderOthersKilled(kill)),
  });
  const supervisor = superviseServices({ ...options, memory }, ended.resolve);
  options.onSupervisor(supervisor);
  // What was said before the CMD stands above its prompt, not in it.
  if (plan.command.length > 0) await log.flush(FLUSH_MS);
  const command = plan.command.length === 0 ? undefined : runCommand(options);
  options.onStarted();
  void command?.exit.then(exit =>
    ended.resolve({ code: exitCodeOf(exit), reason: `the CMD ${renderExit(exit, memory.look(exit))}` }),
  );
  const askedToStop = () => ended.resolve({ code: 0, reason: `asked to stop by ${requests.stop.reason}` });
  if (requests.stop.aborted) askedToStop();
  requests.stop.addEventListener('abort', askedToStop);
  if (command === undefined && plan.services.length === 0)
    ended.resolve({ code: 1, reason: 'there is nothing to run: no CMD and no service' });

  const ending = await ended.promise;
  requests.beginStop();
  options.onStopping(ending.reason);
  if (command === undefined || plan.services.length > 0) log.info(`stopping: ${ending.reason}`);
  const exit = await stopAll(options, supervisor, command);
  memory.close();
  const code = requests.wantedCode() ?? (exit === undefined ? ending.code : exitCodeOf(exit));
  return { ...ending, code };
}

function superviseServices(
  options: WorkbenchOptions & { readonly memory: MemoryWatch },
  end: (ending: Ending) => void,
): Supervisor {
  const { plan, requests } = options;
  requests.setHasServices(plan.services.length > 0);
  const supervisor = makeSupervisor({
    services: plan.services,
    spawner: options.spawner,
    given: options.given,
    added: options.added,
    noNewPrivs: plan.noNewPrivs,
    log: options.log,
    memory: options.memory,
    onFinalEnd: (name, { code, explanation, ...ended }) => {
      const hasCommand = plan.command.length > 0;
      if (ended.isCritical || (ended.isOnly && !hasCommand)) {
        end({ code, reason: `service ${name} has ended for good: ${explanation}` });
      } else if (!ended.isAnyLeft && !hasCommand) {
        end({
          code: ended.isAnyFailed ? 1 : 0,
          reason: `no service runs any more; the last: ${explanation}`,
        });
      }
    },
  });
  supervisor.start();
  return supervisor;
}

interface Command extends RunningCommand {
  readonly exit: Promise<Exit>;
}

function runCommand({ plan, spawner, given, added, log, requests }: WorkbenchOptions): Command {
  const { promise, resolve } = Promise.withResolvers<Exit>();
  const running = startCommand({ plan, spawner, environment: given, added, log }, exit => {
    requests.setCommand(undefined);
    if ('error' in exit) log.error(`Cannot run the CMD: ${exit.error}`);
    resolve(exit);
  });
  requests.setCommand(running);
  return { ...running, exit: promise };
}

/** Ends everything within the time that a stop may take, and returns how the CMD ended. */
async function stopAll(
  options: WorkbenchOptions,
  supervisor: Supervisor,
  command: Command | undefined,
): Promise<Exit | undefined> {
  const { plan, log, requests } = options;
  const deadlineMs = readClockMs() + plan.shutdownTimeoutMs;
  const killReserveMs = Math.min(KILL_RESERVE_MS, plan.shutdownTimeoutMs * KILL_SHARE);
  const killAll = () => {
    supervisor.killAll();
    command?.signal('SIGKILL');
  };
  const timer = setTimeout(killAll, plan.shutdownTimeoutMs - killReserveMs);
  requests.kill.addEventListener('abort', killAll);
  supervisor.stopAll();
  command?.signal('SIGTERM');
  await within(Promise.all([supervisor.whenQuiet(), command?.exit]), plan.shutdownTimeoutMs);
  clearTimeout(timer);
  await runFinishScripts(options, { deadlineMs, killReserveMs });
  const killed = await endStragglers(Math.max(LEAST_MS, deadlineMs - readClockMs()), requests.kill);
  if (killed.length > 0)
    log.warn('processes that were left behind did not end on TERM and were killed', {
      processes: killed.join(' '),
    });
  return within(Promise.resolve(command?.exit), 0);
}

async function runFinishScripts(
  options: WorkbenchOptions,
  { deadlineMs, killReserveMs }: { readonly deadlineMs: number; readonly killReserveMs: number },
): Promise<void> {
  const { plan, spawner, self, given, added, log, requests } = options;
  for (const script of plan.finishScripts) {
    if (requests.kill.aborted) return;
    const leftMs = Math.max(LEAST_MS, deadlineMs - readClockMs() - killReserveMs);
    const timeoutMs = Math.min(leftMs, plan.finishScriptTimeoutMs ?? leftMs);
    const { exit } = await runScript({
      script,
      spawner,
      user: self,
      environment: { ...given, ...added },
      log,
      timeoutMs,
      signal: requests.kill,
      kill: requests.kill,
      graceMs: killReserveMs / 2,
    });
    if (!('code' in exit) || exit.code !== 0) log.warn(`script ${script.path} ${renderExit(exit)}`);
  }
}

/** The promise's value, or undefined when it takes longer than that. */
function within<T>(promise: Promise<T>, limitMs: number): Promise<T | undefined> {
  const { promise: limit, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, limitMs, undefined);
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}
