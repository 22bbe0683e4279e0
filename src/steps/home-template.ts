import { renderCause } from '../errors.ts';
import { isDirectory } from '../facts/files.ts';
import { renderExit } from '../processes/exit.ts';
import { type RunOutcome, runToEnd } from '../processes/run.ts';
import { complain } from './complaint.ts';
import type { Step, StepContext } from './step.ts';

/** Longer than the largest home takes on the slowest volume. */
const LIMIT_MS = 3_600_000;

/**
 * HOME_TMP, as Kubeflow's images have it: what a home begins with, copied where it is empty. By a process of the user's
 * own, so that nothing waits for a large one, no link of the user's leads anywhere, and owners come out right.
 */
export const homeTemplate: Step = {
  name: 'home',
  isWanted: ({ settings, facts }) =>
    settings.homeTemplate !== undefined && (facts.home === undefined || facts.home.isEmpty),
  async run(context) {
    const trouble = await fill(context);
    if (trouble === undefined) return undefined;
    const sentence = `Cannot fill ${context.plan.user.home} from HOME_TMP: ${trouble}`;
    complain(context, sentence);
    return undefined;
  },
};

/** Returns what went wrong. */
async function fill(context: StepContext): Promise<string | undefined> {
  const { settings, plan, log } = context;
  const template = settings.homeTemplate ?? '';
  if (!isDirectory(template)) return `there is no folder ${JSON.stringify(template)}`;
  const home = await import('../apply/home.ts');
  const startMs = performance.now();
  try {
    if (!home.isStillEmpty(plan.user)) return undefined;
    let staging = home.makeStaging(plan.user);
    if (staging === undefined) {
      await run(context, ['rm', '-rf', '--', home.stagingOf(plan.user)]);
      staging = home.makeStaging(plan.user);
    }
    if (staging === undefined) return `${home.stagingOf(plan.user)} can’t be removed`;
    const { exit, stderr } = await run(context, ['cp', '-RPp', '--', `${template}/.`, staging]);
    // A home that was copied in part would never be copied again: it stays aside.
    if (context.stop.aborted) return undefined;
    if (!('code' in exit)) return `cp ${renderExit(exit)}`;
    const moved = home.moveIn(plan.user);
    const ms = Math.round(performance.now() - startMs);
    log.info(
      `home: ${moved} ${moved === 1 ? 'entry' : 'entries'} of ${template} copied into ${plan.user.home}`,
      { ms },
    );
    if (exit.code === 0) return undefined;
    return `cp ${renderExit(exit)}: ${stderr.trim().split('\n').at(-1) ?? ''}`;
  } catch (error) {
    return renderCause(error);
  }
}

function run(
  { plan, spawner, environment, stop }: StepContext,
  argv: readonly [string, ...string[]],
): Promise<RunOutcome> {
  const { PATH = '' } = environment;
  const given = { PATH, LC_ALL: 'C.UTF-8' };
  return runToEnd(spawner, { argv, user: plan.user, environment: given, timeoutMs: LIMIT_MS, signal: stop });
}
