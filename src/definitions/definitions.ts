import * as z from 'zod/mini';
import type { Problem } from '../errors.ts';
import { suggestName } from '../settings/suggest.ts';
import { maskUrls } from '../settings/url.ts';
import type { User } from '../user.ts';
import type { Runnable, ServiceFact } from './folder.ts';
import {
  type Health,
  makeHealth,
  makeProbeSchema,
  makeReadiness,
  PROBE_EXPECTED,
  PROBE_FIELDS,
  PROGRAM_EXPECTED,
  type Readiness,
  WITHOUT_NUL,
} from './probe-schema.ts';
import { parseS6Folder, type S6Folder } from './s6-folder.ts';

/**
 * What service.json may say. All optional; the JSON Schema in docs/ is generated from this. Made on demand: a boot
 * without any service.json has no use for it, and making it takes a millisecond.
 */
export function makeServiceSchema() {
  const text = z.string().check(z.minLength(1), z.regex(WITHOUT_NUL));
  const some = z.union([text, z.array(text).check(z.minLength(1))]);
  const milliseconds = z.int().check(z.gte(0), z.lte(86_400_000));
  const probes = makeProbeSchema();
  const signalName = z.string().check(z.regex(/^SIG[A-Z0-9]+$/));
  const variables = z.record(z.string().check(z.regex(/^[^=\0]+$/)), z.string().check(z.regex(WITHOUT_NUL)));

  return z.strictObject({
    $schema: z.optional(z.string()),
    description: z.optional(z.string()),
    command: z.optional(z.array(text).check(z.minLength(1))),
    user: z.optional(z.union([text, z.int().check(z.gte(0))])),
    cwd: z.optional(z.string().check(z.regex(/^\/[^\0]*$/))),
    env: z.optional(variables),
    exports: z.optional(variables),
    when: z.optional(
      z.strictObject({ command: z.optional(some), file: z.optional(some), env: z.optional(some) }),
    ),
    auto: z.optional(z.strictObject({ with: z.optional(some), without: z.optional(some) })),
    requires: z.optional(z.array(text)),
    after: z.optional(z.array(text)),
    ready: z.optional(probes.ready),
    health: z.optional(probes.health),
    restart: z.optional(z.enum(['always', 'on-failure', 'never'])),
    backoffMs: z.optional(z.strictObject({ min: z.optional(milliseconds), max: z.optional(milliseconds) })),
    maxRestarts: z.optional(z.strictObject({ count: z.int().check(z.gte(0)), windowMs: milliseconds })),
    critical: z.optional(z.boolean()),
    stopSignal: z.optional(signalName),
    stopTimeoutMs: z.optional(milliseconds),
    kill: z.optional(z.enum(['tree', 'group'])),
    successCodes: z.optional(z.array(z.union([z.int().check(z.gte(0), z.lte(255)), signalName]))),
    needsPassword: z.optional(z.union([z.boolean(), z.literal('if-possible')])),
    noNewPrivs: z.optional(z.boolean()),
    oomScoreAdj: z.optional(z.int().check(z.gte(-1000), z.lte(1000))),
    limits: z.optional(
      z.strictObject({ nofile: z.optional(z.int().check(z.gte(16), z.lte(MAX_OPEN_FILES))) }),
    ),
  });
}

/** fs.nr_open can't be larger. */
const MAX_OPEN_FILES = 1_073_741_816;

type ServiceJson = z.infer<ReturnType<typeof makeServiceSchema>>;

let schema: ReturnType<typeof makeServiceSchema> | undefined;

/** A service with every default filled in. Times in milliseconds. */
export interface Definition {
  readonly name: string;
  readonly origin: ServiceFact['origin'];
  readonly description: string;
  readonly command: readonly string[];
  readonly finish: string | undefined;
  /** Name, uid or uid:gid; undefined for the workbench user. */
  readonly user: string | undefined;
  /** Made for s6. */
  readonly isS6Style: boolean;
  /** Its `run` is written for s6: it runs as Lintel's own user where nothing names another. */
  readonly runsAsSelf: boolean;
  /** undefined for HOME. */
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  /** What it gives to everybody, as long as it is one of those that run; the values may hold `${NAME}`. */
  readonly exports: Readonly<Record<string, string>>;
  readonly when: {
    readonly command: readonly string[];
    readonly file: readonly string[];
    readonly env: readonly string[];
  };
  /** Where it runs though nobody names it. */
  readonly auto: {
    /** Services of which one has to run; it then does, too. */
    readonly with: readonly string[];
    /** Programs that no service of the image may run. */
    readonly without: readonly string[];
  };
  /** Services that must be ready before it starts, and services that must have been started. */
  readonly requires: readonly string[];
  readonly after: readonly string[];
  /** undefined: ready once it has lived for a moment. */
  readonly ready: Readiness | undefined;
  readonly health: Health | undefined;
  readonly policy: Policy;
  /** It lets people in by the workbench user's password, so it starts once that has been set. */
  readonly needsPassword: boolean;
  /** Where the account can't be given the password, it can tell by itself whether it is the right one. */
  readonly knowsPassword: boolean;
  readonly noNewPrivs: boolean;
  /** Its share in the kernel's choice of whom to kill when memory runs out; undefined for Lintel's own. */
  readonly oomScoreAdj: number | undefined;
  /** Soft limit of open files; undefined for the container's. */
  readonly openFilesSoft: number | undefined;
  /** Started only when an operator says so. */
  readonly isDownAtStart: boolean;
}

