import { applyFiles, applyRuntimeFolder } from './apply/apply.ts';
import { type EnvironmentFolder, makeEnvironmentFolder } from './apply/environment-folder.ts';
import { runInitScripts } from './apply/init-scripts.ts';
import { makeS6Places, type S6Places } from './apply/s6.ts';
import { writeTerminationLog } from './apply/termination.ts';
import { cleanUp } from './cleanup.ts';
import { readClockMs } from './clock.ts';
import { makeControl } from './control/control.ts';
import { makeSubject } from './control/subject.ts';
import { type Growth, grow, without } from './environment.ts';
import { LintelError, type Problem, renderCause, renderProblem } from './errors.ts';
import { readEnvFiles } from './facts/env-files.ts';
import { EXIT_CODE_FILE } from './facts/exit-code.ts';
import { type Facts, readFacts } from './facts/facts.ts';
import { isNamer, namersOf, readSecretFiles } from './facts/secret-files.ts';
import { makeHistory } from './history.ts';
import type { Environment, Origin } from './launch/environ.ts';
import { type Log, makeLog } from './log.ts';
import { collectLater } from './pid1/collection.ts';
import { openLibc } from './pid1/libc.ts';
import { startReaper } from './pid1/reaper.ts';
import { type Requests, receiveRequests, SHUTDOWN } from './pid1/requests.ts';
import { makePlan, type Plan, type Script } from './plan.ts';
import type { Spawner } from './services/child.ts';
import { exitCodeOf } from './services/exit.ts';
import { type Gate, makeGate } from './services/gate.ts';
import type { Supervisor } from './services/supervisor.ts';
import { parseSettings, type Settings } from './settings/settings.ts';
import { VARIABLES } from './settings/variables.ts';
import type { User } from './user.ts';
import { LINTEL_VERSION } from './version.ts';
import { type Ending, runWorkbench } from './workbench.ts';

/** Everything that is known before anything is changed. */
export interface Draft {
  readonly environment: Environment;
  readonly settings: Settings;
  readonly facts: Facts;
  readonly plan: Plan;
  /** The CMD as it was given. */
  readonly command: readonly string[];
}

/**
 * Reads settings and facts and makes the plan; changes nothing. `lintel plan` and `lintel facts` print it. A boot
 * that plans again keeps its `runtimeDir`.
 */
export function makeDraft(origin: Origin, command: readonly string[], runtimeDir?: string): Draft {
  const secrets = readSecretFiles(readEnvFiles(origin.environment));
  const { environment } = secrets;
  const parsed = parseSettings(environment);
  const { settings } = parsed;
  const facts = readFacts({ settings, environment, openFilesSoft: origin.openFilesSoft, runtimeDir });
  const unread = secrets.problems.map(problem => ({ ...problem, fatal: settings.strict === true }));
  const plan = makePlan({
    settings,
    facts,
    environment,
    command,
    problems: [...unread, ...parsed.problems],
    warnings: [...secrets.warnings, ...parsed.warnings],
  });
  return {
    environment,
    settings,
    facts,
    command,
    plan: { ...plan, problems: hideSecrets(plan.problems, secrets.names) },
  };
}

/** What a variable's file holds is shown nowhere, also where it is a mistake. */
function hideSecrets(problems: readonly Problem[], names: ReadonlySet<string>): Problem[] {
  return problems.map(problem =>
    names.has(problem.what) ? { ...problem, seen: 'what its file holds' } : problem,
  );
}

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
  const places = makeS6Places({ ...draft.facts, ...draft.plan, environmentFolder: folderOf(draft.plan) });
  // Children of libc's are nothing that Node knows to wait for.
  const alive = setInterval(() => undefined, LONGEST_TIMER_MS);
  const lived = await live({
    draft,
    origin,
    log,
    gate,
    places,
    onReaped: () => supervisor?.onChildEnded(),
    keepSupervisor,
  });
  const ending = withExitCode(lived, places, log);
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
  readonly places: S6Places;
  readonly onReaped: () => void;
  readonly keepSupervisor: (supervisor: Supervisor) => void;
}

