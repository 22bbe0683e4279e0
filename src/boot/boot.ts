import { applyFiles, applyRuntimeFolder } from '../apply/apply.ts';
import { runInitScripts } from '../apply/init-scripts.ts';
import { writeTerminationLog } from '../apply/termination.ts';
import { readClockMs } from '../clock.ts';
import { makeControl } from '../control/control.ts';
import { makeSubject } from '../control/subject.ts';
import { type Growth, grow, without } from '../environment.ts';
import { LintelError, renderCause } from '../errors.ts';
import type { Facts } from '../facts/facts.ts';
import type { Environment, Origin } from '../launch/environ.ts';
import { makeHistory } from '../log/history.ts';
import { type Log, makeLog } from '../log/log.ts';
import { collectLater } from '../pid1/collection.ts';
import { openLibc } from '../pid1/libc.ts';
import { startReaper } from '../pid1/reaper.ts';
import { receiveRequests } from '../pid1/requests.ts';
import type { Script } from '../plan.ts';
import type { Spawner } from '../processes/child.ts';
import { type Gate, makeGate } from '../processes/gate.ts';
import type { Supervisor } from '../services/supervisor.ts';
import type { User } from '../user.ts';
import { cleanUp } from './cleanup.ts';
import { changesSettings, type Draft, makeDraft, makeDraftAgain } from './draft.ts';
import { type Ending, makeEarlyEnding, withExitCode } from './ending.ts';
import { type Furniture, makeFurniture } from './furniture.ts';
import { sayChanges, sayHeader, sayProblems, saySummary } from './summary.ts';
import { runWorkbench } from './workbench.ts';

/** From the container's variables and arguments to its exit code. Never rejects but for a bug. */
export async function boot(origin: Origin, command: readonly string[]): Promise<number> {
  const draft = makeDraft(origin, command);
  let supervisor: Supervisor | undefined;
  const gate = makeGate();
  const log = await makeLog({
    format: draft.settings.logFormat ?? 'text',
    history: makeHistory(),
    isStdoutTaken: command.length > 0,
    onFull: isFull => gate.setReading(!isFull),
  });
  const keepSupervisor = (made: Supervisor) => {
    supervisor = made;
  };
  const furniture = makeFurniture(draft, log);
  // Children of libc's are nothing that Node knows to wait for.
  const alive = setInterval(() => undefined, LONGEST_TIMER_MS);
  const lived = await live({
    draft,
    origin,
    log,
    gate,
    furniture,
    onReaped: () => supervisor?.onChildEnded(),
    keepSupervisor,
  });
  const ending = withExitCode(lived, furniture.places, log);
  await gate.drain(DRAIN_MS);
  if (command.length === 0 || draft.plan.services.length > 0)
    log.info(`ended with exit code ${ending.code}: ${ending.reason}`);
  writeTerminationLog(draft.facts.root, ending.reason);
  await log.flush(FLUSH_MS);
  clearInterval(alive);
  return ending.code;
}

