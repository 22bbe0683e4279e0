import { renderStage } from '../control/judgements.ts';
import type { ResponseOf } from '../control/routes.ts';
import {
  countServices,
  isIll,
  isInTrouble,
  isWanted,
  standingOf,
  type Word,
  wordOf,
} from '../control/standing.ts';
import { escapeLine } from '../printable.ts';
import { renderDuration } from './durations.ts';
import { type Cell, renderTable } from './tables.ts';
import { type Colour, paint, type Terminal } from './terminal.ts';
import { cut, measure, wrap } from './width.ts';

export type Status = ResponseOf<'status'>;
type Service = Status['services'][number];

interface Column {
  readonly title: string;
  readonly make: (service: Service) => string;
  readonly colour?: (service: Service) => Colour;
}

/** A pipe gets all of them. */
const COLUMNS: readonly Column[] = [
  { title: 'NAME', make: ({ name }) => name },
  { title: 'STATE', make: service => wordOf(standingOf(service)), colour: chooseColour },
  {
    title: 'READY',
    make: service => (isWanted(service) ? (service.isReady ? 'yes' : 'no') : '-'),
  },
  { title: 'PID', make: ({ pid }) => (pid === undefined ? '-' : String(pid)) },
  { title: 'SINCE', make: ({ forMs }) => renderDuration(forMs) },
  { title: 'RESTARTS', make: ({ spawn }) => String(Math.max(0, spawn - 1)) },
  { title: 'NOTE', make: makeNote },
];
/** What a terminal does without, one after the other, where notes have less room than that. */
const DISPENSABLE = ['PID', 'RESTARTS'];
const LEAST_NOTE_COLUMNS = 44;
const GAP_COLUMNS = 2;

/** The whole table; with `rows` no higher than that: then services that are fine give way to those that are not. */
export function renderStatus(seen: Status, terminal: Terminal, rows = Number.POSITIVE_INFINITY): string[] {
  const head = renderHead(seen, terminal);
  if (seen.services.length === 0) return head.slice(0, rows);
  const { shown, more } = fit(seen.services, Math.max(1, rows - head.length - 2));
  const columns = chooseColumns(shown, terminal);
  const titles = columns.map(({ title }): Cell => ({ text: title, colour: 'dim' }));
  const body = shown.map(service =>
    columns.map(({ make, colour }): Cell => ({ text: make(service), colour: colour?.(service) })),
  );
  const foot = more === undefined ? [] : [paint(cut(more, terminal.columns ?? more.length), 'dim', terminal)];
  return [...head, '', ...renderTable([titles, ...body], terminal), ...foot].slice(0, rows);
}

function renderHead({ version, pid, upMs, stage, services }: Status, terminal: Terminal): string[] {
  const { wanted, ready, inTrouble } = countServices(services.map(standingOf));
  const trouble = inTrouble === 0 ? '' : `, ${inTrouble} in trouble`;
  const count = stage.name === 'running' ? `; ${ready} of ${wanted} services ready${trouble}` : '';
  const text = `Lintel ${version}, pid ${pid}, up ${renderDuration(upMs)}: ${renderStage(stage)}${count}`;
  return wrap(escapeLine(text), terminal.columns ?? Number.POSITIVE_INFINITY);
}

/** Which rows there is room for, and what is said of the others. */
function fit(
  services: readonly Service[],
  room: number,
): { readonly shown: readonly Service[]; readonly more?: string } {
  if (services.length <= room) return { shown: services };
  const byNeed = services.toSorted((a, b) => needOf(a) - needOf(b));
  const chosen = new Set(byNeed.slice(0, Math.max(1, room - 1)));
  const others = services.filter(service => !chosen.has(service));
  const count = (need: number, word: string) => {
    const number = others.filter(service => needOf(service) === need).length;
    return number === 0 ? [] : [`${number} ${word}`];
  };
  const parts = [
    ...count(0, 'in trouble'),
    ...count(1, 'not ready'),
    ...count(2, 'ready'),
    ...count(3, 'down'),
  ];
  return {
    shown: services.filter(service => chosen.has(service)),
    more: `… ${others.length} more: ${parts.join(', ')}`,
  };
}

/** How much somebody wants to see it: 0 most. */
function needOf(service: Service): number {
  if (isInTrouble(standingOf(service))) return 0;
  if (!service.isReady && isWanted(service)) return 1;
  return service.isReady ? 2 : 3;
}

function chooseColumns(services: readonly Service[], terminal: Terminal): readonly Column[] {
  let columns = COLUMNS;
  for (const title of DISPENSABLE) {
    if (terminal.columns === undefined) return columns;
    const others = columns.slice(0, -1).map(column => widthOf(column, services) + GAP_COLUMNS);
    const room = terminal.columns - others.reduce((sum, width) => sum + width, 0);
    const notes = Math.max(...services.map(service => measure(makeNote(service))));
    if (notes <= room || room >= LEAST_NOTE_COLUMNS) return columns;
    columns = columns.filter(column => column.title !== title);
  }
  return columns;
}

function widthOf({ title, make }: Column, services: readonly Service[]): number {
  return Math.max(title.length, ...services.map(service => measure(make(service))));
}

function chooseColour(service: Service): Colour {
  return service.isKeptDown ? 'red' : COLOURS[wordOf(standingOf(service))];
}

const COLOURS: Readonly<Record<Word, Colour>> = {
  failed: 'red',
  failing: 'red',
  unhealthy: 'red',
  late: 'yellow',
  restarting: 'yellow',
  starting: 'yellow',
  stopping: 'yellow',
  waiting: 'yellow',
  ready: 'green',
  down: 'dim',
};

function makeNote(service: Service): string {
  const { state, spawn, waitsFor, illness, restartsInMs } = service;
  const notes = [
    state === 'down' && spawn === 0 ? 'not started yet' : '',
    state === 'waiting' && waitsFor.length > 0 ? `waits for ${waitsFor.join(', ')}` : '',
    state === 'starting' || isIll(service) ? (illness ?? '') : '',
    service.lastCause ?? '',
    restartsInMs === undefined ? '' : `starts again in ${(restartsInMs / 1000).toFixed(1)} s`,
    ...service.lastRemarks,
  ];
  return notes.filter(note => note !== '').join('; ');
}
