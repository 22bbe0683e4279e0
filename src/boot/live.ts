import { applyRFiles, applyShellFile } from '../apply/shell-files.ts';
import { readClockMs } from '../clock.ts';
import { makeControl } from '../control/control.ts';
import { makeSubject } from '../control/subject.ts';
import { LintelError } from '../errors.ts';
import { readMemoryUse } from '../facts/cgroup.ts';
import { collectLater } from '../pid1/collection.ts';
import { receiveRequests } from '../pid1/requests.ts';
import { escapeLine } from '../printable.ts';
import { LATE_STEPS, STEPS } from '../steps/list.ts';
import type { Step } from '../steps/step.ts';
import { LINTEL_VERSION } from '../version.ts';
import { makeWeb } from '../web/web.ts';
import { type Cleanup, cleanUp } from './cleanup.ts';
import type { Draft } from './draft.ts';
import { type Ending, makeEarlyEnding, makeFailedEnding, makeUnfinished, withKilled } from './ending.ts';
import { makeJournal } from './journal.ts';
import { growAll, type Known, listLayers, shellFilesOf, withhold } from './known.ts';
import { makeSelf, makeSpawner, prepareProcess } from './process.ts';
import { apply, beforePlan, type House, type Life, runScripts, settle, stepsContext } from './stages.ts';
import { runSteps, runStepsBeside, StepFailure, splitSteps, startLateSteps } from './steps.ts';
import { runBesideAgain } from './store-again.ts';
import { sayHeader, saySettled } from './summary.ts';
import { runWorkbench } from './workbench.ts';

/** Everything between the plan and the last process, in order. Never rejects but for a bug. */
export async function live(life: Life): Promise<Ending> {
  const { draft, log, onReaped } = life;
  const { facts } = draft;
  const requests = receiveRequests(facts.process.hasTerminal);
  let latest: Known = { draft, layers: [] };
  const journal = makeJournal({
    timeline: life.timeline,
    log,
    version: LINTEL_VERSION,
    onSettled: record => saySettled(latest.draft, record, log),
  });
  const subject = makeSubject({
    history: log.history,
    shutdown: requests.shutdown,
    plan: () => latest.draft.plan,
    record: journal.record,
    environment: () => {
      const { user, notes } = latest.draft.plan;
      return { layers: listLayers(latest), user, notes };
    },
    count: () => ({
      log: log.counts(),
      orphans: native?.reaper.countOrphans(),
      memory: readMemoryUse(facts.root),
    }),
  });
  let stopAskedMs: number | undefined;
  let atStop: string | undefined;
  requests.stop.addEventListener('abort', () => {
    stopAskedMs = readClockMs();
    atStop = life.timeline.findAwaited();
    if (subject.stage().name === 'booting') {
      const { plan } = latest.draft;
      life.leave(makeUnfinished(makeEarlyEnding(plan, requests, atStop), plan));
    }
    subject.enter({ name: 'stopping', reason: `asked to stop by ${requests.stop.reason}` });
  });
  const openFilesHard = facts.process.openFiles.hard;
  const control = makeControl({
    plan: draft.plan,
    uid: facts.process.uid,
    log,
    subject,
    openFilesHard,
    beside: makeWeb({ subject, log, openFilesHard }),
  });
  const native = prepareProcess(facts, log, onReaped);
  const spawner = makeSpawner(draft, native, life.gate);
  const self = makeSelf(facts, draft.environment);
  const learn = (now: Known) => {
    latest = now;
  };
  const house: House = {
    ...life,
    requests,
    subject,
    control,
    journal,
    spawner,
    self,
    learn,
    atStop: () => atStop,
  };
  /** What is known so far: an early end runs the finish scripts of it. */
  let known: Known | undefined;
  const endEarly = async () => {
    if (known === undefined) return [];
    requests.beginStop();
    const { shutdownTimeoutMs } = known.draft.plan;
    return cleanUp(cleanupOf(house, known), (stopAskedMs ?? readClockMs()) + shutdownTimeoutMs);
  };
  try {
    return await bootAndRun(house, endEarly, now => {
      known = now;
    });
  } catch (error) {
    if (!(error instanceof LintelError)) throw error;
    const ending = makeFailedEnding(error);
    const reason = publicReasonOf(error);
    subject.enter({ name: 'stopping', reason });
    journal.end('failed', reason);
    life.leave(ending);
    if (known !== undefined) log.info(escapeLine(`stopping: ${ending.reason}`));
    return withKilled(ending, await endEarly());
  } finally {
    control.close();
    // Outside a pid namespace of its own it leaves no zombies to others.
    native?.reaper.reapAll();
  }
}

