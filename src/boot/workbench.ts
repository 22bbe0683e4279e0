import { readClockMs } from '../clock.ts';
import { makeEnvironment } from '../environment.ts';
import type { CgroupFacts } from '../facts/cgroup.ts';
import { escapeLine } from '../printable.ts';
import { type RunningCommand, startCommand } from '../processes/command.ts';
import type { Exit } from '../processes/exit.ts';
import { renderOthersKilled } from '../services/explain.ts';
import { type MemoryWatch, watchMemory } from '../services/memory.ts';
import { makeSupervisor, type Supervisor, type SupervisorOptions } from '../services/supervisor.ts';
import { makeCommandEnding, makeIdleEnding, makeServiceEnding, withCommand } from './causes.ts';
import { type Cleanup, cleanUp, killReserveOf } from './cleanup.ts';
import { type Ending, makeAskedEnding, makeEarlyEnding, withKilled } from './ending.ts';

export interface WorkbenchOptions extends Cleanup {
  readonly cgroup: CgroupFacts;
  /** The CMD waits for it, services don't. Rejects only for a bug. */
  readonly beforeCommand: Promise<void>;
  /** Services wait for it that say so, nobody else. Never rejects. */
  readonly passwordSet: Promise<void>;
  /** What the boot still waited for when a stop was asked for. */
  readonly atStop: () => string | undefined;
  /** As the supervisor's. */
  readonly onChange: SupervisorOptions['onChange'];
  /** Told of the supervisor, for those who know of ended children. */
  readonly onSupervisor: (supervisor: Supervisor) => void;
  /** Called once services and CMD have been started: what nobody waits for is done then. */
  readonly onStarted: () => void;
  /** Told why, when everything begins to end. */
  readonly onStopping: (why: Ending) => void;
}

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
  const killed: string[] = [];
  let isStopping = false;
  const onKilled = (name: string) => void (isStopping && killed.push(`service ${name}`));
  const supervisor = superviseServices({ ...options, memory, onKilled }, ended.resolve);
  options.onSupervisor(supervisor);
  if (plan.command.length > 0) {
    await Promise.race([options.beforeCommand, waitForAbort(requests.stop)]);
    // What was said before the CMD stands above its prompt, not in it.
    await log.flush(FLUSH_MS);
  }
  const isTooLate = plan.command.length > 0 && requests.stop.aborted;
  if (isTooLate) ended.resolve(makeEarlyEnding(plan, requests, options.atStop()));
  const command = plan.command.length === 0 || isTooLate ? undefined : runCommand(options);
  options.onStarted();
  const startedMs = readClockMs();
  let ofCommand: Ending | undefined;
  void command?.exit.then(exit => {
    const environment = makeEnvironment(options.given, options.added, plan.user);
    const livedMs = readClockMs() - startedMs;
    ofCommand = makeCommandEnding({ exit, plan, environment, livedMs, memory: memory.look(exit) });
    ended.resolve(ofCommand);
  });
  const askedToStop = () => ended.resolve(makeAskedEnding(requests));
  if (requests.stop.aborted) askedToStop();
  requests.stop.addEventListener('abort', askedToStop);
  if (command === undefined && plan.services.length === 0) ended.resolve(makeIdleEnding(plan));

  const ending = await ended.promise;
  requests.beginStop();
  options.onStopping(ending);
  if (command === undefined || plan.services.length > 0) log.info(escapeLine(`stopping: ${ending.reason}`));
  isStopping = true;
  const { exit, left } = await stopAll(options, supervisor, command);
  memory.close();
  const whole = withCommand(ending, {
    exit: ending === ofCommand ? undefined : exit,
    wantedCode: requests.wantedCode(),
  });
  return withKilled(whole, [...killed, ...left]);
}

function waitForAbort(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function superviseServices(
  options: WorkbenchOptions & { readonly memory: MemoryWatch; readonly onKilled: (name: string) => void },
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
    umask: plan.umask,
    log: options.log,
    memory: options.memory,
    passwordSet: options.passwordSet,
    onKilled: options.onKilled,
    onChange: options.onChange,
    onFinalEnd: (name, ended) => {
      const ending = makeServiceEnding(name, ended, plan);
      if (ending !== undefined) end(ending);
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
    resolve(exit);
  });
  requests.setCommand(running);
  return { ...running, exit: promise };
}

/** Ends everything within the time that a stop may take. Returns how the CMD ended, and what was left and killed. */
async function stopAll(
  options: WorkbenchOptions,
  supervisor: Supervisor,
  command: Command | undefined,
): Promise<{ readonly exit: Exit | undefined; readonly left: readonly string[] }> {
  const { plan, requests } = options;
  const deadlineMs = readClockMs() + plan.shutdownTimeoutMs;
  const killAll = () => {
    supervisor.killAll();
    command?.signal('SIGKILL');
  };
  const timer = setTimeout(killAll, plan.shutdownTimeoutMs - killReserveOf(plan));
  requests.kill.addEventListener('abort', killAll);
  supervisor.stopAll();
  command?.signal('SIGTERM');
  await within(Promise.all([supervisor.whenQuiet(), command?.exit]), plan.shutdownTimeoutMs);
  clearTimeout(timer);
  const left = await cleanUp(options, deadlineMs);
  return { exit: await within(Promise.resolve(command?.exit), 0), left };
}

/** The promise's value, or undefined when it takes longer than that. */
function within<T>(promise: Promise<T>, limitMs: number): Promise<T | undefined> {
  const { promise: limit, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, limitMs, undefined);
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}
