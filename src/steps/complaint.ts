import { renderLastLines } from '../apply/init-scripts.ts';
import { LintelError } from '../errors.ts';
import type { StepContext } from './step.ts';

/** Exit codes of the container. */
const BAD_SETTINGS = 2;
export const SCRIPT_FAILED = 1;

/** What a platform asks for and can't be had is one error line; with LINTEL_STRICT=1 it ends the boot. */
export function complain(
  context: Pick<StepContext, 'settings' | 'log' | 'giveUp'>,
  sentence: string,
  how: { readonly exitCode?: number; readonly lastLines?: readonly string[] } = {},
): void {
  refuseIfStrict(context, sentence, how);
  context.log.error(`${sentence}${renderLastLines(how.lastLines ?? [])}`);
  context.giveUp();
}

/** Throws a LintelError where LINTEL_STRICT=1 makes one of it. */
export function refuseIfStrict(
  { settings }: Pick<StepContext, 'settings'>,
  sentence: string,
  {
    exitCode = BAD_SETTINGS,
    lastLines = [],
  }: { readonly exitCode?: number; readonly lastLines?: readonly string[] } = {},
): void {
  if (settings.strict !== true) return;
  throw new LintelError(sentence, exitCode, {
    facts: [STRICT],
    lastWords: [{ whose: 'its', lines: lastLines }],
    advice: 'mend that, or boot without LINTEL_STRICT',
  });
}

/** What is only said otherwise. */
const STRICT =
  'LINTEL_STRICT=1 is set: without it this would be one line in the log, and the boot would go on';
