import { ask } from '../control/client.ts';
import { renderStage } from '../control/judgements.ts';
import { LintelError } from '../errors.ts';
import { escapeLine, renderJson } from '../printable.ts';
import { type Command, jsonFlag } from './command.ts';

const HIGHEST_CODE = 255;

/** Ends the workbench in order. */
export const shutdown: Command = {
  name: 'shutdown',
  summary: 'stop everything in order and end the container',
  flags: [jsonFlag('{stage}')],
  operands: { usage: '[CODE]', atMost: 1 },
  details:
    'Returns at once; the rest is as after a TERM. The container ends with CODE; without it, as after a TERM: with the CMD’s exit code, or 0 where there is no CMD. Services may ask for it too.',
  examples: [
    { line: 'lintel shutdown', does: 'end as after docker stop' },
    { line: 'lintel shutdown 3', does: 'end with exit code 3' },
  ],
  async run({ given, origin }) {
    const [code] = given.operands;
    if (code !== undefined && (!/^\d{1,3}$/.test(code) || Number(code) > HIGHEST_CODE))
      throw new LintelError(
        `Cannot use exit code ${JSON.stringify(code)}, expected a whole number from 0 to ${HIGHEST_CODE}`,
        2,
      );
    const request = code === undefined ? {} : { code: Number(code) };
    const answer = await ask(origin.environment, 'shutdown', { request });
    const text = given.has('--json') ? renderJson(answer) : escapeLine(renderStage(answer.stage));
    return { text: `${text}\n`, exitCode: 0 };
  },
};
