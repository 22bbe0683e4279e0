import { LintelError } from '../errors.ts';
import type { StepContext } from './step.ts';

/** Exit codes of the container. */
const BAD_SETTINGS = 2;
export const SCRIPT_FAILED = 1;

/** What a platform asks for and can't be had is one error line; with LINTEL_STRICT=1 it ends the boot. */
export function complain(
  { settings, log }: Pick<StepContext, 'settings' | 'log'>,
  sentence: string,
  exitCode = BAD_SETTINGS,
): void {
  if (settings.strict === true) throw new LintelError(sentence, exitCode);
  log.error(sentence);
}
