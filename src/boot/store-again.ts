import { readCertificates } from '../facts/certificates.ts';
import type { Facts } from '../facts/facts.ts';
import { STEPS } from '../steps/list.ts';
import { runStepsBeside, type StepsContext } from './steps.ts';

/**
 * When `first` has ended, once more what went on beside the scripts, where these have named other certificates than
 * those that the system's store got meanwhile. `before` are the facts that it went by. Rejects as `first` and the steps do.
 */
export async function runBesideAgain(
  first: Promise<void>,
  before: Facts,
  context: StepsContext,
): Promise<void> {
  await first;
  const { settings, facts, stop } = context;
  if (stop.aborted || isSame(before, facts)) return;
  // What the first one put into the store was not there yet when the plan was made again.
  const certificates = readCertificates(facts.root, settings, context.environment);
  await runStepsBeside(STEPS.besideScripts, { ...context, facts: { ...facts, certificates } });
}

function isSame({ certificates: one }: Facts, { certificates: other }: Facts): boolean {
  return one === other || (one.source === other.source && one.lacking.join() === other.lacking.join());
}