async function live(life: Life): Promise<Ending> {
  const { draft, origin, log, gate, places, onReaped, keepSupervisor } = life;
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
    const folder = makeEnvironmentFolder(folderOf(first.plan), first.plan.user);
    const furnish = () => furnishRun(first, { folder, places, log });
    // Only scripts, and services written for s6, need it to be there before they start.
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

/** A CMD that a stop kept from starting must not look successful: it ends as that signal would have ended it. */
function makeEarlyEnding(plan: Plan, { stop, wantedCode }: Requests): Ending {
  const signal: NodeJS.Signals = stop.reason === SHUTDOWN ? 'SIGTERM' : stop.reason;
  const code = wantedCode() ?? (plan.command.length === 0 ? 0 : exitCodeOf({ signal }));
  return { code, reason: `asked to stop by ${stop.reason} during the boot` };
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

function sayProblems({ problems }: Pick<Plan, 'problems'>, log: Log): void {
  const fatal = problems.filter(problem => problem.fatal);
  for (const problem of problems) log.error(renderProblem(problem));
  if (fatal.length === 0) return;
  throw new LintelError(
    `nothing was started: ${fatal.length === 1 ? 'a problem' : `${fatal.length} problems`} above must be mended first`,
    2,
  );
}

/** A plain `docker run IMAGE COMMAND`, where nothing is applied, is as silent as without Lintel. */
function isSilent({ plan }: Draft): boolean {
  const { command, services, notes, initScripts, problems, warnings } = plan;
  const count = services.length + notes.length + initScripts.length + problems.length + warnings.length;
  return command.length > 0 && count === 0;
}

function sayHeader(draft: Draft, log: Log): void {
  if (isSilent(draft)) return;
  const { user } = draft.plan;
  log.info(`Lintel ${LINTEL_VERSION} boots`, {
    pid: process.pid,
    uid: draft.facts.process.uid,
    workbench: `${user.name} ${user.uid}:${user.gid}`,
    home: user.home,
  });
}

function saySummary(draft: Draft, log: Log): void {
  const { plan } = draft;
  for (const warning of plan.warnings) log.warn(warning);
  if (isSilent(draft)) return;
  for (const { tool, text } of plan.notes) log.info(`${tool}: ${text}`);
  const names = plan.services.map(({ definition }) => definition.name).join(' ');
  const disabled = plan.disabledServices.map(({ name, why }) => `${name} (${why})`).join(', ');
  log.info(`services: ${names || 'none'}${disabled === '' ? '' : `; not: ${disabled}`}`);
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

function folderOf({ runtimeDir }: Pick<Plan, 'runtimeDir'>): string {
  return `${runtimeDir}/env`;
}

/** Makes the environment's folder, and what scripts written for s6 look for below /run. */
function furnishRun(
  { plan, environment }: Draft,
  to: { readonly folder: EnvironmentFolder; readonly places: S6Places; readonly log: Log },
): void {
  for (const failure of to.folder.write({ ...environment, ...plan.environment })) to.log.error(failure);
  const missing = to.places.make();
  if (plan.usesS6 && missing.length > 0) to.log.warn(`scripts made for s6 do not find ${missing.join(', ')}`);
}

/** What a script wrote as the container's exit code wins over every other. */
function withExitCode(ending: Ending, places: S6Places, log: Log): Ending {
  const wish = places.readExitCode();
  if (wish === undefined) return ending;
  if ('trouble' in wish) {
    log.warn(`${EXIT_CODE_FILE} is passed over: ${wish.trouble}, expected a whole number from 0 to 255`);
    return ending;
  }
  return { code: wish.code, reason: `${ending.reason} (exit code from ${EXIT_CODE_FILE})` };
}

/** Lintel's own user, whom scripts run as. */
function makeSelf(facts: Facts, environment: Environment): User {
  const { uid, gid, groups } = facts.process;
  return { uid, gid, groups, name: String(uid), home: environment['HOME'] ?? '/', shell: '/bin/sh' };
}

function replan(draft: Draft, origin: Origin, growth: Growth, log: Log): Draft {
  // To a setting an empty value is an absent one, also where /etc/lintel has a default for it.
  const unset = Object.fromEntries(growth.unset.map(name => [name, '']));
  // Nor does a file bring back what a script changed.
  const unread = [...growth.unset, ...Object.keys(growth.set)].flatMap(namersOf);
  const environment = { ...without(origin.environment, unread), ...unset, ...growth.set };
  const again = makeDraft({ ...origin, environment }, draft.command, draft.plan.runtimeDir);
  const said = new Set(draft.plan.problems.map(renderProblem));
  sayProblems({ problems: again.plan.problems.filter(problem => !said.has(renderProblem(problem))) }, log);
  for (const warning of again.plan.warnings) if (!draft.plan.warnings.includes(warning)) log.warn(warning);
  for (const { tool, text } of again.plan.notes) log.info(`${tool}: ${text} (settings changed by scripts)`);
  for (const failure of applyFiles(again.plan)) log.error(failure);
  return again;
}

/** HOME decides whose files the tools are configured in; a secret's file may hold any setting. */
function changesSettings({ set, unset }: Growth): boolean {
  const changed = new Set([...Object.keys(set), ...unset]);
  if (changed.size === 0) return false;
  if ([...changed].some(isNamer)) return true;
  return ['HOME', ...Object.values(VARIABLES).flatMap(({ names }) => names)].some(name => changed.has(name));
}
