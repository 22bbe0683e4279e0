import { ask } from '../control/client.ts';
import { renderTroubles } from '../control/judgements.ts';
import { escapeLine, renderJson } from '../printable.ts';
import { type Command, jsonFlag } from './command.ts';

/** Judges the services, for an image's HEALTHCHECK. */
export const health: Command = {
  name: 'health',
  summary: 'say whether a service is in trouble, for HEALTHCHECK',
  flags: [jsonFlag('{isHealthy, stage, troubles}')],
  details:
    'Exit code 1 when a service has failed, is failing (5 deaths in a minute), unhealthy, or late to become ready; else 0, also while the workbench boots. In a Dockerfile: HEALTHCHECK CMD ["lintel", "health"].',
  examples: [
    { line: 'lintel health', does: 'a word, or which service and why' },
    { line: 'lintel health --json', does: 'the same as JSON' },
  ],
  async run({ given, origin }) {
    const answer = await ask(origin.environment, 'health', { request: {} });
    const text = answer.isHealthy
      ? 'healthy\n'
      : `in trouble: ${escapeLine(renderTroubles(answer.troubles))}\n`;
    return {
      text: given.has('--json') ? `${renderJson(answer)}\n` : text,
      exitCode: answer.isHealthy ? 0 : 1,
    };
  },
};
