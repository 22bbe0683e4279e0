import type { Exit } from './exit.ts';
import { makeDelayMs } from './restarts.ts';
import type { Service } from './states.ts';

const LAST_LINES = 5;

/** "exited with code 3", "was ended by SIGKILL", "could not start: …". */
export function renderExit(exit: Exit): string {
  if ('error' in exit) return `could not start: ${exit.error}`;
  return 'code' in exit ? `exited with code ${exit.code}` : `was ended by ${exit.signal}`;
}

/** Why a service died, what it said last, and what happens next. `tail` is its latest output. */
export function renderDeath(death: {
  readonly service: Service;
  readonly exit: Exit;
  readonly tail: string;
  /** What else is known of why. */
  readonly hint?: string | undefined;
}): string {
  const { service, exit } = death;
  const said = death.tail
    .trimEnd()
    .split('\n')
    .slice(-LAST_LINES)
    .filter(line => line !== '');
  const last = said.length === 0 || isPlainSuccess(exit) ? '' : `; its last lines: ${said.join(' / ')}`;
  const hint = death.hint === undefined ? '' : `: ${death.hint}`;
  return `${service.name} ${renderExit(exit)}${hint}${last}; ${renderNext(service)}`;
}

function renderNext(service: Service): string {
  const { state } = service;
  const next = 'next' in state ? state.next.state : state.name;
  switch (next) {
    case 'backoff':
      return `restarting in ${(makeDelayMs(service) / 1000).toFixed(2)} s`;
    case 'starting':
      return 'restarting at once';
    case 'failed':
      return 'it stays down: failed';
    default:
      return 'it stays down';
  }
}

function isPlainSuccess(exit: Exit): boolean {
  return 'code' in exit && exit.code === 0;
}