/** Every stage in its order. Throws a LintelError for what stops the boot. */
async function bootAndRun(
  house: House,
  endEarly: () => Promise<readonly string[]>,
  note: (known: Known) => void,
): Promise<Ending> {
  const { requests, log, timeline, subject, journal } = house;
  sayHeader(house.draft, log);
  const prepared = await beforePlan(house);
  const endFiles = timeline.begin('stage', 'files');
  endFiles({ isFailed: !apply(house, prepared.draft) });
  const forServices = runStepsBeside(STEPS.forServices, stepsContext(house, prepared));
  // No service waits for ever because of a bug.
  const passwordSet = forServices.catch(error => log.bug(error));
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
    const early = makeEarlyEnding(last.draft.plan, requests, house.atStop());
    journal.end('stopped', `asked to stop by ${requests.stop.reason}`);
    house.leave(makeUnfinished(early, last.draft.plan));
    return withKilled(early, await endEarly());
  }
  journal.follow(last.draft.plan);
  if (isEarly) furnish(house, last);
  // Before the CMD, which may be a login shell.
  for (const failure of applyShellFile(shellFilesOf(last))) log.error(failure);
  const ending = new AbortController();
  const besideAgain = runBesideAgain(beside, prepared.draft.facts, stepsContext(house, last));
  const beforeCommand = besideAgain.then(makeRelease(house, last.draft));
  beforeCommand.catch(() => undefined);
  return runWorkbench({
    ...cleanupOf(house, last),
    cgroup: last.draft.facts.cgroup,
    beforeCommand,
    passwordSet,
    atStop: house.atStop,
    onChange: journal.onChange,
    onSupervisor: supervisor => {
      house.keepSupervisor(supervisor);
      subject.attach(supervisor);
      journal.attach(supervisor);
      if (last.draft.plan.services.length > 0) house.control.open();
    },
    onStarted: () => {
      if (!isEarly) furnish(house, last);
      writeRFiles(house, last);
      house.control.open();
      journal.onStarted();
      collectLater();
      if (requests.stop.aborted) return;
      void runLate(house, last, { steps: late, ending: ending.signal });
      startLateSteps(LATE_STEPS, { ...stepsContext(house, last), stop: ending.signal }, subject.find);
    },
    onStopping: why => {
      ending.abort();
      subject.enter({ name: 'stopping', reason: why.reason });
      if (requests.stop.aborted) journal.end('stopped', `asked to stop by ${requests.stop.reason}`);
      else journal.end(why.code === 0 ? 'stopped' : 'failed');
      house.leave(makeUnfinished(why, last.draft.plan));
    },
  });
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
    const layers = await runSteps(steps, { ...context, stop }, { isBeside: true });
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

/** R itself takes longer to start than these take to be written. */
function writeRFiles({ log }: House, known: Known): void {
  if (known.draft.facts.configs.r.length === 0) return;
  for (const failure of applyRFiles(shellFilesOf(known))) log.error(failure);
}

function furnish({ furniture }: House, known: Known): void {
  const { given, added } = growAll(known);
  furniture.make({ ...given, ...added });
}

function cleanupOf({ spawner, self, log, requests }: House, known: Known): Cleanup {
  return { plan: known.draft.plan, spawner, self, log, requests, ...growAll(known) };
}

/** Without a word of a program's or a server's: for those who may read no log. */
function publicReasonOf(error: LintelError): string {
  if (error instanceof StepFailure) return `${error.step} failed, which LINTEL_STRICT makes fatal`;
  return error.message;
}

/** The CMD waits from now on; returns the way to say that it need not any more. */
function makeRelease({ timeline, journal, requests }: House, { plan }: Draft): () => void {
  if (plan.command.length === 0) return () => undefined;
  const waitedFor = STEPS.besideScripts.map(({ name }) => name);
  const end = timeline.begin('wait', 'the CMD', { isBeside: true, waitedFor });
  return () => {
    end();
    if (!requests.stop.aborted) journal.releaseCommand();
  };
}
