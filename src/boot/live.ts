import { applyAccounts } from '../apply/accounts.ts';
import { applyFiles, applyRuntimeFolder } from '../apply/apply.ts';
import { runInitScripts } from '../apply/init-scripts.ts';
import { applyRFiles, applyShellFile, type ShellFiles } from '../apply/shell-files.ts';
import { readClockMs } from '../clock.ts';
import { type Control, makeControl } from '../control/control.ts';
import { makeSubject, type SubjectKeeper } from '../control/subject.ts';
import { grow, joinLayers, type Layer, makeEnvironment, makeUserLayer, without } from '../environment.ts';
import { LintelError, renderCause } from '../errors.ts';
import type { Facts } from '../facts/facts.ts';
import type { Environment, Origin } from '../launch/environ.ts';
import type { Log } from '../log/log.ts';
import { collectLater } from '../pid1/collection.ts';
import { openLibc } from '../pid1/libc.ts';
import { startReaper } from '../pid1/reaper.ts';
import { type Requests, receiveRequests } from '../pid1/requests.ts';
import type { Plan, Script } from '../plan.ts';
import type { Spawner } from '../processes/child.ts';
import type { Gate } from '../processes/gate.ts';
import type { Supervisor } from '../services/supervisor.ts';
import { UNSEEN } from '../settings/variables.ts';
import { startsByStacks } from '../steps/hooks.ts';
import { LATE_STEPS, STEPS } from '../steps/list.ts';
import type { Step } from '../steps/step.ts';
import type { User } from '../user.ts';
import { type Cleanup, cleanUp } from './cleanup.ts';
import { changesSettings, type Draft, makeDraftAgain } from './draft.ts';
import { type Ending, makeEarlyEnding } from './ending.ts';
import type { Furniture } from './furniture.ts';
import { runSteps, runStepsBeside, type StepsContext, splitSteps, startLateSteps } from './steps.ts';
import { runBesideAgain } from './store-again.ts';
import { refuseFatal, sayChanges, sayHeader, sayProblems, saySummary, sayTimes } from './summary.ts';
import type { Timeline } from './timeline.ts';
import { runWorkbench } from './workbench.ts';

/** What a boot has at hand from its beginning to its end. */
export interface Life {
  readonly draft: Draft;
  readonly timeline: Timeline;
  readonly origin: Origin;
  readonly log: Log;
  readonly gate: Gate;
  readonly furniture: Furniture;
  readonly onReaped: () => void;
  readonly keepSupervisor: (supervisor: Supervisor) => void;
}

/** As `Life`, with what only a process has that may start others. */
interface House extends Life {
  readonly requests: Requests;
  readonly subject: SubjectKeeper;
  readonly control: Control;
  readonly spawner: Spawner;
  readonly self: User;
  /** Whoever asks what the environment is hears it of this. */
  readonly learn: (known: Known) => void;
}

/** Everything between the plan and the last process, in order. Never rejects but for a bug. */
export async function live(life: Life): Promise<Ending> {
  const { draft, log, onReaped } = life;
  const { facts } = draft;
  const requests = receiveRequests(facts.process.hasTerminal);
  let latest: Known = { draft, layers: [] };
  const subject = makeSubject({
    history: log.history,
    shutdown: requests.shutdown,
    environment: () => ({ layers: listLayers(latest), user: latest.draft.plan.user }),
  });
  let stopAskedMs: number | undefined;
  requests.stop.addEventListener('abort', () => {
    stopAskedMs = readClockMs();
    subject.enter({ name: 'stopping', reason: `asked to stop by ${requests.stop.reason}` });
  });
  const control = makeControl({ plan: draft.plan, uid: facts.process.uid, log, subject });
  const native = prepareProcess(facts, log, onReaped);
  const spawner = makeSpawner(draft, native, life.gate);
  const self = makeSelf(facts, draft.environment);
  const learn = (now: Known) => {
    latest = now;
  };
  const house: House = { ...life, requests, subject, control, spawner, self, learn };
  /** What is known so far: an early end runs the finish scripts of it. */
  let known: Known | undefined;
  const endEarly = async () => {
    if (known === undefined) return;
    requests.beginStop();
    const { shutdownTimeoutMs } = known.draft.plan;
    await cleanUp(cleanupOf(house, known), (stopAskedMs ?? readClockMs()) + shutdownTimeoutMs);
  };
  try {
    return await bootAndRun(house, endEarly, now => {
      known = now;
    });
  } catch (error) {
    if (!(error instanceof LintelError)) throw error;
    log.error(error.message);
    subject.enter({ name: 'stopping', reason: reasonOf(error) });
    await endEarly();
    return { code: error.exitCode, reason: reasonOf(error) };
  } finally {
    control.close();
    // Outside a pid namespace of its own it leaves no zombies to others.
    native?.reaper.reapAll();
  }
}

