import { SUBCOMMANDS } from './cli.ts';
import { IDLE_S, type Idle } from './idle.ts';
import { type Measurements, median, p95, valuesOf } from './statistics.ts';
import { floor, lintel, lintelJson, STOP_TIMEOUT_MS } from './subjects.ts';

/** What one run of the bench found out. */
export interface Findings {
  readonly measurements: Measurements;
  readonly idle: ReadonlyMap<string, Idle>;
  /** Of each of several workbenches of one image, side by side. */
  readonly privateDirtyMiB: readonly number[];
  readonly absent: readonly string[];
}

/** One budget, or, without a target, one number worth knowing. */
export interface Line {
  readonly what: string;
  readonly unit: string;
  /** The median. */
  readonly measured: number;
  readonly p95?: number;
  readonly minimum?: number;
  readonly beside?: { readonly name: string; readonly value: number };
  readonly target?: number;
}

/** Budgets in milliseconds over bare node; of a boot with scripts, the floor's time for the same comes on top. */
const BOOT_MS = 15;
const FLOOR_FACTOR = 1.5;
const SERVICE_MS = 0.4;
const CLI_MS = 60;
/** Of a container that starts Jupyter, over the same with tini in front. */
const WORKBENCH_MS = 80;
const PRIVATE_DIRTY_MIB = 14;
/** Of all that onyxia-init.sh configured, without the time of the system store's own program. */
const SETTINGS_MS = 60;

/**
 * The budgets, filled in; those of which nothing was measured are left out. A time over bare node is a target that
 * moves with the machine, all others are absolute.
 */
export function makeLines(findings: Findings): readonly Line[] {
  const make = [
    bootLines,
    planLines,
    settingsLines,
    stopLines,
    logLines,
    orphanLines,
    cliLines,
    idleLines,
    imageLines,
  ];
  return make.flatMap(each => each(findings)).filter(line => !Number.isNaN(line.measured));
}

/** What all runs of a case said about one of its numbers. */
function spread(what: string, unit: string, values: readonly number[]): Line {
  return { what, unit, measured: median(values), p95: p95(values), minimum: Math.min(...values) };
}

function middle({ measurements }: Findings, name: string, number: string): number {
  return median(valuesOf(measurements, name, number));
}

function bootLines(findings: Findings): readonly Line[] {
  const node = { name: 'bare node', value: middle(findings, 'bare node', 'end') };
  const time = (what: string, name: string, number: string) =>
    spread(what, 'ms', valuesOf(findings.measurements, name, number));
  const boot = (what: string, workload: string, target: number): Line => {
    return {
      ...time(what, `${lintel.name} ${workload}`, 'last'),
      beside: node,
      target: node.value + BOOT_MS + target,
    };
  };
  const cpu = (what: string, workload: string): Line => ({
    ...time(what, `${lintel.name} ${workload}`, 'cpu'),
    beside: { name: 'floor', value: middle(findings, `${floor.name} ${workload}`, 'cpu') },
  });
  const floorFor = (workload: string) => FLOOR_FACTOR * middle(findings, `${floor.name} ${workload}`, 'last');
  return [
    time('bare node -e 0', 'bare node', 'end'),
    boot('to the first service', 'N1 K0', 0),
    { ...time('to the signal handlers', 'handlers', 'handlers'), beside: node, target: node.value },
    boot('to 5 services after 5 scripts', 'N5 K5', floorFor('N5 K5')),
    boot('to 20 services after 20 scripts', 'N20 K20', floorFor('N20 K20')),
    boot('to 100 services', 'N100 K0', 100 * SERVICE_MS),
    cpu('CPU of 20 services, 20 scripts', 'N20 K20'),
    cpu('CPU of 100 services', 'N100 K0'),
  ];
}

function planLines(findings: Findings): readonly Line[] {
  const planned = (number: string) =>
    middle(findings, 'with plan', number) - middle(findings, 'without plan', number);
  const clients = valuesOf(findings.measurements, 'with plan', 'clients');
  return [
    { what: 'the plan applied, all tools', unit: 'ms', measured: planned('first'), target: 5 },
    {
      what: 'clients started for it',
      unit: '',
      measured: Math.max(...(clients.length > 0 ? clients : [Number.NaN])),
      target: 0,
    },
  ];
}

