import type { ScriptFailure } from '../apply/init-scripts.ts';
import { renderTime } from '../durations.ts';
import { LintelError, type Particulars, type Problem, renderProblem } from '../errors.ts';
import { readWorkingDirectory } from '../facts/process.ts';
import type { Environment } from '../launch/environ.ts';
import { SHUTDOWN } from '../pid1/requests.ts';
import type { Plan } from '../plan.ts';
import { type Exit, exitCodeOf, renderExit } from '../processes/exit.ts';
import { type Disabled, groupDisabled } from '../services/disabled.ts';
import { renderCommand, renderEnd, renderOthers, renderShortage } from '../services/explain.ts';
import { type FinalEnd, renderSignalCode } from '../services/final-end.ts';
import { type MemoryKill, readMemoryKills } from '../services/memory.ts';
import type { Draft } from './draft.ts';
import type { Ending } from './ending.ts';

/** Why a workbench ends by itself, each with all that its operator needs to know. */

/** What LINTEL_STRICT=1 adds to a problem that stops no boot else. */
const STRICT = 'LINTEL_STRICT=1 is set: without it a platform’s setting that can’t be used stops nothing';

export function makeRefusal(problems: readonly Problem[], isStrict: boolean): LintelError {
  const fatal = problems.filter(problem => problem.fatal);
  const others = problems.filter(problem => !problem.fatal);
  const count = fatal.length === 1 ? 'a problem' : `${fatal.length} problems`;
  return new LintelError(`nothing was started: ${count} must be mended first`, 2, {
    facts: [
      ...fatal.map(renderProblem),
      ...others.map(problem => `wrong too, but no reason to stop: ${renderProblem(problem)}`),
      ...(isStrict ? [STRICT] : []),
    ],
    advice: 'mend what is named, in the container’s variables or in the image, and start it again',
  });
}

/** A script of cont-init.d that stops the boot. */
export function makeScriptFailure(failure: ScriptFailure, { facts, plan }: Draft): LintelError {
  const { script, how, isTimedOut, exit, lastLines, elapsedMs } = failure;
  const place = plan.initScripts.findIndex(({ path }) => path === script.path) + 1;
  const memory = 'signal' in exit && exit.signal === 'SIGKILL' ? readMemoryKills(facts.cgroup) : undefined;
  return new LintelError(`Script ${script.path} ${how}`, 1, {
    facts: [
      `it is start-up script ${place} of ${plan.initScripts.length}, ran as uid ${facts.process.uid} and ended after ${renderTime(elapsedMs)}; nothing after it was started`,
      ...(memory === undefined ? [] : [renderOthers(memory)]),
    ],
    lastWords: [{ whose: 'its', lines: lastLines }],
    advice: memory === undefined ? (isTimedOut ? MORE_TIME : MEND) : renderShortage(memory),
  });
}

const MEND = 'mend the script, or boot in spite of it by LINTEL_ON_INIT_FAILURE=warn';
const MORE_TIME = 'see what the script waits for, or give it more time by LINTEL_INIT_TIMEOUT_MS';

/** undefined: others go on. */
export function makeServiceEnding(name: string, ended: FinalEnd, plan: Plan): Ending | undefined {
  const hasCommand = plan.command.length > 0;
  if (ended.isCritical || (ended.isOnly && !hasCommand)) {
    const why = ended.isCritical ? 'critical' : 'the only service';
    const reason = `service ${name} has ended for good: ${ended.explanation}`;
    if (ended.code === 0) return { code: 0, reason };
    const { facts = [], ...others } = ended.particulars;
    const fact = `the container ends with ${name}, since it is ${why}`;
    return { code: ended.code, reason, particulars: { ...others, facts: [...facts, fact] } };
  }
  if (ended.isAnyLeft || hasCommand) return undefined;
  const reason = `no service runs any more; the last: ${ended.explanation}`;
  if (!ended.isAnyFailed) return { code: 0, reason };
  return { code: 1, reason, particulars: ended.allParticulars };
}