/** What is left in the pipes of ended services; a process that can't be killed may hold one open. */
const DRAIN_MS = 200;
/** A reader that has stalled at the very end is not waited for longer than this. */
const FLUSH_MS = 1000;
/** 24 days: the most that a timer of Node's can wait. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

interface Life {
  readonly draft: Draft;
  readonly origin: Origin;
  readonly log: Log;
  readonly gate: Gate;
  readonly furniture: Furniture;
  readonly onReaped: () => void;
  readonly keepSupervisor: (supervisor: Supervisor) => void;
}

async function live(life: Life): Promise<Ending> {
  const { draft, origin, log, gate, furniture, onReaped, keepSupervisor } = life;
  const { facts } = draft;
  const requests = receiveRequests(facts.process.hasTerminal);
  const subject = makeSubject({ history: log.history, shutdown: requests.shutdown });
  let stopAskedMs: number | undefined;
  requests.stop.addEventListener('abort', () => {
    stopAskedMs = readClockMs();
    subject.enter({ name: 'stopping', reason: `asked to stop by ${requests.stop.reason}` });
  });
  const control = makeControl({ plan: draft.plan, uid: facts.process.uid, log, subject });
  const native = prepareProcess(facts, log, onReaped);
  /** Ends what scripts have begun, where no service follows. */
  let endEarly: (() => Promise<void>) | undefined;
  try {
    const first = applyDraft(draft, origin, log);
    const spawner = makeSpawner(draft, native, gate);
    const self = makeSelf(facts, draft.environment);
    const { folder } = furniture;
    const furnish = () => furniture.make({ ...first.environment, ...first.plan.environment });
    const isEarly = first.plan.initScripts.length > 0 || first.plan.usesS6;
    if (isEarly) furnish();
    const onScript = (script: Script) => {
      subject.enter({ name: 'booting', script: script.name });
      control.openSoon();
    };
    const init = {
      spawner,
      self,
      folder,
      log,
      stop: requests.stop,
      kill: requests.kill,
      onStarted: onScript,
    };
    const { growth, failure } = await runInitScripts({ ...init, plan: first.plan, given: first.environment });
    endEarly = () => {
      requests.beginStop();
      const cleanup = { plan: first.plan, spawner, self, log, requests, ...growAll(first, growth) };
      return cleanUp(cleanup, (stopAskedMs ?? readClockMs()) + first.plan.shutdownTimeoutMs);
    };
    if (failure !== undefined) throw failure;
    if (requests.stop.aborted) {
      await endEarly();
      return makeEarlyEnding(first.plan, requests);
    }
    subject.enter({ name: 'booting' });
    // Scripts may have fetched the very certificates or mirrors that the tools were waiting for.
    const last = changesSettings(growth) ? replan(first, origin, growth, log) : first;
    const { plan } = last;
    control.admit(plan);
    if (!isSameUser(plan.user, first.plan.user)) furniture.giveTo(plan.user);
    const { given, added } = growAll(last, growth);
    if (isEarly) for (const failure of folder.write({ ...given, ...added })) log.error(failure);
    return await runWorkbench({
      plan,
      spawner,
      cgroup: facts.cgroup,
      self,
      given,
      added,
      log,
      requests,
      onSupervisor: supervisor => {
        keepSupervisor(supervisor);
        subject.attach(supervisor);
        if (plan.services.length > 0) control.open();
      },
      onStarted: () => {
        if (!isEarly) furnish();
        control.open();
        collectLater();
      },
      onStopping: reason => subject.enter({ name: 'stopping', reason }),
    });
  } catch (error) {
    if (!(error instanceof LintelError)) throw error;
    log.error(error.message);
    subject.enter({ name: 'stopping', reason: reasonOf(error) });
    await endEarly?.();
    return { code: error.exitCode, reason: reasonOf(error) };
  } finally {
    control.close();
    // Outside a pid namespace of its own it leaves no zombies to others.
    native?.reaper.reapAll();
  }
}

/** The last lines of a script stand in the log already, twice. */
function reasonOf({ message }: LintelError): string {
  return message.split('; its last lines:')[0] ?? '';
}

/** The container's variables and what was added to them, with what scripts changed. */
function growAll({ plan, environment }: Draft, growth: Growth): { given: Environment; added: Environment } {
  return { given: without(environment, growth.unset), added: grow(plan.environment, growth) };
}

/** Says what is wrong and what is done, then does it. Throws a LintelError for problems that stop the boot. */
function applyDraft(draft: Draft, origin: Origin, log: Log): Draft {
  const { plan } = draft;
  sayHeader(draft, log);
  sayProblems(plan, log);
  try {
    applyRuntimeFolder(plan);
  } catch (error) {
    if (error instanceof LintelError) throw error;
    throw new LintelError(
      `Cannot make ${plan.runtimeDir}: ${renderCause(error)}, expected a writable folder for runtime state`,
      2,
    );
  }
  saySummary(draft, log);
  for (const name of origin.notUtf8)
    log.warn(`variable ${name} is not valid UTF-8: its odd bytes reach programs as U+FFFD`);
  for (const failure of applyFiles(plan)) log.error(failure);
  return draft;
}

function replan(draft: Draft, origin: Origin, growth: Growth, log: Log): Draft {
  const again = makeDraftAgain(draft, origin, growth);
  sayChanges(draft.plan, again.plan, log);
  for (const failure of applyFiles(again.plan)) log.error(failure);
  return again;
}

function isSameUser(user: User, other: User): boolean {
  return user.uid === other.uid && user.gid === other.gid;
}

function prepareProcess(facts: Facts, log: Log, onReaped: () => void): Spawner['native'] {
  const libc = openLibc();
  if ('missing' in libc) {
    log.warn(
      `orphaned processes are not reaped: ${libc.missing}. Better start the container with the engine's --init`,
    );
    if (facts.setpriv === undefined && facts.process.uid === 0) {
      log.warn('there is no setpriv (util-linux) either: services run without their supplementary groups');
    }
    return undefined;
  }
  if (!facts.process.isPid1) libc.becomeSubreaper();
  if (facts.process.uid === 0) libc.dropInheritedCapabilities();
  return { libc, reaper: startReaper(libc, onReaped) };
}

function makeSpawner({ facts, plan }: Draft, native: Spawner['native'], gate: Gate): Spawner {
  const openFiles = { soft: plan.openFilesSoft, hard: facts.process.openFiles.hard };
  return { native, setpriv: facts.setpriv, uid: facts.process.uid, openFiles, gate };
}

/** Lintel's own user, whom scripts run as. */
function makeSelf(facts: Facts, environment: Environment): User {
  const { uid, gid, groups } = facts.process;
  return { uid, gid, groups, name: String(uid), home: environment['HOME'] ?? '/', shell: '/bin/sh' };
}
