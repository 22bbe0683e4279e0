import assert from 'node:assert/strict';
import test from 'node:test';
import { type ContainerOptions, type End, fixtures, runContainer, whyNot } from './container.ts';

/** TERM at any moment of a boot, from the moment when the signal handlers stand. */
const MOMENTS = 200;
/** Boots in a row in each container, and containers side by side: most of their time is waiting. */
const CONTAINERS = 10;
/**
 * What a stop may take (milliseconds): the stubborn service's 300 and a busy machine, but no time limit of Lintel's
 * own, of which the shortest is 5 s.
 */
const STOP_LIMIT_MS = 4000;
/** Of ends that are wrong, so many are shown, each with its log. */
const SHOWN = 3;
const PYTHON = '/usr/bin/python3';

const NAMES = 'base daemon finisher last parent plain polite second stubborn third'.split(' ');
const UP = 'echo up\nexec sleep 9999';

/** A service with this shell script as its `run`. */
function service(name: string, script: string, json: object = {}): Record<string, string> {
  return {
    [`/etc/services.d/${name}/run`]: `#!/bin/sh\n${script}\n`,
    [`/etc/services.d/${name}/service.json`]: JSON.stringify(json),
  };
}

const FILES: ContainerOptions['files'] = {
  ...fixtures('stop-anytime.py'),
  ...service('plain', UP, { health: { exec: ['true'], intervalMs: 100 } }),
  ...service('polite', 'trap "echo bye; exit 0" TERM\necho up\nwhile :; do sleep 0.05; done'),
  ...service('stubborn', `trap "" TERM\n${UP}`, { stopTimeoutMs: 300 }),
  ...service('daemon', `setsid sh -c 'setsid sleep 9999 &'\n${UP}`),
  ...service('parent', `sleep 9999 & sleep 9999 &\n${UP}`, { kill: 'group' }),
  ...service('finisher', UP),
  '/etc/services.d/finisher/finish': '#!/bin/sh\necho "finish $1 $2"\n',
  ...service('base', UP, { ready: { exec: ['true'] } }),
  ...service('second', UP, { requires: ['base'] }),
  ...service('third', UP, { requires: ['second', 'daemon'] }),
  ...service('last', UP, { after: ['third'] }),
  '/etc/cont-init.d/10-daemon': '#!/bin/sh\nsetsid sleep 9999 &\n',
  '/etc/cont-init.d/20-slow': '#!/bin/sh\nsleep 0.05\n',
  '/etc/cont-init.d/30-slow': '#!/bin/sh\nsleep 0.05 & wait\n',
  '/etc/cont-finish.d/10-bye': '#!/bin/sh\necho bye\n',
};

interface Told {
  readonly how: 'PID 1' | 'child';
  readonly afterMs: number;
  readonly tookMs: number | null;
  readonly code: number | null;
  readonly left: readonly string[];
  readonly reason: string;
  readonly log: string;
}

interface Stop extends Told {
  /** The right exit code. */
  readonly expected: number;
}

/** Without a CMD, and with one, whose code counts: a job that was stopped must not look successful. */
const WAYS = [
  { command: [], code: 0 },
  { command: ['sleep', '9999'], code: 143 },
] as const;

test(`TERM at ${MOMENTS} random moments of a boot ends it with the right code, in time, and leaves nothing`, {
  skip: whyNot({ programs: [PYTHON], isRoot: true }),
}, async t => {
  const seed = Math.floor(Math.random() * 1e9);
  t.diagnostic(`seed ${seed}`);
  const boot = async (number: number) => {
    const { command, code } = WAYS[number % WAYS.length] ?? WAYS[0];
    const rounds = [`${seed}.${number}`, `${MOMENTS / CONTAINERS}`, `${NAMES.length}`];
    const end = await runContainer(t, [PYTHON, '/srv/stop-anytime.py', ...rounds, '/init', ...command], {
      files: FILES,
      environment: { LINTEL_SERVICES: NAMES.join(',') },
    });
    return parseStops(end, code);
  };
  const stops = (await Promise.all(Array.from({ length: CONTAINERS }, (_, number) => boot(number)))).flat();
  assert.equal(stops.length, MOMENTS + CONTAINERS);
  const wrong = stops.filter(stop => !isClean(stop));
  assert.deepEqual(wrong.slice(0, SHOWN), [], `${wrong.length} wrong ends of seed ${seed}`);
  t.diagnostic(describeStops(stops));
});

function parseStops({ code, stdout, stderr }: End, expected: number): Stop[] {
  assert.equal(code, 0, stdout.slice(-4000) + stderr);
  return stdout
    .trim()
    .split('\n')
    .map(line => ({ ...(JSON.parse(line) as Told), expected }));
}

function isClean({ code, expected, tookMs, left, reason, log }: Stop): boolean {
  const isPrompt = tookMs !== null && tookMs < STOP_LIMIT_MS;
  const isNamed = reason.startsWith('asked to stop by SIGTERM') && log.includes(reason);
  const hasFinished = isEarly(reason) || /^10-bye \| bye$/m.test(log);
  return code === expected && isPrompt && left.length === 0 && isNamed && hasFinished && !/error: /.test(log);
}

function isEarly(reason: string): boolean {
  return reason.includes('during the boot');
}

/** So that one sees whether the moments were spread over the boot. */
function describeStops(stops: readonly Stop[]): string {
  const early = stops.filter(({ reason }) => isEarly(reason)).length;
  const whole = stops.filter(({ log }) => log.split('| up\n').length > NAMES.length).length;
  const slowestMs = Math.max(...stops.map(({ tookMs }) => tookMs ?? 0));
  return `${early} during scripts, ${whole} with all services up; the slowest took ${slowestMs} ms`;
}