/** A service that is to run, and who as. */
export interface PlannedService {
  readonly definition: Definition;
  readonly user: User;
}

/** All that the state machine needs to know of a service. */
export interface Policy {
  readonly restart: 'always' | 'on-failure' | 'never';
  readonly backoffMs: { readonly min: number; readonly max: number };
  readonly maxRestarts: { readonly count: number; readonly windowMs: number } | undefined;
  readonly critical: boolean;
  readonly stopSignal: NodeJS.Signals;
  readonly stopTimeoutMs: number;
  readonly kill: 'tree' | 'group';
  readonly successCodes: readonly (number | string)[];
  readonly hasFinish: boolean;
  readonly finishTimeoutMs: number;
  /** It waits for others, or for the password. */
  readonly hasDependencies: boolean;
  /** Time that it has to become ready; undefined where nothing is asked. */
  readonly readyTimeoutMs: number | undefined;
  /** So many deaths are remembered. */
  readonly deathTally: number;
}

/** What each field expects, for error messages. */
const EXPECTED: Readonly<Record<string, string>> = {
  ...PROBE_EXPECTED,
  $schema: 'text',
  after: 'a list of names of services',
  auto: 'an object of with (names of services) and without (names of programs), each a text or a list of texts',
  backoffMs: '{"min": …, "max": …} in milliseconds, min not above max',
  command: PROGRAM_EXPECTED,
  critical: 'true or false',
  cwd: 'an absolute path',
  description: 'text',
  env: 'an object of NAME: "value"',
  exports: 'an object of NAME: "value"',
  kill: '"tree" or "group"',
  limits: `{"nofile": …}, a whole number from 16 to ${MAX_OPEN_FILES}`,
  maxRestarts: '{"count": …, "windowMs": …}',
  needsPassword: 'true, false or "if-possible"',
  noNewPrivs: 'true or false',
  oomScoreAdj: 'a whole number from -1000 to 1000',
  requires: 'a list of names of services',
  restart: '"always", "on-failure" or "never"',
  stopSignal: 'the name of a signal, such as "SIGINT"',
  stopTimeoutMs: 'a whole number of milliseconds from 0 to 86400000',
  successCodes: 'a list of exit codes and signal names',
  user: 'the name of a user, a uid or uid:gid',
  when: 'an object of command, file and env, each a text or a list of texts (any one is enough)',
};

export interface ParsedDefinition {
  /** undefined when a problem leaves nothing to run. */
  readonly definition: Definition | undefined;
  readonly problems: readonly Problem[];
}

/**
 * Checks a service's folder. `signals` are the names that the system knows; `stopTimeoutMs` is for a service that
 * names none (0 and undefined: Lintel's own default).
 */
export function parseDefinition(
  fact: ServiceFact,
  signals: ReadonlySet<string>,
  stopTimeoutMs?: number,
): ParsedDefinition {
  const known = { signals, stopTimeoutMs: stopTimeoutMs || DEFAULTS.stopTimeoutMs };
  const what = `${fact.folder}/service.json`;
  if (fact.json !== undefined && 'trouble' in fact.json) {
    return refuse({ what, seen: fact.json.trouble, expected: 'a readable JSON file', fatal: true });
  }
  if (fact.json === undefined) return makeDefinition(fact, {}, known);
  const json = parseJson(fact.json.text);
  if ('trouble' in json) return refuse({ what, seen: json.trouble, expected: 'a JSON object', fatal: true });
  schema ??= makeServiceSchema();
  const parsed = schema.safeParse(json.value);
  if (parsed.success) {
    const problems = checkMeaning(what, parsed.data, signals);
    return problems.length > 0
      ? { definition: undefined, problems }
      : makeDefinition(fact, parsed.data, known);
  }
  const { issues } = parsed.error;
  const rest = schema.safeParse(withoutWrongFields(json.value, issues));
  const problems = [
    ...firstOfEach(issues).flatMap(issue => renderIssue(what, json.value, issue)),
    ...(rest.success ? checkMeaning(what, rest.data, signals) : []),
  ];
  return { definition: undefined, problems };
}

