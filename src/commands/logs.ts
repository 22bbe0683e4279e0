import { ask, listen } from '../control/client.ts';
import { MOST_LINES, type ResponseOf } from '../control/routes.ts';
import { LintelError } from '../errors.ts';
import type { Environment } from '../launch/environ.ts';
import { escapeColoured, escapeLine, renderJson } from '../printable.ts';
import { type Command, jsonFlag } from './command.ts';
import { paint, type Terminal } from './terminal.ts';

const USUAL_LINES = '100';

/** Shows what services and scripts have written. */
export const logs: Command = {
  name: 'logs',
  summary: 'show the last lines of services and scripts',
  flags: [
    { name: '--follow', short: '-f', doc: 'go on with each line that comes, until Ctrl-C' },
    { name: '--lines', short: '-n', value: 'N', doc: `so many lines in all (default ${USUAL_LINES})` },
    jsonFlag('one object a line, {time, service, stream, text} or {skipped}'),
  ],
  operands: { usage: '[NAME…]' },
  details:
    'Lintel keeps the last lines of each, and its own under the name lintel; the container’s log has all of them. On a terminal colours stay and other control characters are escaped; into a file or a pipe lines go as they are. With --json: one object a line, time in ISO 8601.',
  examples: [
    { line: 'lintel logs -n 20 jupyter', does: 'the last 20 lines of one service' },
    { line: 'lintel logs -f', does: 'what everybody says, as it comes' },
  ],
  async run({ given, origin, terminal, write }) {
    const lines = given.value('--lines') ?? USUAL_LINES;
    if (!/^\d{1,7}$/.test(lines) || Number(lines) > MOST_LINES)
      throw new LintelError(
        `Cannot use --lines ${JSON.stringify(lines)}, expected a whole number from 0 to ${MOST_LINES}`,
        2,
      );
    await listen(origin.environment, 'logs', {
      request: {
        lines,
        ...(given.has('--follow') ? { follow: '1' as const } : {}),
        ...(given.operands.length === 0 ? {} : { name: [...given.operands] }),
      },
      onValue: value => write(given.has('--json') ? renderData(value) : renderLine(value, terminal)),
    });
    if (given.has('--follow') && (await goesOn(origin.environment)))
      throw new LintelError('Cannot follow any longer: nothing was read for too long, so Lintel hung up', 1);
    return { text: '', exitCode: 0 };
  },
};

/** The workbench has not ended, and is not about to. */
async function goesOn(environment: Environment): Promise<boolean> {
  try {
    return (await ask(environment, 'status', { request: {} })).stage.name !== 'stopping';
  } catch (error) {
    if (error instanceof LintelError) return false;
    throw error;
  }
}

function renderData(value: ResponseOf<'logs'>): string {
  if ('skipped' in value) return `${renderJson(value)}\n`;
  const { source, stream, text, timeMs } = value;
  return `${renderJson({ time: new Date(timeMs).toISOString(), service: source, stream, text })}\n`;
}

function renderLine(value: ResponseOf<'logs'>, terminal: Terminal): string {
  if ('skipped' in value)
    return `${paint(`(${value.skipped} lines left out: read too slowly)`, 'dim', terminal)}\n`;
  const prefix = paint(`${escapeLine(value.source)} | `, 'dim', terminal);
  if (!terminal.isTerminal) return `${prefix}${value.text}\n`;
  return `${prefix}${terminal.hasColours ? escapeColoured(value.text) : escapeLine(value.text)}\n`;
}
