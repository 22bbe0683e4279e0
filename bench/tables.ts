import { WORKLOADS } from './boots.ts';
import type { Findings, Line } from './budgets.ts';
import { IDLE_S } from './idle.ts';
import { median, p95, valuesOf } from './statistics.ts';
import { lintel } from './subjects.ts';

/** On a quiet machine the median of a boot lies within this of its minimum. */
const BUSY_FACTOR = 1.25;

/** The budgets: measured, 95th percentile, minimum, what stands beside it, the ratio, the target. */
export function renderLines(lines: readonly Line[]): string {
  const rows = lines.map(({ what, unit, measured, p95, minimum, beside, target }) => [
    what,
    `${show(measured)} ${unit}`,
    show(p95),
    show(minimum),
    beside ? `${beside.name} ${show(beside.value)}` : '',
    beside && beside.value > 0 ? (measured / beside.value).toFixed(2) : '',
    target === undefined ? '' : `<= ${show(target)}`,
    target === undefined ? '' : measured <= target ? 'ok' : 'MISS',
  ]);
  return renderTable([['', 'median', 'p95', 'minimum', 'beside', 'ratio', 'target', ''], ...rows]);
}

/** What makes a verdict worthless: other work on the machine holds runs up, and the larger boots most of all. */
export function renderNoise({ measurements }: Findings): string {
  const boots = Object.keys(WORKLOADS).map(workload =>
    valuesOf(measurements, `${lintel.name} ${workload}`, 'last'),
  );
  const factors = [valuesOf(measurements, 'bare node', 'end'), ...boots].map(
    times => median(times) / Math.min(...times),
  );
  const factor = Math.max(...factors.filter(Number.isFinite));
  if (factor < BUSY_FACTOR) return '';
  return `\nThis machine was busy: a boot took ${factor.toFixed(2)} times its minimum. Trust no verdict, run again.\n`;
}

/** All inits with the same work: milliseconds from exec to the last service, and the processor time it took. */
export function renderBoots({ measurements }: Findings, names: readonly string[]): string {
  const workloads = Object.entries(WORKLOADS);
  const stopped = workloads.filter(([, { isStopped }]) => isStopped).map(([name]) => name);
  const rows = names.map(name => {
    const cell = (workload: string, number: string) =>
      showSpread(valuesOf(measurements, `${name} ${workload}`, number));
    return [
      name,
      ...workloads.map(([workload]) => cell(workload, 'last')),
      ...stopped.map(workload => cell(workload, 'cpu')),
    ];
  });
  const head = [
    '',
    ...workloads.map(([workload]) => workload),
    ...stopped.map(workload => `CPU ${workload}`),
  ];
  return renderFilled([head, ...rows]);
}

/** How they end, restart and reap, and what they cost meanwhile. */
export function renderLives({ measurements, idle }: Findings, names: readonly string[]): string {
  const rows = names.map(name => {
    const values = (what: string, number: string) => valuesOf(measurements, `${name} ${what}`, number);
    const watched = idle.get(name);
    return [
      name,
      showSpread(values('N20 K20', 'stop')),
      showSpread(values('stubborn', 'late')),
      watched?.restartsMs.length === 0 ? 'never' : showSpread(watched?.restartsMs ?? []),
      show(median(values('orphans', 'zombies'))),
      showSpread(values('orphans', 'reaped')),
      show(watched?.pssMiB),
      show(watched?.cpuMs),
    ];
  });
  const head = [
    '',
    'TERM, N20',
    'stubborn',
    'restart',
    'zombies',
    'reaped',
    'PSS, MiB',
    `CPU in ${IDLE_S} s`,
  ];
  return renderFilled([head, ...rows]);
}

/** 200 MB of lines through each of them. */
export function renderLogs({ measurements }: Findings, names: readonly string[]): string {
  const rows = names.map(name => {
    const values = (number: string) => valuesOf(measurements, `${name} log`, number);
    return [
      name,
      ...['cpu', 'wall', 'growth'].map(number => showSpread(values(number))),
      show(median(values('lost'))),
    ];
  });
  return renderFilled([['', 'CPU, ms', 'until read, ms', 'memory, MiB', 'lost lines'], ...rows]);
}

/** Who woke up while nothing happened, thread by thread. */
export function renderWakeups(idle: Findings['idle'], names: readonly string[]): string {
  const lines = names.flatMap(name => {
    const threads = idle.get(name)?.wakeups;
    if (threads === undefined) return [];
    const said = Object.entries(threads).map(([thread, count]) => `${thread} ${count}`);
    return `${name}: ${said.join(', ') || 'no thread'}`;
  });
  return lines.join('\n');
}

/** Only the rows of those who have been measured; "" when nobody has. */
function renderFilled([head = [], ...rows]: readonly (readonly string[])[]): string {
  const filled = rows.filter(([, ...cells]) => cells.some(cell => cell !== '-'));
  return filled.length === 0 ? '' : renderTable([head, ...filled]);
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

/** "median p95". */
function showSpread(values: readonly number[]): string {
  return values.length === 0 ? '-' : `${show(median(values))} ${show(p95(values)).padStart(6)}`;
}

function show(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '-';
  return Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 2 : 1);
}