/** What is left to be checked for its meaning, so that all problems are told at once. */
function withoutWrongFields(value: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  const wrong = new Set(
    issues.flatMap(issue =>
      issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : [String(issue.path[0])],
    ),
  );
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => !wrong.has(key)));
}

function refuse(problem: Problem): ParsedDefinition {
  return { definition: undefined, problems: [problem] };
}

function parseJson(text: string): { readonly value: unknown } | { readonly trouble: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    // The parser's own message quotes the text, which may hold a secret: only its place is told.
    const place = /line \d+ column \d+/.exec(String(error))?.[0];
    return { trouble: place === undefined ? 'it is no valid JSON' : `no valid JSON at ${place}` };
  }
}

/** What the types allow but makes no sense. */
function checkMeaning(what: string, json: ServiceJson, signals: ReadonlySet<string>): Problem[] {
  const codes = json.successCodes ?? [];
  const names = [
    ['stopSignal', json.stopSignal] as const,
    ...codes.map((code, index) => [`successCodes.${index}`, code] as const),
  ];
  const problems = names
    .filter(([, name]) => typeof name === 'string' && !signals.has(name))
    .map(([field, name]) => ({
      what,
      seen: `${field} ${JSON.stringify(name)}`,
      expected: EXPECTED['stopSignal'] ?? '',
      fatal: true,
    }));
  const { min, max } = makeBackoff(json);
  if (min > max)
    problems.push({
      what,
      seen: `backoffMs ${JSON.stringify({ min, max })}`,
      expected: EXPECTED['backoffMs'] ?? '',
      fatal: true,
    });
  return problems;
}

/** Two checks of one field would say the same sentence twice. */
function firstOfEach(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] {
  const places = new Set<string>();
  return issues.filter(({ path, code }) => {
    const place = `${code === 'unrecognized_keys'} ${path.join('.')}`;
    const isNew = !places.has(place);
    places.add(place);
    return isNew;
  });
}

function renderIssue(what: string, value: unknown, issue: z.core.$ZodIssue): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    const known = FIELDS[issue.path.join('.')] ?? Object.keys(schema?.shape ?? {});
    return issue.keys.map(key => {
      const meant = known.find(name => name.toLowerCase() === key.toLowerCase()) ?? suggestName(key, known);
      const hint =
        meant === undefined
          ? `one of ${known.filter(name => name !== '$schema').join(', ')}`
          : `perhaps "${meant}"`;
      return {
        what,
        seen: `unknown field ${JSON.stringify([...issue.path, key].join('.'))}`,
        expected: hint,
        fatal: true,
      };
    });
  }
  const [field] = issue.path;
  const seen = issue.path.reduce<unknown>(
    (inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
  const place = issue.path.length === 0 ? '' : `${issue.path.join('.')} `;
  const hasNul = typeof seen === 'string' && seen.includes('\0');
  // A value of env may be a secret.
  const shown =
    field === 'env' || field === 'exports'
      ? 'what stands there'
      : maskUrls(JSON.stringify(seen)?.slice(0, 120) ?? 'nothing');
  return [
    {
      what,
      seen: `${place}${shown}`,
      expected: hasNul
        ? 'text without NUL characters'
        : (EXPECTED[issue.path.slice(0, 2).join('.')] ?? EXPECTED[String(field)] ?? 'a JSON object'),
      fatal: true,
    },
  ];
}

/** The fields of each object inside service.json, by its place. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  auto: ['with', 'without'],
  backoffMs: ['min', 'max'],
  health: PROBE_FIELDS.health,
  limits: ['nofile'],
  ready: PROBE_FIELDS.ready,
  maxRestarts: ['count', 'windowMs'],
  when: ['command', 'file', 'env'],
};

const DEFAULTS = {
  backoffMs: { min: 250, max: 30_000 },
  stopTimeoutMs: 5000,
  /** s6's timeout-finish. */
  finishTimeoutMs: 5000,
  deathTally: 4096,
} as const;