export function makeIdleEnding({ disabledServices, problems }: Plan): Ending {
  const mistaken = disabledServices.filter(({ isMistake }) => isMistake);
  const hidden = problems.filter(({ what }) => what.endsWith(SERVICES));
  return {
    code: 1,
    reason: 'there is nothing to run: no CMD and no service',
    particulars: {
      facts: [...hidden.map(renderProblem), ...describeDisabled(disabledServices, hidden.length === 0)],
      advice:
        mistaken.length + hidden.length === 0
          ? `give the container a command, or the image a service (${SERVICES}/NAME/run), or name one in LINTEL_SERVICES`
          : `mend ${[...hidden.map(({ what }) => what), ...mistaken.map(({ name }) => name)].join(', ')} in the image, or give the container a command`,
    },
  };
}

const SERVICES = '/etc/services.d';

/** What somebody has to mend stands first, and each by itself. */
function describeDisabled(disabled: readonly Disabled[], isAllSeen: boolean): string[] {
  if (disabled.length === 0) return isAllSeen ? [`there is no service in ${SERVICES}`] : [];
  const mistaken = disabled.filter(({ isMistake }) => isMistake);
  const others = groupDisabled(disabled.filter(({ isMistake }) => !isMistake));
  return [
    'services that do not run:',
    ...mistaken.map(({ name, why }) => `${name}: ${why}`),
    ...others.map(({ names, why }) => `${names.join(', ')}: ${why}`),
  ];
}

export function makeCommandEnding(ended: {
  readonly exit: Exit;
  readonly plan: Plan;
  readonly environment: Environment;
  readonly livedMs: number;
  readonly memory: MemoryKill | undefined;
}): Ending {
  const { exit, plan, memory } = ended;
  const code = exitCodeOf(exit);
  const isPlain = !('error' in exit) && memory === undefined;
  const reason = 'error' in exit ? `Cannot run the CMD: ${exit.error}` : `the CMD ${renderEnd(exit, memory)}`;
  return {
    code,
    reason,
    isSilent: plan.services.length === 0 && isPlain,
    ...(code !== 0 && { particulars: describeCommand(ended) }),
  };
}

function describeCommand({
  exit,
  plan,
  environment,
  livedMs,
  memory,
}: Parameters<typeof makeCommandEnding>[0]): Particulars {
  const { user, command } = plan;
  const facts = [
    `the CMD is ${renderCommand(command)}, run as ${user.name} (uid ${user.uid}) in ${readWorkingDirectory()}`,
  ];
  if ('error' in exit) {
    if (exit.code === 127 && command[0]?.includes('/') === false)
      facts.push(`PATH is ${environment['PATH'] ?? 'not set'}`);
    return { facts, advice: 'mend the container’s command (args, CMD), or put what it names into the image' };
  }
  facts.push(`it ran for ${renderTime(livedMs)}`);
  if ('signal' in exit) facts.push(renderSignalCode(exit.signal));
  const wasItself = 'signal' in exit && exit.signal === 'SIGKILL';
  if (memory !== undefined && !wasItself) facts.push(renderOthers(memory));
  const advice =
    memory === undefined ? 'look at the log: what a CMD says, goes there alone' : renderShortage(memory);
  return { facts, advice };
}

/** The container's exit code is the CMD's where there is one, and what `lintel shutdown` was told before all others. */
export function withCommand(
  ending: Ending,
  { exit, wantedCode }: { readonly exit: Exit | undefined; readonly wantedCode: number | undefined },
): Ending {
  if (wantedCode !== undefined) {
    const source = ending.askedBy === SHUTDOWN ? '' : ` (exit code from ${SHUTDOWN})`;
    return { ...ending, code: wantedCode, reason: `${ending.reason}${source}` };
  }
  if (exit === undefined) return ending;
  const code = exitCodeOf(exit);
  return { ...ending, code, reason: `${ending.reason}; the CMD then ${renderExit(exit)}` };
}
