import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Meaning, routeSignal, type Situation } from '../../src/pid1/routing.ts';
import type { CaughtSignal } from '../../src/pid1/signals.ts';

const BEFORE: Situation = {
  isCommandRunning: false,
  hasTerminal: false,
  hasServices: false,
  stopAskedMs: undefined,
  nowMs: 5000,
};
const COMMAND = { ...BEFORE, isCommandRunning: true };

/** The columns of the table above `routeSignal`, and those that it leaves to the reader. */
const SITUATIONS = {
  'no CMD, services': { ...BEFORE, hasServices: true },
  'no CMD, no services yet': BEFORE,
  'no CMD, a terminal': { ...BEFORE, hasServices: true, hasTerminal: true },
  'CMD on a terminal, services': { ...COMMAND, hasServices: true, hasTerminal: true },
  'CMD without a terminal, services': { ...COMMAND, hasServices: true },
  'CMD on a terminal, no services': { ...COMMAND, hasTerminal: true },
  'CMD without a terminal, no services': COMMAND,
} as const satisfies Record<string, Situation>;
type Column = keyof typeof SITUATIONS;

const NO_COMMAND = (meaning: Meaning) => ({
  'no CMD, services': meaning,
  'no CMD, no services yet': meaning,
  'no CMD, a terminal': meaning,
});
const ON_TERMINAL = (meaning: Meaning) => ({
  'CMD on a terminal, services': meaning,
  'CMD on a terminal, no services': meaning,
});
const WITHOUT_TERMINAL = (meaning: Meaning) => ({
  'CMD without a terminal, services': meaning,
  'CMD without a terminal, no services': meaning,
});

const TERM: Record<Column, Meaning> = {
  ...NO_COMMAND('stop'),
  'CMD on a terminal, services': 'stop',
  'CMD without a terminal, services': 'stop',
  'CMD on a terminal, no services': 'forward',
  'CMD without a terminal, no services': 'forward',
};
const INT = { ...NO_COMMAND('stop'), ...ON_TERMINAL('ignore'), ...WITHOUT_TERMINAL('forward') };
const OF_TERMINALS = { ...NO_COMMAND('ignore'), ...ON_TERMINAL('ignore'), ...WITHOUT_TERMINAL('forward') };
const FOR_COMMANDS = { ...NO_COMMAND('ignore'), ...ON_TERMINAL('forward'), ...WITHOUT_TERMINAL('forward') };

const TABLE: Record<CaughtSignal, Record<Column, Meaning>> = {
  SIGTERM: TERM,
  SIGINT: INT,
  SIGQUIT: OF_TERMINALS,
  SIGTSTP: OF_TERMINALS,
  SIGHUP: FOR_COMMANDS,
  SIGUSR1: FOR_COMMANDS,
  SIGUSR2: FOR_COMMANDS,
  SIGALRM: FOR_COMMANDS,
  SIGCONT: FOR_COMMANDS,
  SIGWINCH: FOR_COMMANDS,
  SIGURG: FOR_COMMANDS,
  SIGIO: FOR_COMMANDS,
  SIGPWR: FOR_COMMANDS,
  SIGXCPU: FOR_COMMANDS,
  SIGXFSZ: FOR_COMMANDS,
  SIGVTALRM: FOR_COMMANDS,
};
const SIGNALS = Object.keys(TABLE) as CaughtSignal[];
const COLUMNS = Object.keys(SITUATIONS) as Column[];

for (const column of COLUMNS) {
  describe(`with ${column}`, () => {
    for (const signal of SIGNALS) {
      const meaning = TABLE[signal][column];
      test(`${signal} means ${meaning}`, () =>
        assert.equal(routeSignal(signal, SITUATIONS[column]), meaning));
    }
  });
}

describe('once a stop was asked for', () => {
  for (const column of COLUMNS) {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      for (const [afterMs, meaning] of [
        [0, 'ignore'],
        [999, 'ignore'],
        [1000, 'kill'],
        [60_000, 'kill'],
      ] as const) {
        test(`${signal} after ${afterMs} ms means ${meaning}, with ${column}`, () => {
          const situation = { ...SITUATIONS[column], stopAskedMs: 5000, nowMs: 5000 + afterMs };
          assert.equal(routeSignal(signal, situation), meaning);
        });
      }
    }

    test(`every other signal means what it meant before, with ${column}`, () => {
      const situation = { ...SITUATIONS[column], stopAskedMs: 1000, nowMs: 5000 };
      for (const signal of SIGNALS.filter(name => name !== 'SIGTERM' && name !== 'SIGINT'))
        assert.equal(routeSignal(signal, situation), TABLE[signal][column], signal);
    });
  }
});