function makeDefinition(
  fact: ServiceFact,
  given: ServiceJson,
  known: { readonly signals: ReadonlySet<string>; readonly stopTimeoutMs: number },
): ParsedDefinition {
  const what = fact.folder;
  const json = withFilesOf(fact.folder, given);
  const command = json.command ?? (fact.run === undefined ? undefined : [fact.run.path]);
  if (command === undefined)
    return refuse({
      what,
      seen: 'neither "run" nor a "command" in service.json',
      expected: 'one of them',
      fatal: true,
    });
  const { s6, problems: s6Problems } = parseS6Folder(fact, known.signals);
  const run = json.command === undefined ? fact.run : undefined;
  const problems = [...s6Problems, ...findObstacles([run, fact.finish])];
  const finish = fact.finish?.obstacle === undefined ? fact.finish?.path : undefined;
  const isRunnable = run?.obstacle === undefined;
  const definition: Definition = {
    name: fact.name,
    origin: fact.origin,
    description: json.description ?? '',
    command,
    finish,
    user: json.user?.toString(),
    isS6Style: s6.isS6Style,
    runsAsSelf: s6.runsAsSelf,
    cwd: json.cwd ?? (s6.isS6Style ? fact.folder : undefined),
    env: json.env ?? {},
    exports: json.exports ?? {},
    when: { command: list(json.when?.command), file: list(json.when?.file), env: list(json.when?.env) },
    auto: { with: list(json.auto?.with), without: list(json.auto?.without) },
    policy: {
      ...makePolicy(json, s6, finish !== undefined),
      stopTimeoutMs: json.stopTimeoutMs ?? s6.stopTimeoutMs ?? known.stopTimeoutMs,
    },
    requires: json.requires ?? [],
    after: json.after ?? [],
    ready: makeReady(json, s6),
    health: json.health && makeHealth(json.health),
    needsPassword: (json.needsPassword ?? false) !== false,
    knowsPassword: json.needsPassword === 'if-possible',
    noNewPrivs: json.noNewPrivs ?? false,
    oomScoreAdj: json.oomScoreAdj,
    openFilesSoft: json.limits?.nofile,
    isDownAtStart: s6.isDownAtStart,
  };
  return { definition: isRunnable ? definition : undefined, problems };
}

/** A program that begins with "./" is a file of the service's own folder, wherever the service runs. */
function withFilesOf(folder: string, json: ServiceJson): ServiceJson {
  const resolve = ([program = '', ...args]: readonly string[]) => [
    program.startsWith('./') ? `${folder}${program.slice(1)}` : program,
    ...args,
  ];
  const { command, ready, health } = json;
  return {
    ...json,
    ...(command && { command: resolve(command) }),
    ...(ready?.exec && { ready: { ...ready, exec: resolve(ready.exec) } }),
    ...(health?.exec && { health: { ...health, exec: resolve(health.exec) } }),
  };
}

function findObstacles(files: readonly (Runnable | undefined)[]): Problem[] {
  return files.flatMap(file =>
    file?.obstacle === undefined
      ? []
      : {
          what: file.path,
          seen: file.obstacle,
          expected: 'an executable script or program',
          fatal: false,
        },
  );
}

function makePolicy(json: ServiceJson, s6: S6Folder, hasFinish: boolean): Omit<Policy, 'stopTimeoutMs'> {
  return {
    restart: json.restart ?? 'always',
    backoffMs: makeBackoff(json),
    maxRestarts: json.maxRestarts,
    critical: json.critical ?? false,
    stopSignal: (json.stopSignal ?? s6.stopSignal ?? 'SIGTERM') as NodeJS.Signals,
    kill: json.kill ?? 'tree',
    successCodes: [0, ...(json.successCodes ?? [])],
    hasFinish,
    finishTimeoutMs: s6.finishTimeoutMs ?? DEFAULTS.finishTimeoutMs,
    hasDependencies:
      (json.requires ?? []).length + (json.after ?? []).length > 0 || (json.needsPassword ?? false) !== false,
    readyTimeoutMs: makeReady(json, s6)?.timeoutMs,
    deathTally: s6.deathTally ?? DEFAULTS.deathTally,
  };
}

function makeReady(json: ServiceJson, { notifyFd }: S6Folder): Readiness | undefined {
  if (json.ready !== undefined) return makeReadiness(json.ready);
  return notifyFd === undefined ? undefined : makeReadiness({ notifyFd });
}

function makeBackoff(json: ServiceJson): Policy['backoffMs'] {
  const min =
    json.backoffMs?.min ?? Math.min(DEFAULTS.backoffMs.min, json.backoffMs?.max ?? Number.POSITIVE_INFINITY);
  return { min, max: json.backoffMs?.max ?? Math.max(DEFAULTS.backoffMs.max, min) };
}

function list(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}
