import { ask } from '../control/client.ts';
import type { RequestOf, ResponseOf } from '../control/routes.ts';
import { standingOf, wordOf } from '../control/standing.ts';
import { escapeLine, renderJson } from '../printable.ts';
import { type CommandContext, type CommandResult, jsonFlag } from './command.ts';
import { parseDuration } from './durations.ts';
import type { Flag } from './flags.ts';

/** What start, stop and restart share. */
export const WISH_FLAGS: readonly Flag[] = [
  { name: '--wait', doc: 'wait until that is done; exit code 1 when it fails or takes too long' },
  { name: '--timeout', value: 'TIME', doc: 'wait at most this long (default 30s); implies --wait' },
  jsonFlag('{services}'),
];
export const NAMES = { usage: 'NAME…', atLeast: 1, what: 'service' } as const;

const USUAL_TIMEOUT = '30s';

export async function wish(
  { given, origin }: CommandContext,
  action: RequestOf<'services'>['action'],
): Promise<CommandResult> {
  const isWaiting = given.has('--wait') || given.has('--timeout');
  const waitMs = isWaiting
    ? parseDuration('--timeout', given.value('--timeout') ?? USUAL_TIMEOUT)
    : undefined;
  const answer = await ask(origin.environment, 'services', {
    request: {
      names: [...given.operands],
      action,
      ...(waitMs === undefined ? {} : { waitMs }),
      ...(given.has('--with-dependents') ? { withDependents: true } : {}),
    },
    ...(waitMs === undefined ? {} : { waitMs }),
  });
  const text = given.has('--json')
    ? `${renderJson(answer, 2)}\n`
    : answer.services.map(renderService).join('');
  return { text, exitCode: 0 };
}

function renderService(service: ResponseOf<'services'>['services'][number]): string {
  const { name, pid } = service;
  const word = wordOf(standingOf(service));
  return `${escapeLine(name)}: ${word}${pid === undefined ? '' : `, pid ${pid}`}\n`;
}
