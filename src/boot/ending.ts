import type { S6Places } from '../apply/s6.ts';
import { EXIT_CODE_FILE } from '../facts/exit-code.ts';
import type { Log } from '../log/log.ts';
import { type Requests, SHUTDOWN } from '../pid1/requests.ts';
import type { Plan } from '../plan.ts';
import { exitCodeOf } from '../processes/exit.ts';

/** How a workbench ended. */
export interface Ending {
  readonly code: number;
  /** One sentence, for people and for /dev/termination-log. */
  readonly reason: string;
}

/** A CMD that a stop kept from starting must not look successful: it ends as that signal would have ended it. */
export function makeEarlyEnding(plan: Plan, { stop, wantedCode }: Requests): Ending {
  const signal: NodeJS.Signals = stop.reason === SHUTDOWN ? 'SIGTERM' : stop.reason;
  const code = wantedCode() ?? (plan.command.length === 0 ? 0 : exitCodeOf({ signal }));
  return { code, reason: `asked to stop by ${stop.reason} during the boot` };
}

/** What a script wrote as the container's exit code wins over every other. */
export function withExitCode(ending: Ending, places: S6Places, log: Log): Ending {
  const wish = places.readExitCode();
  if (wish === undefined) return ending;
  if ('trouble' in wish) {
    log.warn(`${EXIT_CODE_FILE} is passed over: ${wish.trouble}, expected a whole number from 0 to 255`);
    return ending;
  }
  return { code: wish.code, reason: `${ending.reason} (exit code from ${EXIT_CODE_FILE})` };
}
