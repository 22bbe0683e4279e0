import { applyAccounts } from '../apply/accounts.ts';
import { applyFiles, applyRuntimeFolder } from '../apply/apply.ts';
import { runInitScripts } from '../apply/init-scripts.ts';
import type { Control } from '../control/control.ts';
import type { SubjectKeeper } from '../control/subject.ts';
import type { Layer } from '../environment.ts';
import { LintelError, renderCause } from '../errors.ts';
import type { Origin } from '../launch/environ.ts';
import type { Log } from '../log/log.ts';
import type { Requests } from '../pid1/requests.ts';
import type { Plan, Script } from '../plan.ts';
import type { Spawner } from '../processes/child.ts';
import type { Gate } from '../processes/gate.ts';
import type { Supervisor } from '../services/supervisor.ts';
import type { Settings } from '../settings/settings.ts';
import { STEPS } from '../steps/list.ts';
import type { User } from '../user.ts';
import { makeScriptFailure } from './causes.ts';
import { changesSettings, type Draft, makeDraftAgain } from './draft.ts';
import type { Ending } from './ending.ts';
import type { Furniture } from './furniture.ts';
import type { Journal } from './journal.ts';
import { growAll, type Known } from './known.ts';
import { runSteps, type StepsContext } from './steps.ts';
import { refuseFatal, sayChanges, sayProblems, saySummary } from './summary.ts';
import type { End, Timeline } from './timeline.ts';

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
  /** What stands in the termination log from now on. */
  readonly leave: (ending: Ending) => void;
}

/** As `Life`, with what only a process has that may start others. */
export interface House extends Life {
  readonly requests: Requests;
  readonly subject: SubjectKeeper;
  readonly control: Control;
  readonly journal: Journal;
  readonly spawner: Spawner;
  readonly self: User;
  /** What ran when a stop was asked for: "script 10-fetch", "step clone". */
  readonly atStop: () => string | undefined;
  /** Whoever asks what the environment is hears it of this. */
  readonly learn: (known: Known) => void;
}

/** Runs the steps that decide what the plan will be, and makes it again after each of them. */
export async function beforePlan(house: House): Promise<Known> {
  const { draft, origin, log, requests, timeline } = house;
  let known: Known = { draft, layers: [] };
  for (const step of STEPS.beforePlan) {
    const context = stepsContext(house, known);
    if (requests.stop.aborted || !step.isWanted(context)) continue;
    if (known.draft === draft) {
      // What is only missing yet may be brought by a step; what is malformed is not.
      if (draft.settings.strict !== true) refuseFatal(draft);
      makeRuntimeFolder(draft.plan, house);
      refit(draft, log);
    }
    const layers = [...known.layers, ...(await runSteps([step], context))];
    const end = timeline.begin('stage', 'planned again');
    known = { draft: makeDraftAgain(draft, origin, layers), layers };
    end();
  }
  if (known.draft !== draft) {
    house.furniture.giveTo(known.draft.plan.user);
    house.control.admit(known.draft.plan);
  }
  return known;
}

/**
 * Says what is wrong and what is done, then does it. Throws a LintelError for problems that stop the boot. Returns
 * whether all of the plan's files are as they should be.
 */
export function apply(house: House, draft: Draft): boolean {
  const { origin, log } = house;
  const { plan } = draft;
  sayProblems(draft, log);
  // A plan that was made again finds the folder of the first one.
  if (draft === house.draft) makeRuntimeFolder(plan, house);
  refit(draft, log);
  saySummary(draft, log);
  for (const name of origin.notUtf8)
    log.warn(`variable ${name} is not valid UTF-8: its odd bytes reach programs as U+FFFD`);
  const failures = applyFiles(plan);
  for (const failure of failures) log.error(failure);
  return failures.length === 0;
}

/** Before anything runs as the workbench user: who that is, by number and by name. */
function refit({ plan, facts }: Draft, log: Log): void {
  const { notes, failures } = applyAccounts(plan.accountChange, facts.root);
  for (const note of notes) log.info(note);
  for (const failure of failures) log.error(failure);
}

function makeRuntimeFolder(plan: Plan, { journal }: House): void {
  try {
    applyRuntimeFolder(plan);
    journal.follow(plan);
  } catch (error) {
    if (error instanceof LintelError) throw error;
    throw new LintelError(
      `Cannot make ${plan.runtimeDir}: ${renderCause(error)}, expected a writable folder for runtime state`,
      2,
      {
        facts: [`Lintel runs as uid ${process.geteuid?.()}`],
        advice:
          'make that a writable folder of this container (an emptyDir, --tmpfs), or set XDG_RUNTIME_DIR to one',
      },
    );
  }
}

/** The scripts of cont-init.d, and what they changed. Throws the failure of one that stops the boot. */
export async function runScripts(
  house: House,
  known: Known,
  note: (known: Known) => void,
): Promise<readonly Layer[]> {
  const { control, furniture, log, requests, self, spawner, subject, timeline } = house;
  const { plan } = known.draft;
  let end: End = () => undefined;
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
      end = timeline.begin('script', script.name);
      subject.enter({ name: 'booting', script: script.name });
      control.openSoon();
    },
    onEnded: (_script, how) => end(how),
  });
  const now = { ...known, layers: [...known.layers, ...layers] };
  note(now);
  house.learn(now);
  if (failure !== undefined) throw makeScriptFailure(failure, known.draft);
  return layers;
}

/** With what was changed since; where that decides more, planned and applied once more. */
export function settle(house: House, known: Known, changes: readonly Layer[]): Known {
  const { control, furniture, log, origin, requests, timeline } = house;
  const layers = [...known.layers, ...changes];
  if (requests.stop.aborted || !changesSettings(changes)) return { ...known, layers };
  const end = timeline.begin('stage', 'planned again');
  const draft = makeDraftAgain(house.draft, origin, layers);
  sayChanges(known.draft, draft, log);
  sayTooLate(known.draft.settings, draft.settings, log);
  refit(draft, log);
  const failures = applyFiles(draft.plan);
  for (const failure of failures) log.error(failure);
  control.admit(draft.plan);
  if (!isSameUser(draft.plan.user, known.draft.plan.user)) furniture.giveTo(draft.plan.user);
  end({ isFailed: failures.length > 0 });
  return { draft, layers };
}

/** What was done before the scripts is not done again. */
function sayTooLate(before: Settings, after: Settings, log: Log): void {
  for (const [key, name] of [
    ['password', 'PASSWORD'],
    ['vncPassword', 'VNC_PASSWORD'],
  ] as const)
    if (before[key] !== after[key])
      log.warn(
        `${name} was changed by a script, which is too late: give it to the container, or mount it as ${name}_FILE`,
      );
}

/** What a step sees at this moment. */
export function stepsContext(house: House, known: Known): StepsContext {
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

function isSameUser(user: User, other: User): boolean {
  return user.uid === other.uid && user.gid === other.gid;
}