/** What the boot knows at a moment: the draft, and what steps and scripts changed since. */
interface Known {
  readonly draft: Draft;
  readonly layers: readonly Layer[];
}

/** Every stage in its order. Throws a LintelError for what stops the boot. */
async function bootAndRun(
  house: House,
  endEarly: () => Promise<void>,
  note: (known: Known) => void,
): Promise<Ending> {
  const { requests, log, timeline, subject } = house;
  sayHeader(house.draft, log);
  const planned = await beforePlan(house);
  timed(timeline, 'files', () => apply(house, planned.draft));
  const early = await runSteps(STEPS.beforeScripts, stepsContext(house, planned));
  const prepared: Known = { ...planned, layers: [...planned.layers, ...early] };
  const forServices = runStepsBeside(STEPS.forServices, stepsContext(house, prepared));
  const passwordSet = forServices.catch(error => log.error(renderBug(error)));
  const beside = runStepsBeside(STEPS.besideScripts, stepsContext(house, prepared));
  // Whoever waits for it sees how it ended; until then nobody may be listening.
  beside.catch(() => undefined);
  house.learn(prepared);
  const isEarly = prepared.draft.plan.initScripts.length > 0 || prepared.draft.plan.usesS6;
  if (isEarly) furnish(house, prepared);
  const scripted = settle(house, prepared, await runScripts(house, prepared, note));
  subject.enter({ name: 'booting' });
  const { inTime, late } = splitSteps(STEPS.afterScripts, scripted.draft.settings.asyncInit);
  const settled = settle(house, scripted, await runSteps(inTime, stepsContext(house, scripted)));
  const last = withhold(settled);
  note(last);
  house.learn(last);
  if (requests.stop.aborted) {
    await endEarly();
    return makeEarlyEnding(last.draft.plan, requests);
  }
  if (isEarly) furnish(house, last);
  // Before the CMD, which may be a login shell.
  for (const failure of applyShellFile(shellFilesOf(last))) log.error(failure);
  sayTimes(last.draft, timeline, log);
  const ending = new AbortController();
  const beforeCommand = runBesideAgain(beside, prepared.draft.facts, stepsContext(house, last));
  beforeCommand.catch(() => undefined);
  return runWorkbench({
    ...cleanupOf(house, last),
    cgroup: last.draft.facts.cgroup,
    beforeCommand,
    passwordSet,
    onSupervisor: supervisor => {
      house.keepSupervisor(supervisor);
      subject.attach(supervisor);
      if (last.draft.plan.services.length > 0) house.control.open();
    },
    onStarted: () => {
      if (!isEarly) furnish(house, last);
      writeRFiles(house, last);
      house.control.open();
      collectLater();
      if (requests.stop.aborted) return;
      void runLate(house, last, { steps: late, ending: ending.signal });
      startLateSteps(LATE_STEPS, { ...stepsContext(house, last), stop: ending.signal }, subject.find);
    },
    onStopping: reason => {
      ending.abort();
      subject.enter({ name: 'stopping', reason });
    },
  });
}

