import { readClockMs } from '../clock.ts';
import { ask, listen } from '../control/client.ts';
import { isIll, renderLastDeath, renderStage } from '../control/judgements.ts';
import { escapeLine, renderJson } from '../control/printable.ts';
import type { ResponseOf } from '../control/routes.ts';
import { LintelError } from '../errors.ts';
import { expectService } from '../settings/suggest.ts';
import { type Command, type CommandContext, type CommandResult, jsonFlag } from './command.ts';
import { renderDuration } from './durations.ts';
import { type Cell, renderTable } from './tables.ts';
import type { Colour, Terminal } from './terminal.ts';

const TICK_MS = 1000;

type Status = ResponseOf<'status'>;
type Service = Status['services'][number];

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
    'READY: the service may be used. SINCE: how long it has been in its state. NOTE: what it waits for, what a probe says, or how it died last; a terminal shows of it what has room, and all of it where services are named. With --json --watch: one object a line. Exit code 0 whatever the services do; "lintel health" judges.',
  examples: [
    { line: 'lintel status', does: 'a table of all services' },
    { line: 'lintel status --json jupyter', does: 'one service as JSON' },
  ],
  run(context) {
    return context.given.has('--watch') ? watch(context) : showOnce(context);
  },
};

async function showOnce({ given, origin, terminal }: CommandContext): Promise<CommandResult> {
  const seen = select(await ask(origin.environment, 'status', { request: {} }), given.operands);
  const text = given.has('--json')
    ? `${renderJson(seen, 2)}\n`
    : `${renderStatus(seen, given.operands.length === 0 ? terminal : { ...terminal, columns: undefined }).join('\n')}\n`;
  return { text, exitCode: 0 };
}

async function watch(context: CommandContext): Promise<CommandResult> {
  const { given, origin, terminal, write } = context;
  const screen = terminal.isTerminal && !given.has('--json') ? makeScreen(context) : undefined;
  const show = (seen: Status): Promise<void> => {
    if (screen !== undefined) return screen.show(seen);
    return write(
      given.has('--json') ? `${renderJson(seen)}\n` : `${renderStatus(seen, terminal).join('\n')}\n\n`,
    );
  };
  try {
    await listen(origin.environment, 'status', {
      request: { watch: '1' },
      onValue: seen => show(select(seen, given.operands)),
    });
  } finally {
    screen?.close();
  }
  return { text: '', exitCode: 0 };
}

/** A terminal shows one table, in place of the one before, whose times go on while nothing else changes. */
function makeScreen({ terminal, write }: CommandContext) {
  let latest: { readonly seen: Status; readonly atMs: number } | undefined;
  let drawn = 0;
  let drawing = Promise.resolve();
  const draw = async () => {
    if (latest === undefined) return;
    const lines = renderStatus(grow(latest.seen, readClockMs() - latest.atMs), terminal);
    // More than the screen holds can't be gone back to.
    const shown = lines.slice(0, Math.max(1, (terminal.rows ?? lines.length + 1) - 1));
    const back = drawn === 0 ? '' : `\x1b[${drawn}A\x1b[J`;
    drawn = shown.length;
    await write(`${back}${shown.join('\n')}\n`);
  };
  const redraw = () => {
    drawing = drawing.then(draw);
    return drawing;
  };
  const timer = setInterval(() => void redraw().catch(() => {}), TICK_MS);
  return {
    show(seen: Status): Promise<void> {
      latest = { seen, atMs: readClockMs() };
      return redraw();
    },
    close: () => clearInterval(timer),
  };
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

function renderStatus(seen: Status, terminal: Terminal): string[] {
  const { version, pid, upMs, stage, services } = seen;
  const wanted = services.filter(({ state }) => state !== 'down');
  const ready = wanted.filter(({ isReady }) => isReady);
  const count = stage.name === 'running' ? `; ${ready.length} of ${wanted.length} services ready` : '';
  const head = `Lintel ${version}, pid ${pid}, up ${renderDuration(upMs)}: ${renderStage(stage)}${count}`;
  const [first = ''] = renderTable([[{ text: head }]], terminal);
  if (services.length === 0) return [first];
  const titles = ['NAME', 'STATE', 'READY', 'PID', 'SINCE', 'RESTARTS', 'NOTE'];
  const rows = [titles.map(text => ({ text, colour: 'dim' as const })), ...services.map(makeRow)];
  return [first, '', ...renderTable(rows, terminal)];
}

function makeRow(service: Service): Cell[] {
  const { name, state, isReady, pid, forMs, spawn } = service;
  return [
    { text: name },
    { text: state, colour: chooseColour(service) },
    { text: state === 'down' ? '-' : isReady ? 'yes' : 'no' },
    { text: pid === undefined ? '-' : String(pid) },
    { text: renderDuration(forMs) },
    { text: String(Math.max(0, spawn - 1)) },
    { text: makeNote(service) },
  ];
}

function chooseColour(service: Service): Colour {
  const { state, isReady, isFailing, isLate } = service;
  if (state === 'failed' || isFailing || isIll(service)) return 'red';
  if (state === 'down') return 'dim';
  return isReady && !isLate ? 'green' : 'yellow';
}

function makeNote(service: Service): string {
  const { state, spawn, isFailing, isLate, waitsFor, illness, restartsInMs } = service;
  const notes = [
    state === 'down' && spawn === 0 ? 'not started yet' : '',
    isFailing ? 'failing' : '',
    isLate ? 'late' : '',
    isIll(service) ? 'unhealthy' : '',
    state === 'waiting' && waitsFor.length > 0 ? `waits for ${waitsFor.join(', ')}` : '',
    state === 'starting' || isIll(service) ? (illness ?? '') : '',
    restartsInMs === undefined ? '' : `starts again in ${(restartsInMs / 1000).toFixed(1)} s`,
    renderLastDeath(service) ?? '',
  ];
  return notes.filter(note => note !== '').join('; ');
}
