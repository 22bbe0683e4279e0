import * as z from 'zod/mini';
import { isHttpUrl } from '../settings/url.ts';
import { fillTemplate } from './template.ts';

/** A question to a service whose answer is yes or no. Its texts may hold `${NAME}`. */
export type Probe =
  | { readonly http: string }
  /** A port of 127.0.0.1, or "host:port". */
  | { readonly tcp: number | string }
  | { readonly socket: string }
  | { readonly file: string }
  | { readonly exec: readonly string[] };

/** When a service counts as ready: its probe says so, or it writes a newline to the descriptor. Milliseconds. */
export interface Readiness {
  readonly probe: Probe | { readonly notifyFd: number };
  /** undefined: often at first, then seldom. */
  readonly intervalMs: number | undefined;
  /** After this time it is late, which is said and changes nothing else. */
  readonly timeoutMs: number;
}

/** How often a running service is asked, and after how many failures in a row it is started anew. */
export interface Health {
  readonly probe: Probe;
  readonly intervalMs: number;
  readonly failures: number;
}

export const PROBES = ['http', 'tcp', 'socket', 'file', 'exec'] as const;

/** What may stand inside of `ready` and `health`, for "did you mean". */
export const PROBE_FIELDS = {
  ready: [...PROBES, 'notifyFd', 'intervalMs', 'timeoutMs'],
  health: [...PROBES, 'intervalMs', 'failures'],
} as const;

const DEFAULTS = { readyTimeoutMs: 300_000, healthIntervalMs: 10_000, healthFailures: 3 } as const;
/** The kernel takes no other text, be it an argument, a variable or a path. */
export const WITHOUT_NUL = /^[^\0]*$/;
const LEAST_INTERVAL_MS = 10;
const DAY_MS = 86_400_000;
const MOST_FAILURES = 1000;
/** Numbers below are stdin, stdout and stderr; the highest one fits under the usual limit of open files. */
const NOTIFY_FD = { least: 3, most: 1023 } as const;
const MOST_PORT = 65_535;

/** The fields `ready` and `health` of service.json. Made on demand, as the whole schema is. */
export function makeProbeSchema() {
  const probe = {
    http: z.optional(z.string().check(z.refine(isUrlTemplate))),
    tcp: z.optional(z.union([makePortSchema(), z.string().check(z.refine(isAddressTemplate))])),
    socket: z.optional(z.string().check(z.regex(ABSOLUTE))),
    file: z.optional(z.string().check(z.regex(ABSOLUTE))),
    exec: z.optional(
      z.array(z.string().check(z.regex(WITHOUT_NUL))).check(
        z.minLength(1),
        z.refine(([program]) => program !== ''),
      ),
    ),
  };
  const intervalMs = z.optional(z.int().check(z.gte(LEAST_INTERVAL_MS), z.lte(DAY_MS)));
  const ready = z.strictObject({
    ...probe,
    notifyFd: z.optional(z.int().check(z.gte(NOTIFY_FD.least), z.lte(NOTIFY_FD.most))),
    intervalMs,
    timeoutMs: z.optional(z.int().check(z.gte(1), z.lte(DAY_MS))),
  });
  const health = z.strictObject({
    ...probe,
    intervalMs,
    failures: z.optional(z.int().check(z.gte(1), z.lte(MOST_FAILURES))),
  });
  return { ready: ready.check(z.refine(hasOneProbe)), health: health.check(z.refine(hasOneProbe)) };
}

function makePortSchema() {
  return z.int().check(z.gte(1), z.lte(MOST_PORT));
}

type Schemas = ReturnType<typeof makeProbeSchema>;
export type ReadyJson = z.infer<Schemas['ready']>;
export type HealthJson = z.infer<Schemas['health']>;

/** Of `command`, too. */
export const PROGRAM_EXPECTED =
  'a list of the program ("./NAME": a file of the service’s folder) and its arguments';

/** What is expected in each place, by its path in service.json. */
export const PROBE_EXPECTED: Readonly<Record<string, string>> = {
  ready: 'an object with exactly one of http, tcp, socket, file, exec and notifyFd',
  health: 'an object with exactly one of http, tcp, socket, file and exec',
  ...Object.fromEntries(
    ['ready', 'health'].flatMap(place => [
      [`${place}.http`, 'an http or https URL'],
      [`${place}.tcp`, 'a port from 1 to 65535, "host:port" or "[address]:port"'],
      [`${place}.socket`, 'the absolute path of a unix socket'],
      [`${place}.file`, 'an absolute path'],
      [`${place}.exec`, PROGRAM_EXPECTED],
      [`${place}.intervalMs`, `a whole number of milliseconds from ${LEAST_INTERVAL_MS} to ${DAY_MS}`],
    ]),
  ),
  'ready.notifyFd': `a descriptor's number from ${NOTIFY_FD.least} to ${NOTIFY_FD.most}`,
  'ready.timeoutMs': `a whole number of milliseconds from 1 to ${DAY_MS}`,
  'health.failures': `a whole number from 1 to ${MOST_FAILURES}`,
};

export function makeReadiness(json: ReadyJson): Readiness {
  const { notifyFd, intervalMs, timeoutMs = DEFAULTS.readyTimeoutMs } = json;
  return { probe: notifyFd === undefined ? makeProbe(json) : { notifyFd }, intervalMs, timeoutMs };
}

export function makeHealth(json: HealthJson): Health {
  const { intervalMs = DEFAULTS.healthIntervalMs, failures = DEFAULTS.healthFailures } = json;
  return { probe: makeProbe(json), intervalMs, failures };
}

/** The checked JSON has exactly one. */
function makeProbe({ http, tcp, socket, file, exec = [] }: HealthJson): Probe {
  if (http !== undefined) return { http };
  if (tcp !== undefined) return { tcp };
  if (socket !== undefined) return { socket };
  return file === undefined ? { exec } : { file };
}

function hasOneProbe(json: Readonly<Record<string, unknown>>): boolean {
  return [...PROBES, 'notifyFd'].filter(name => json[name] !== undefined).length === 1;
}

/** Absolute, or whatever a variable will say. */
const ABSOLUTE = /^(\/|\$\{)[^\0]*$/;
const LEADING_VARIABLE = /^(\$\{\w+:-)*\$\{\w+(%\/)?\}/;

/** Whether it can become a URL. What the variables will say is not known yet: a port, a path, nothing. */
function isUrlTemplate(text: string): boolean {
  return LEADING_VARIABLE.test(text) || ['1', ''].some(value => isHttpUrl(fillWith(text, value)));
}

function isAddressTemplate(text: string): boolean {
  return parseAddress(fillWith(text, '1')) !== undefined;
}

/** Defaults count, every other variable has this value. */
function fillWith(text: string, value: string): string {
  const names = [...text.matchAll(/\$\{(\w+)(?:%\/)?\}/g)].map(([, name = '']) => [name, value]);
  return fillTemplate(text, Object.fromEntries(names));
}

/** "8888", "host:8888" or "[::1]:8888"; undefined for anything else. */
export function parseAddress(text: string): { readonly host: string; readonly port: number } | undefined {
  const [, address, name, digits] =
    /^(?:(?:\[([0-9a-fA-F:.%\w]+)\]|([^\s:[\]/]+)):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits ?? 0);
  if (port < 1 || port > MOST_PORT) return undefined;
  return { host: address ?? name ?? '127.0.0.1', port };
}
