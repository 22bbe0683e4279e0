import { OtherLintelError } from '../apply/apply.ts';
import type { S6Places } from '../apply/s6.ts';
import { renderTime } from '../durations.ts';
import type { LintelError, Particulars } from '../errors.ts';
import { EXIT_CODE_FILE } from '../facts/exit-code.ts';
import type { Log } from '../log/log.ts';
import { type Requests, SHUTDOWN } from '../pid1/requests.ts';
import type { Plan } from '../plan.ts';
import { exitCodeOf } from '../processes/exit.ts';

/** How a workbench ended. */
export interface Ending {
  readonly code: number;
  /** One sentence, without a word of a program's; the value of a setting may stand in it. */
  readonly reason: string;
  /** Who asked for it: a signal's name, or SHUTDOWN. undefined for an end that came by itself. */
  readonly askedBy?: string;
  /** undefined for an end that was wanted: nobody asks for more than its sentence. */
  readonly particulars?: Particulars | undefined;
  /** Another Lintel runs in the container, whose termination log it is. */
  readonly isGuest?: boolean;
  /** Nothing is said on stderr: a CMD has ended by itself, and there was nothing else. */
  readonly isSilent?: boolean;
}

/** A stop that a running workbench was asked for. */
export function makeAskedEnding({ stop }: Requests): Ending {
  return { code: 0, reason: `asked to stop by ${stop.reason}`, askedBy: stop.reason };
}

/**
 * A CMD that a stop kept from starting must not look successful: it ends as that signal would have ended it. `atStop`
 * is what ran when the stop came: "script 10-fetch", "step clone".
 */
export function makeEarlyEnding(plan: Plan, { stop, wantedCode }: Requests, atStop?: string): Ending {
  const signal: NodeJS.Signals = stop.reason === SHUTDOWN ? 'SIGTERM' : stop.reason;
  const code = wantedCode() ?? (plan.command.length === 0 ? 0 : exitCodeOf({ signal }));
  const during = atStop === undefined ? '' : `, while ${atStop} ran`;
  return {
    code,
    reason: `asked to stop by ${stop.reason} during the boot${during}`,
    askedBy: stop.reason,
    isSilent: plan.command.length > 0 && plan.services.length === 0,
  };
}

/** What stopped the boot. */
export function makeFailedEnding(error: LintelError): Ending {
  const { message, exitCode, particulars } = error;
  return { code: exitCode, reason: message, particulars, isGuest: error instanceof OtherLintelError };
}

/** What stands in the termination log while a stop goes on: whoever is killed meanwhile has no other last word. */
export function makeUnfinished(ending: Ending, { shutdownTimeoutMs }: Plan): Ending {
  if (ending.particulars !== undefined) return ending;
  const limit = `at most ${renderTime(shutdownTimeoutMs)} (LINTEL_SHUTDOWN_TIMEOUT_MS)`;
  return {
    ...ending,
    reason: `${ending.reason}; still stopping, for ${limit}: where this is the last word, something killed the container before that, and its grace period should be longer`,
  };
}

/** What had to be killed stands in the reason of the end, too. */
export function withKilled(ending: Ending, killed: readonly string[]): Ending {
  if (killed.length === 0) return ending;
  const shown = killed.slice(0, MOST_KILLED).join(', ');
  const more = killed.length > MOST_KILLED ? ` and ${killed.length - MOST_KILLED} more` : '';
  const fact = `killed, since it did not end in time when it was asked to: ${shown}${more}`;
  if (ending.particulars === undefined) return { ...ending, reason: `${ending.reason}; ${fact}` };
  const { facts = [], ...others } = ending.particulars;
  return { ...ending, particulars: { ...others, facts: [...facts, fact] } };
}

const MOST_KILLED = 10;

/** What a script wrote as the container's exit code wins over every other. */
export function withExitCode(ending: Ending, places: S6Places, log: Log): Ending {
  const wish = places.readExitCode();
  if (wish === undefined) return ending;
  if ('trouble' in wish) {
    log.warn(`${EXIT_CODE_FILE} is passed over: ${wish.trouble}, expected a whole number from 0 to 255`);
    return ending;
  }
  return { ...ending, code: wish.code, reason: `${ending.reason} (exit code from ${EXIT_CODE_FILE})` };
}