function settingsLines(findings: Findings): readonly Line[] {
  const node = { name: 'bare node', value: middle(findings, 'settings: bare node', 'end') };
  const times = (name: string, number = 'command') => valuesOf(findings.measurements, name, number);
  const pid = (name: string) => middle(findings, name, 'pid');
  const target = node.value + SETTINGS_MS;
  return [
    { ...spread('to the CMD, no settings', 'ms', times('settings: none, uid 1000')), beside: node },
    { ...spread('to the CMD, Onyxia’s settings', 'ms', times('settings: uid 1000')), beside: node, target },
    {
      what: 'processes started for them',
      unit: '',
      measured: pid('settings: uid 1000') - pid('settings: none, uid 1000'),
      target: 0,
    },
    {
      ...spread('as root, less the store’s own', 'ms', times('settings: root', 'rest')),
      beside: node,
      target,
    },
    spread('the store’s own', 'ms', times('settings: root', 'storeMs')),
  ];
}

function stopLines(findings: Findings): readonly Line[] {
  const { measurements, idle } = findings;
  const time = (what: string, name: string, number: string) =>
    spread(what, 'ms', valuesOf(measurements, name, number));
  const tini = { name: 'tini', value: middle(findings, 'CMD of tini', 'end') };
  const floorStop = { name: 'floor', value: middle(findings, `${floor.name} N20 K20`, 'stop') };
  return [
    {
      ...time('TERM to the end, 20 services', `${lintel.name} N20 K20`, 'stop'),
      beside: floorStop,
      target: 15,
    },
    {
      ...time('TERM to the end, a stubborn one', `${lintel.name} stubborn`, 'stop'),
      target: STOP_TIMEOUT_MS + 50,
    },
    { ...spread('restart of a settled service', 'ms', idle.get(lintel.name)?.restartsMs ?? []), target: 5 },
    { ...time("CMD's exit to ours", 'CMD', 'end'), beside: tini, target: 10 },
    { ...time('the same beside 5 services', 'CMD beside 5 services', 'end'), beside: tini, target: 10 },
  ];
}

function logLines({ measurements }: Findings): readonly Line[] {
  const formats = [
    { format: 'text', name: lintel.name, cpuMs: 450 },
    { format: 'JSON', name: lintelJson.name, cpuMs: 900 },
  ];
  return formats.flatMap(({ format, name, cpuMs }) => {
    const values = (number: string) => valuesOf(measurements, `${name} log`, number);
    return [
      { ...spread(`200 MB of lines, ${format}: CPU`, 'ms', values('cpu')), target: cpuMs },
      { ...spread(`200 MB of lines, ${format}: memory`, 'MiB', values('growth')), target: 16 },
      { ...spread(`200 MB of lines, ${format}: lost`, '', values('lost')), target: 0 },
    ];
  });
}

function orphanLines({ measurements }: Findings): readonly Line[] {
  const values = (number: string) => valuesOf(measurements, `${lintel.name} orphans`, number);
  return [
    { ...spread('10,000 orphans: zombies after 100 ms', '', values('zombies')), target: 0 },
    { ...spread('10,000 orphans: the last reaped after', 'ms', values('reaped')), target: 100 },
  ];
}

function cliLines(findings: Findings): readonly Line[] {
  const node = { name: 'bare node', value: middle(findings, 'cli', 'node') };
  return SUBCOMMANDS.map(command => ({
    ...spread(`lintel ${command}`, 'ms', valuesOf(findings.measurements, 'cli', command)),
    beside: node,
    target: node.value + CLI_MS,
  }));
}

function idleLines({ idle }: Findings): readonly Line[] {
  const [own, node] = [idle.get(lintel.name), idle.get('bare node')];
  if (own === undefined || node === undefined) return [];
  const line = (what: string, unit: string, measure: (idle: Idle) => number): Line => {
    return {
      what: `idle: ${what}`,
      unit,
      measured: measure(own),
      beside: { name: 'bare node', value: measure(node) },
    };
  };
  return [
    { ...line('RSS', 'MiB', each => each.rssMiB), target: 52 },
    { ...line('Private_Dirty', 'MiB', each => each.privateDirtyMiB), target: PRIVATE_DIRTY_MIB },
    line('PSS', 'MiB', each => each.pssMiB),
    line(`CPU in ${IDLE_S} s`, 'ms', each => each.cpuMs),
    line('wake-ups', '', each => Object.values(each.wakeups).reduce((total, count) => total + count, 0)),
  ];
}

function imageLines({ measurements, privateDirtyMiB }: Findings): readonly Line[] {
  const times = (name: string) => valuesOf(measurements, `workbench: ${name}`, 'api');
  const tini = { name: 'tini', value: median(times('tini')) };
  const side = {
    what: 'side by side: Private_Dirty of each Lintel, most',
    unit: 'MiB',
    target: PRIVATE_DIRTY_MIB,
  };
  return [
    {
      ...spread('container start to Jupyter’s answer', 'ms', times('lintel')),
      beside: tini,
      target: tini.value + WORKBENCH_MS,
    },
    { ...side, measured: privateDirtyMiB.length === 0 ? Number.NaN : Math.max(...privateDirtyMiB) },
  ];
}
