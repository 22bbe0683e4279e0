import { readClockMs } from '../clock.ts';
import { ask, NOT_RUNNING } from '../control/client.ts';
import { renderStage, renderTroubles } from '../control/judgements.ts';
import type { ResponseOf } from '../control/routes.ts';
import { LintelError } from '../errors.ts';
import type { Environment } from '../launch/environ.ts';
import { escapeLine, renderJson } from '../printable.ts';
import { type Command, jsonFlag } from './command.ts';
import { parseDuration } from './durations.ts';

/** Lintel may be just about to start. */
const SOCKET_POLL_MS = 50;

/** Says, or waits until, every service is ready. */
export const ready: Command = {
  name: 'ready',
  summary: 'say whether every service is ready, or wait for that',
  flags: [
    {
      name: '--timeout',
      value: 'TIME',
      doc: 'wait at most this long, also for Lintel itself (default: not at all)',
    },
    jsonFlag('{isReady, stage, notReady}'),
  ],
  details:
    'Exit code 0 when the scripts are done and every service that should run is ready, 1 otherwise, with the names of those that are not. Services that were stopped or have ended well do not count. Made for readiness probes.',
  examples: [
    { line: 'lintel ready', does: 'ask once' },
    { line: 'lintel ready --timeout 10s', does: 'return when all are ready, at the latest after 10 s' },
  ],
  async run({ given, origin }) {
    const timeoutMs = parseDuration('--timeout', given.value('--timeout') ?? '0');
    const answer = await askPatiently(origin.environment, readClockMs() + timeoutMs);
    const text = given.has('--json') ? `${renderJson(answer)}\n` : renderAnswer(answer);
    return { text, exitCode: answer.isReady ? 0 : 1 };
  },
};

async function askPatiently(environment: Environment, deadlineMs: number): Promise<ResponseOf<'ready'>> {
  for (;;) {
    const waitMs = Math.max(0, Math.round(deadlineMs - readClockMs()));
    try {
      return await ask(environment, 'ready', { request: { waitMs: String(waitMs) }, waitMs });
    } catch (error) {
      const isAbsent = error instanceof LintelError && error.exitCode === NOT_RUNNING;
      if (!isAbsent || readClockMs() >= deadlineMs) throw error;
      await new Promise(resolve => setTimeout(resolve, SOCKET_POLL_MS));
    }
  }
}

function renderAnswer({ isReady, stage, notReady }: ResponseOf<'ready'>): string {
  if (isReady) return 'ready\n';
  const why = stage.name === 'running' ? renderTroubles(notReady) : renderStage(stage);
  return `not ready: ${escapeLine(why)}\n`;
}
