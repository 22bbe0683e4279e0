import type { Command } from './command.ts';
import { NAMES, WISH_FLAGS, wish } from './wish.ts';

/** Stops services until somebody starts them again. */
export const stop: Command = {
  name: 'stop',
  summary: 'stop services until they are started again',
  flags: WISH_FLAGS,
  operands: NAMES,
  details:
    'The service gets its stopSignal, and is killed after its stopTimeoutMs. Those that require it go on. A stopped service counts neither against "lintel ready" nor against "lintel health".',
  examples: [
    { line: 'lintel stop jupyter', does: 'ask for it, and return at once' },
    { line: 'lintel stop jupyter dashboard --wait', does: 'return when nothing of them runs any more' },
  ],
  run: context => wish(context, 'stop'),
};
