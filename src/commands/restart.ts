import type { Command } from './command.ts';
import { NAMES, WISH_FLAGS, wish } from './wish.ts';

/** Stops services and starts them again. */
export const restart: Command = {
  name: 'restart',
  summary: 'stop services and start them again',
  flags: [{ name: '--with-dependents', doc: 'also those that require them, directly or not' }, ...WISH_FLAGS],
  operands: NAMES,
  details:
    'Services that require it are left alone unless asked for. A service that is down is started. It begins afresh: earlier deaths count no more.',
  examples: [
    { line: 'lintel restart jupyter', does: 'ask for it, and return at once' },
    { line: 'lintel restart dashboard --with-dependents --wait', does: 'return when all of them are ready' },
  ],
  run: context => wish(context, 'restart'),
};