/** Runs the steps that decide what the plan will be, and makes it again after each of them. */
async function beforePlan(house: House): Promise<Known> {
  const { draft, origin, log, requests, timeline } = house;
  let known: Known = { draft, layers: [] };
  for (const step of STEPS.beforePlan) {
    const context = stepsContext(house, known);
    if (requests.stop.aborted || !step.isWanted(context)) continue;
    if (known.draft === draft) {
      // What is only missing yet may be brought by a step; what is malformed is not.
      if (draft.settings.strict !== true) refuseFatal(draft.plan, log);
      makeRuntimeFolder(draft.plan);
      refit(draft, log);
    }
    const layers = [...known.layers, ...(await runSteps([step], context))];
    const startMs = timeline.nowMs();
    known = { draft: makeDraftAgain(draft, origin, layers), layers };
    timeline.add('planned again', startMs);
  }
  if (known.draft !== draft) house.furniture.giveTo(known.draft.plan.user);
  return known;
}

/** What nobody waits for, after services and CMD have started. What it changes reaches only what starts later. */
async function runLate(
  house: House,
  known: Known,
  { steps, ending }: { readonly steps: readonly Step[]; readonly ending: AbortSignal },
): Promise<void> {
  const { furniture, log } = house;
  const context = stepsContext(house, known);
  try {
    const stop = AbortSignal.any([context.stop, ending]);
    const layers = await runSteps(steps, { ...context, stop });
    if (layers.length === 0 || stop.aborted) return;
    const grown = { ...known, layers: [...known.layers, ...layers] };
    house.learn(grown);
    const { given, added } = growAll(grown);
    for (const failure of [
      ...furniture.folder.write({ ...given, ...added }),
      ...applyShellFile(shellFilesOf(grown)),
    ])
      log.error(failure);
    writeRFiles(house, grown);
  } catch (error) {
    if (!(error instanceof LintelError)) throw error;
    log.error(error.message);
  }
}

/** Says what is wrong and what is done, then does it. Throws a LintelError for problems that stop the boot. */
function apply(house: House, draft: Draft): void {
  const { origin, log } = house;
  const { plan } = draft;
  sayProblems(plan, log);
  // A plan that was made again finds the folder of the first one.
  if (draft === house.draft) makeRuntimeFolder(plan);
  refit(draft, log);
  saySummary(draft, log);
  for (const name of origin.notUtf8)
    log.warn(`variable ${name} is not valid UTF-8: its odd bytes reach programs as U+FFFD`);
  for (const failure of applyFiles(plan)) log.error(failure);
}

/** Before anything runs as the workbench user: who that is, by number and by name. */
function refit({ plan, facts }: Draft, log: Log): void {
  const { notes, failures } = applyAccounts(plan.accountChange, facts.root);
  for (const note of notes) log.info(note);
  for (const failure of failures) log.error(failure);
}

function makeRuntimeFolder(plan: Plan): void {
  try {
    applyRuntimeFolder(plan);
  } catch (error) {
    if (error instanceof LintelError) throw error;
    throw new LintelError(
      `Cannot make ${plan.runtimeDir}: ${renderCause(error)}, expected a writable folder for runtime state`,
      2,
    );
  }
}

/** The scripts of cont-init.d, and what they changed. Throws the failure of one that stops the boot. */
async function runScripts(
  house: House,
  known: Known,
  note: (known: Known) => void,
): Promise<readonly Layer[]> {
  const { control, furniture, log, requests, self, spawner, subject, timeline } = house;
  const { plan } = known.draft;
  let startMs = 0;
  const { layers, failure } = await runInitScripts({
    plan,
    spawner,
    self,
    given: growAll(known).given,
    added: growAll(known).added,
    folder: furniture.folder,
    log,
    stop: requests.stop,
    kill: requests.kill,
    onStarted: (script: Script) => {
      startMs = timeline.nowMs();
      subject.enter({ name: 'booting', script: script.name });
      control.openSoon();
    },
    onEnded: (script: Script) => timeline.add(script.name, startMs),
  });
  const now = { ...known, layers: [...known.layers, ...layers] };
  note(now);
  house.learn(now);
  if (failure !== undefined) throw failure;
  return layers;
}

