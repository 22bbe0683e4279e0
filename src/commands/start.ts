import type { Command } from './command.ts';
import { NAMES, WISH_FLAGS, wish } from './wish.ts';

/** Starts services and what they require. */
export const start: Command = {
  name: 'start',
  summary: 'start services, and what they require',
  flags: WISH_FLAGS,
  operands: NAMES,
  details:
    'A service that runs already is left alone. With --wait the exit code is 0 when it is ready, or has ended well by itself.',
  examples: [
    { line: 'lintel start jupyter', does: 'ask for it, and return at once' },
    { line: 'lintel start jupyter --wait --timeout 2m', does: 'return when it is ready' },
  ],
  run: context => wish(context, 'start'),
};
