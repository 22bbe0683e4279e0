import { grow, joinLayers, type Layer } from '../environment.ts';
import { LintelError } from '../errors.ts';
import type { Findings } from '../facts/findings.ts';
import type { LateStep, Step, StepContext, StepGrowth } from '../steps/step.ts';
import type { Timeline } from './timeline.ts';

/** A step that stops the boot. Its sentence may be its server's; that it failed may be known to everybody. */
export class StepFailure extends LintelError {
  readonly step: string;
  constructor({ name }: Pick<Step, 'name'>, { message, exitCode, particulars }: LintelError) {
    super(message, exitCode, particulars);
    this.step = name;
  }
}

export type StepsContext = Omit<StepContext, 'giveUp'> & { readonly timeline: Timeline };

/** Those that the boot waits for, and those that LINTEL_ASYNC_INIT names. */
export function splitSteps(
  steps: readonly Step[],
  names: readonly string[] = [],
): { readonly inTime: readonly Step[]; readonly late: readonly Step[] } {
  return {
    inTime: steps.filter(({ name }) => !names.includes(name)),
    late: steps.filter(({ name }) => names.includes(name)),
  };
}

/**
 * Runs those that are wanted one after the other, each with what the ones before it changed; `isBeside`: others go on
 * meanwhile. Rejects as they do.
 */
export async function runSteps(
  steps: readonly Step[],
  context: StepsContext,
  { isBeside } = { isBeside: false },
): Promise<Layer[]> {
  const layers: Layer[] = [];
  for (const step of steps) {
    if (context.stop.aborted || !step.isWanted(context)) continue;
    const environment = grow(context.environment, joinLayers(layers));
    const growth = await runStep(step, { ...context, environment }, isBeside);
    if (growth !== undefined) layers.push({ source: step.name, ...growth });
  }
  return layers;
}

/** Starts those that are wanted side by side, and resolves when all have ended. Rejects as they do. */
export async function runStepsBeside(steps: readonly Step[], context: StepsContext): Promise<void> {
  const wanted = steps.filter(step => step.isWanted(context));
  await Promise.all(wanted.map(step => runStep(step, context, true)));
}

/** Starts those that are wanted, and returns at once; `onFound` is told what each found. */
export function startLateSteps(
  steps: readonly LateStep[],
  context: Omit<StepContext, 'giveUp'>,
  onFound: (findings: Findings) => void,
): void {
  for (const step of steps) {
    if (!context.stop.aborted && step.isWanted(context))
      void step.run({ ...context, giveUp: () => undefined }).then(onFound);
  }
}

async function runStep(
  step: Step,
  context: StepsContext,
  isBeside: boolean,
): Promise<StepGrowth | undefined> {
  const end = context.timeline.begin('step', step.name, { isBeside });
  let isFailed = false;
  const giveUp = () => {
    isFailed = true;
  };
  try {
    return await step.run({ ...context, giveUp });
  } catch (error) {
    giveUp();
    throw error instanceof LintelError ? new StepFailure(step, error) : error;
  } finally {
    end({ isFailed });
  }
}