/** With what was changed since; where that decides more, planned and applied once more. */
function settle(house: House, known: Known, changes: readonly Layer[]): Known {
  const { control, furniture, log, origin, requests, timeline } = house;
  const layers = [...known.layers, ...changes];
  if (requests.stop.aborted || !changesSettings(changes)) return { ...known, layers };
  const startMs = timeline.nowMs();
  const draft = makeDraftAgain(house.draft, origin, layers);
  sayChanges(known.draft.plan, draft.plan, log);
  refit(draft, log);
  for (const failure of applyFiles(draft.plan)) log.error(failure);
  control.admit(draft.plan);
  if (!isSameUser(draft.plan.user, known.draft.plan.user)) furniture.giveTo(draft.plan.user);
  timeline.add('planned again', startMs);
  return { draft, layers };
}

/** R itself takes longer to start than these take to be written. */
function writeRFiles({ log }: House, known: Known): void {
  if (known.draft.facts.configs.r.length === 0) return;
  for (const failure of applyRFiles(shellFilesOf(known))) log.error(failure);
}

/** Of the environment as it is now. */
function shellFilesOf({ draft, layers }: Known): ShellFiles {
  const { plan, sources } = draft;
  const { given, added } = growAll({ draft, layers });
  return {
    runtimeDir: plan.runtimeDir,
    user: plan.user,
    container: sources.container.set,
    environment: makeEnvironment(given, added, plan.user),
  };
}

/** What services and CMD do not get; docker-stacks' own start script takes it away itself, when its hooks have run. */
function withhold({ draft, layers }: Known): Known {
  const { envVarsToUnset } = draft.settings;
  if (envVarsToUnset === undefined || startsByStacks(draft.plan)) return { draft, layers };
  const source = 'JUPYTER_ENV_VARS_TO_UNSET';
  return { draft, layers: [...layers, { source, set: {}, unset: [...envVarsToUnset, source] }] };
}

function furnish({ furniture }: House, known: Known): void {
  const { given, added } = growAll(known);
  furniture.make({ ...given, ...added });
}

function stepsContext(house: House, known: Known): StepsContext {
  const { log, requests, self, spawner, timeline } = house;
  const { settings, facts, plan } = known.draft;
  const { given, added } = growAll(known);
  const environment = { ...given, ...added };
  return {
    settings,
    facts,
    plan,
    environment,
    spawner,
    self,
    log,
    timeline,
    stop: requests.stop,
    kill: requests.kill,
  };
}

function cleanupOf({ spawner, self, log, requests }: House, known: Known): Cleanup {
  return { plan: known.draft.plan, spawner, self, log, requests, ...growAll(known) };
}

/** The container's variables and what was added to them, with what steps and scripts changed. */
function growAll({ draft, layers }: Known): { given: Environment; added: Environment } {
  const growth = joinLayers(layers);
  return {
    given: without(draft.environment, [...growth.unset, ...UNSEEN]),
    added: without(grow(draft.plan.environment, growth), UNSEEN),
  };
}

/** Who said what of the environment of a process of the workbench user's: as `growAll`, in layers. */
function listLayers({ draft, layers }: Known): Layer[] {
  const { sources, plan } = draft;
  const { files, container, secrets, platform } = sources;
  const all = [
    ...files,
    container,
    ...secrets,
    ...platform,
    ...plan.layers,
    ...layers,
    makeUserLayer(plan.user),
  ];
  return all.map(layer => ({ ...layer, set: without(layer.set, UNSEEN) }));
}

/** No service waits for ever because of one. */
function renderBug(error: unknown): string {
  return `Bug in Lintel: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

/** The last lines of a script stand in the log already, twice. */
function reasonOf({ message }: LintelError): string {
  return message.split('; its last lines:')[0] ?? '';
}

function timed(timeline: Timeline, name: string, act: () => void): void {
  const startMs = timeline.nowMs();
  act();
  timeline.add(name, startMs);
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
