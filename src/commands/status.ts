import { readClockMs } from '../clock.ts';
import { ask, listen } from '../control/client.ts';
import { LintelError } from '../errors.ts';
import { escapeLine, renderJson } from '../printable.ts';
import { expectService } from '../settings/suggest.ts';
import { type Command, type CommandContext, type CommandResult, jsonFlag } from './command.ts';
import { openScreen } from './screen.ts';
import { renderStatus, type Status } from './status-table.ts';
import { paint } from './terminal.ts';
import { MORE } from './width.ts';

const TICK_MS = 1000;
const HINT = 'lintel status NAME shows all of a note.';

/** Shows the workbench and its services. */
export const status: Command = {
  name: 'status',
  summary: 'show the workbench and its services',
  flags: [
    jsonFlag('{version, pid, upMs, stage, services}; with --watch one a line'),
    { name: '--watch', short: '-w', doc: 'show it again after each change, until Ctrl-C' },
  ],
  operands: { usage: '[NAME…]' },
  details:
    'STATE: how it stands in one word, which the status page has too. READY: the service may be used. SINCE: how long it has been in its state. NOTE: what it waits for, what a probe says, or how it died last; a terminal shows of it what has room, and all of it where services are named. --watch ends with Lintel, with Ctrl-C or q; on a terminal it draws in place, and where rows have no room those in trouble stay. Exit code 0 whatever the services do; "lintel health" judges.',
  examples: [
    { line: 'lintel status', does: 'a table of all services' },
    { line: 'lintel status --json jupyter', does: 'one service as JSON' },
    { line: 'lintel status --watch', does: 'the table, as it changes' },
  ],
  run(context) {
    if (!context.given.has('--watch')) return showOnce(context);
    const { isTerminal, isDumb } = context.terminal;
    const isScreen = isTerminal && isDumb !== true && !context.given.has('--json');
    return isScreen ? watchOnScreen(context) : watchInLines(context);
  },
};

async function showOnce({ given, origin, terminal }: CommandContext): Promise<CommandResult> {
  const seen = select(await ask(origin.environment, 'status', { request: {} }), given.operands);
  if (given.has('--json')) return { text: `${renderJson(seen, 2)}\n`, exitCode: 0 };
  const isWhole = given.operands.length > 0;
  const lines = renderStatus(seen, isWhole ? { ...terminal, columns: undefined } : terminal);
  const hint = lines.some(line => line.endsWith(MORE)) ? ['', paint(HINT, 'dim', terminal)] : [];
  return { text: `${[...lines, ...hint].join('\n')}\n`, exitCode: 0 };
}

/** For a pipe or a file: each state below the one before. */
async function watchInLines({ given, origin, terminal, write }: CommandContext): Promise<CommandResult> {
  await listen(origin.environment, 'status', {
    request: { watch: '1' },
    onValue: all => {
      const seen = select(all, given.operands);
      return write(
        given.has('--json') ? `${renderJson(seen)}\n` : `${renderStatus(seen, terminal).join('\n')}\n\n`,
      );
    },
  });
  return { text: '', exitCode: 0 };
}

/**
 * One table in place of the one before, whose times go on while nothing else changes. Opened with the first answer: until
 * then errors are plain ones. What Lintel's end leaves is shown once more where it stays.
 */
async function watchOnScreen({ given, origin, terminal }: CommandContext): Promise<CommandResult> {
  const ended = new AbortController();
  let latest: { readonly seen: Status; readonly atMs: number } | undefined;
  let exitCode = 0;
  const look = () => latest && grow(latest.seen, readClockMs() - latest.atMs);
  const screen = openScreen(terminal, {
    render: size => {
      const seen = look();
      return seen === undefined ? [] : renderStatus(seen, size, size.rows);
    },
    onEnd: code => {
      exitCode = code;
      ended.abort();
    },
  });
  const timer = setInterval(screen.draw, TICK_MS);
  try {
    await listen(origin.environment, 'status', {
      request: { watch: '1' },
      signal: ended.signal,
      onValue: async all => {
        latest = { seen: select(all, given.operands), atMs: readClockMs() };
        screen.draw();
      },
    });
  } catch (error) {
    if (!ended.signal.aborted) throw error;
  } finally {
    clearInterval(timer);
    screen.close();
  }
  const last = ended.signal.aborted ? undefined : look();
  const lines = last === undefined ? [] : [...renderStatus(last, terminal), '', 'Lintel has ended.', ''];
  return { text: lines.join('\n'), exitCode };
}

/** The same, so much later. */
function grow(seen: Status, ms: number): Status {
  const services = seen.services.map(service => ({
    ...service,
    forMs: service.forMs + ms,
    restartsInMs: service.restartsInMs === undefined ? undefined : Math.max(0, service.restartsInMs - ms),
  }));
  return { ...seen, upMs: seen.upMs + ms, services };
}

/** Those of the given names; all without any. Before the services are there, no name is wrong. */
function select(seen: Status, names: readonly string[]): Status {
  if (names.length === 0 || seen.stage.name === 'booting') return seen;
  const known = seen.services.map(({ name }) => name);
  const unknown = names.find(name => !known.includes(name));
  if (unknown !== undefined) {
    const expected = escapeLine(expectService(unknown, known));
    throw new LintelError(`Cannot show ${JSON.stringify(unknown)}: no such service${expected}`, 2);
  }
  return { ...seen, services: seen.services.filter(({ name }) => names.includes(name)) };
}
