import { runScript } from '../apply/scripts.ts';
import { readClockMs } from '../clock.ts';
import type { Environment } from '../launch/environ.ts';
import type { Log } from '../log/log.ts';
import type { Requests } from '../pid1/requests.ts';
import type { Plan } from '../plan.ts';
import { escapeLine } from '../printable.ts';
import type { Spawner } from '../processes/child.ts';
import { fieldsOf, renderExit } from '../processes/exit.ts';
import { endStragglers } from '../processes/stragglers.ts';
import type { User } from '../user.ts';

export interface Cleanup {
  readonly plan: Plan;
  readonly spawner: Spawner;
  readonly self: User;
  /** The container's variables, and what the boot and its scripts added. */
  readonly given: Environment;
  readonly added: Environment;
  readonly log: Log;
  readonly requests: Requests;
}

/** The last part of a stop belongs to KILL: this share of the time that a stop may take, at most this long. */
const KILL_SHARE = 0.2;
const KILL_RESERVE_MS = 1500;
/** What even a stop whose time is over gives to its last steps. */
const LEAST_MS = 100;

/**
 * What every end of a workbench ends with, whether or not it came to services and CMD: the scripts of cont-finish.d,
 * then whatever process is left. Takes until `deadlineMs` at most, or a little longer when that is over. Never rejects.
 * Returns what had to be killed.
 */
export async function cleanUp(cleanup: Cleanup, deadlineMs: number): Promise<string[]> {
  const { log, requests } = cleanup;
  await runFinishScripts(cleanup, deadlineMs);
  const killed = await endStragglers(Math.max(LEAST_MS, deadlineMs - readClockMs()), requests.kill);
  if (killed.length > 0)
    log.warn('processes that were left behind did not end on TERM and were killed', {
      processes: killed.join(' '),
    });
  return killed;
}

/** The part of a stop's time that is kept for KILL. Milliseconds. */
export function killReserveOf({ shutdownTimeoutMs }: Pick<Plan, 'shutdownTimeoutMs'>): number {
  return Math.min(KILL_RESERVE_MS, shutdownTimeoutMs * KILL_SHARE);
}

async function runFinishScripts(cleanup: Cleanup, deadlineMs: number): Promise<void> {
  const { plan, spawner, self, given, added, log, requests } = cleanup;
  const killReserveMs = killReserveOf(plan);
  for (const script of plan.finishScripts) {
    if (requests.kill.aborted) return;
    const leftMs = Math.max(LEAST_MS, deadlineMs - readClockMs() - killReserveMs);
    const timeoutMs = Math.min(leftMs, plan.finishScriptTimeoutMs ?? leftMs);
    const { exit } = await runScript({
      script,
      spawner,
      user: self,
      environment: { ...given, ...added },
      log,
      timeoutMs,
      signal: requests.kill,
      kill: requests.kill,
      graceMs: killReserveMs / 2,
    });
    if (!('code' in exit) || exit.code !== 0)
      log.warn(`script ${escapeLine(script.path)} ${renderExit(exit)}`, {
        script: script.name,
        ...fieldsOf(exit),
      });
  }
}
