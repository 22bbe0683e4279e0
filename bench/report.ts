import { IDLE_S, type Idle } from './idle.ts';
import { type Measurements, median, valuesOf } from './statistics.ts';

/** On a quiet machine the median of bare node lies within this of its minimum. */
const BUSY_FACTOR = 1.25;

/** What one run of the bench found out. */
export interface Findings {
  readonly measurements: Measurements;
  readonly idle: ReadonlyMap<string, Idle>;
  readonly zombies: ReadonlyMap<string, number>;
  readonly absent: readonly string[];
}

/** One budget, or, without a target, one number worth knowing. */
export interface Line {
  readonly what: string;
  readonly unit: string;
  readonly measured: number;
  readonly minimum?: number;
  readonly beside?: { readonly name: string; readonly value: number };
  readonly target?: number;
}

/** The budgets of issue 2, filled in. A time over bare node is a target that moves with the machine. */
export function makeLines({ measurements, idle }: Findings): readonly Line[] {
  const values = (name: string, number: string) => valuesOf(measurements, name, number);
  const middle = (name: string, number: string) => median(values(name, number));
  const time = (what: string, name: string, number: string): Line => {
    return { what, unit: 'ms', measured: middle(name, number), minimum: Math.min(...values(name, number)) };
  };
  const node = { name: 'bare node', value: middle('bare node', 'end') };
  const besideFloor = (number: string, workload: string) => {
    return { name: 'floor', value: middle(`floor (C) ${workload}`, number) };
  };
  const planned = (number: string) => middle('with plan', number) - middle('without plan', number);
  const processes = Math.max(planned('pid'), ...values('with plan', 'clients'));
  const tini = { name: 'tini', value: middle('CMD of tini', 'end') };
  const lines: Line[] = [
    time('bare node -e 0', 'bare node', 'end'),
    { ...time('to the first service', 'lintel N1 K0', 'first'), beside: node, target: node.value + 15 },
    { ...time('to the signal handlers', 'handlers', 'handlers'), beside: node, target: node.value },
    {
      ...time('to 5 services after 5 scripts', 'lintel N5 K5', 'last'),
      beside: node,
      target: node.value + 15 + 1.5 * besideFloor('last', 'N5 K5').value,
    },
    { what: 'the plan applied, all tools', unit: 'ms', measured: planned('first'), target: 5 },
    { what: 'processes started for it', unit: '', measured: processes, target: 0 },
    {
      ...time('TERM to the end, 20 services', 'lintel N20 K20', 'stop'),
      beside: besideFloor('stop', 'N20 K20'),
      target: 15,
    },
    { ...time("CMD's exit to ours", 'CMD', 'end'), beside: tini, target: 10 },
    { ...time('the same beside 5 services', 'CMD beside 5 services', 'end'), beside: tini, target: 10 },
  ];
  return [...lines, ...idleLines(idle.get('lintel'), idle.get('bare node'))];
}

function idleLines(own: Idle | undefined, node: Idle | undefined): readonly Line[] {
  if (own === undefined || node === undefined) return [];
  const beside = (value: number) => ({ name: 'bare node', value });
  return [
    { what: 'idle: RSS', unit: 'MiB', measured: own.rssMiB, beside: beside(node.rssMiB), target: 52 },
    {
      what: 'idle: Private_Dirty',
      unit: 'MiB',
      measured: own.privateDirtyMiB,
      beside: beside(node.privateDirtyMiB),
      target: 14,
    },
    { what: 'idle: PSS', unit: 'MiB', measured: own.pssMiB, beside: beside(node.pssMiB) },
    { what: `idle: CPU in ${IDLE_S} s`, unit: 'ms', measured: own.cpuMs, beside: beside(node.cpuMs) },
    {
      what: 'idle: wake-ups',
      unit: '',
      measured: countAll(own.wakeups),
      beside: beside(countAll(node.wakeups)),
    },
  ];
}

/** The budgets: measured, the minimum, what stands beside it, the ratio, the target. */
export function renderLines(lines: readonly Line[]): string {
  const rows = lines.map(({ what, unit, measured, minimum, beside, target }) => [
    what,
    `${show(measured)} ${unit}`,
    show(minimum),
    beside ? `${beside.name} ${show(beside.value)}` : '',
    beside && beside.value > 0 ? (measured / beside.value).toFixed(2) : '',
    target === undefined ? '' : `<= ${show(target)}`,
    target === undefined ? '' : measured <= target ? 'ok' : 'MISS',
  ]);
  return renderTable([['', 'median', 'minimum', 'beside', 'ratio', 'target', ''], ...rows]);
}

/** What makes a verdict worthless: a machine with other work inflates bare node, and every target with it. */
export function renderNoise({ measurements }: Findings): string {
  const ends = valuesOf(measurements, 'bare node', 'end');
  const factor = median(ends) / Math.min(...ends);
  if (factor < BUSY_FACTOR) return '';
  return `\nThis machine was busy: bare node took ${factor.toFixed(2)} times its minimum. Trust no verdict, run again.\n`;
}

/** All inits with the same work: milliseconds from exec to the last service, and what happens afterwards. */
export function renderPeers(
  { measurements, idle, zombies, absent }: Findings,
  names: readonly string[],
): string {
  const rows = names.map(name => {
    const time = (workload: string, number: string) =>
      show(median(valuesOf(measurements, `${name} ${workload}`, number)));
    const restarts = idle.get(name)?.restartsMs ?? [];
    return [
      name,
      ...['N1 K0', 'N5 K5', 'N20 K20'].map(workload => time(workload, 'last')),
      time('N20 K20', 'stop'),
      restarts.length === 0 ? 'never' : show(median(restarts)),
      String(zombies.get(name)),
      show(idle.get(name)?.pssMiB),
      show(idle.get(name)?.cpuMs),
    ];
  });
  const head = [
    '',
    'N1 K0',
    'N5 K5',
    'N20 K20',
    'TERM to gone, N20',
    'restart',
    'zombies of 10k',
    'PSS, MiB',
    `CPU in ${IDLE_S} s`,
  ];
  const missing = absent.length === 0 ? '' : `\nnot installed here: ${absent.join(', ')}`;
  return `${renderTable([head, ...rows])}${missing}`;
}

/** Who woke up while nothing happened, thread by thread. */
export function renderWakeups(idle: Findings['idle']): string {
  const threads = (name: string) => Object.entries(idle.get(name)?.wakeups ?? {});
  const lines = ['lintel', 'bare node'].map(name => {
    const said = threads(name).map(([thread, count]) => `${thread} ${count}`);
    return `${name}: ${said.join(', ') || 'no thread'}`;
  });
  return lines.join('\n');
}

function renderTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)));
  return rows
    .map(row =>
      row.map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      ),
    )
    .map(row => row.join('  ').trimEnd())
    .join('\n');
}

function show(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? '-' : value.toFixed(value < 10 ? 2 : 1);
}

function countAll(wakeups: Idle['wakeups']): number {
  return Object.values(wakeups).reduce((total, count) => total + count, 0);
}
