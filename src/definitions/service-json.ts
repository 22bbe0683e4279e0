import * as z from 'zod/mini';
import type { Problem } from '../errors.ts';
import { suggestName } from '../settings/suggest.ts';
import { maskUrl, maskUrls } from '../settings/url.ts';
import {
  makeProbeSchema,
  PROBE_EXPECTED,
  PROBE_FIELDS,
  PROGRAM_EXPECTED,
  WITHOUT_NUL,
} from './probe-schema.ts';

/**
 * What service.json may say. All optional; the JSON Schema in docs/ is generated from this. Made on demand: a boot
 * without any service.json has no use for it, and making it takes a millisecond.
 */
export function makeServiceSchema() {
  const text = z.string().check(z.minLength(1), z.regex(WITHOUT_NUL));
  const some = z.union([text, z.array(text).check(z.minLength(1))]);
  const milliseconds = z.int().check(z.gte(0), z.lte(DAY_MS));
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

export type ServiceJson = z.infer<ReturnType<typeof makeServiceSchema>>;

let schema: ReturnType<typeof makeServiceSchema> | undefined;

const DAY_MS = 86_400_000;
const MILLISECONDS = `a whole number of milliseconds from 0 to ${DAY_MS}`;

/** What each field expects, for error messages: those inside an object by its name and theirs. */
const EXPECTED: Readonly<Record<string, string>> = {
  ...PROBE_EXPECTED,
  $schema: 'text',
  after: 'a list of names of services',
  auto: 'an object of with (names of services) and without (names of programs), each a text or a list of texts',
  backoffMs: '{"min": …, "max": …} in milliseconds, min not above max',
  'backoffMs.min': MILLISECONDS,
  'backoffMs.max': MILLISECONDS,
  command: PROGRAM_EXPECTED,
  critical: 'true or false',
  cwd: 'an absolute path',
  description: 'text',
  env: 'an object of NAME: "value"',
  exports: 'an object of NAME: "value"',
  kill: '"tree" or "group"',
  limits: '{"nofile": …}',
  'limits.nofile': `a whole number from 16 to ${MAX_OPEN_FILES}`,
  maxRestarts: '{"count": …, "windowMs": …}',
  'maxRestarts.count': 'a whole number, 0 or more',
  'maxRestarts.windowMs': MILLISECONDS,
  needsPassword: 'true, false or "if-possible"',
  noNewPrivs: 'true or false',
  oomScoreAdj: 'a whole number from -1000 to 1000',
  requires: 'a list of names of services',
  restart: '"always", "on-failure" or "never"',
  stopSignal: 'the name of a signal, such as "SIGINT"',
  stopTimeoutMs: MILLISECONDS,
  successCodes: 'a list of exit codes and signal names',
  user: 'the name of a user, a uid or uid:gid',
  when: 'an object of command, file and env, each a text or a list of texts (any one is enough)',
};

/**
 * Checks the text of a service.json; `what` is its path, `signals` are the names that the system knows. Without `json`
 * there are problems, all that can be told at once.
 */
export function parseServiceJson(
  text: string,
  what: string,
  signals: ReadonlySet<string>,
): Omit<CheckedJson, 'faults'> & {
  readonly problems: readonly Problem[];
  /** What is wrong may be the command. */
  readonly isCommandWrong: boolean;
} {
  const { json, rest, faults } = checkServiceJson(text, signals);
  return {
    json,
    rest,
    isCommandWrong:
      faults.length > 0 &&
      (rest === undefined ||
        faults.some(({ keys, expected }) => keys[0] === 'command' || expected === 'perhaps "command"')),
    problems: faults.map(({ seen, expected, place }) => ({
      what,
      seen: place === undefined ? seen : `${seen} at ${place}`,
      expected,
      fatal: true,
    })),
  };
}

/** A problem and where it stands. */
export interface Fault extends Pick<Problem, 'seen' | 'expected'> {
  /** "line 3 column 5", where the text is no JSON. */
  readonly place?: string | undefined;
  /** The keys that lead to it; empty for the file as a whole. */
  readonly keys: readonly (string | number)[];
  /** Not the value but the name of the last key is wrong. */
  readonly isKey?: true;
}

interface CheckedJson {
  readonly json: ServiceJson | undefined;
  /** Without `json`: those of its fields that can be read, for who looks for more that is wrong. */
  readonly rest: ServiceJson | undefined;
  readonly faults: readonly Fault[];
}

/** As `parseServiceJson`, with the place of each problem: for who can show the line. */
export function checkServiceJson(text: string, signals: ReadonlySet<string>): CheckedJson {
  const read = parseJson(text);
  if ('trouble' in read) {
    const { trouble, place } = read;
    return {
      json: undefined,
      rest: undefined,
      faults: [{ seen: trouble, place, expected: 'a JSON object', keys: [] }],
    };
  }
  schema ??= makeServiceSchema();
  const parsed = schema.safeParse(read.value);
  if (parsed.success) {
    const faults = checkMeaning(parsed.data, signals);
    const isWhole = faults.length === 0;
    return { json: isWhole ? parsed.data : undefined, rest: isWhole ? undefined : parsed.data, faults };
  }
  const { issues } = parsed.error;
  const rest = schema.safeParse(withoutWrongFields(read.value, issues));
  const faults = [
    ...firstOfEach(issues).flatMap(issue => renderIssue(read.value, issue)),
    ...(rest.success ? checkMeaning(rest.data, signals) : []),
  ];
  return { json: undefined, rest: rest.success ? rest.data : undefined, faults };
}

function parseJson(
  text: string,
): { readonly value: unknown } | { readonly trouble: string; readonly place?: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    // The parser's own message quotes the text, which may hold a secret: only its place is told.
    const [, position, place] = /position (\d+) \((line \d+ column \d+)\)/.exec(String(error)) ?? [];
    if (place === undefined) return { trouble: 'it is no valid JSON' };
    const isComment = /^\/[/*]/.test(text.slice(Number(position)));
    return { trouble: isComment ? 'a comment, which JSON has not' : 'no valid JSON', place };
  }
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

/** What the types allow but makes no sense. */
function checkMeaning(json: ServiceJson, signals: ReadonlySet<string>): Fault[] {
  const codes = json.successCodes ?? [];
  const names: readonly (readonly [Fault['keys'], string | number | undefined])[] = [
    [['stopSignal'], json.stopSignal],
    ...codes.map((code, index) => [['successCodes', index], code] as const),
  ];
  const faults = names
    .filter(([, name]) => typeof name === 'string' && !signals.has(name))
    .map(
      ([keys, name]): Fault => ({
        seen: `${keys.join('.')} ${JSON.stringify(name)}`,
        expected: EXPECTED['stopSignal'] ?? '',
        keys,
      }),
    );
  const { min, max } = makeBackoff(json);
  if (min > max)
    faults.push({
      seen: `backoffMs ${JSON.stringify({ min, max })}`,
      expected: EXPECTED['backoffMs'] ?? '',
      keys: ['backoffMs'],
    });
  return faults;
}

const BACKOFF_MS = { min: 250, max: 30_000 } as const;

export function makeBackoff(json: ServiceJson): { readonly min: number; readonly max: number } {
  const min =
    json.backoffMs?.min ?? Math.min(BACKOFF_MS.min, json.backoffMs?.max ?? Number.POSITIVE_INFINITY);
  return { min, max: json.backoffMs?.max ?? Math.max(BACKOFF_MS.max, min) };
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

/** Of each object. A file with more is no service.json, and comparing letters is slow. */
const MOST_UNKNOWN = 20;

function renderIssue(value: unknown, issue: z.core.$ZodIssue): Fault[] {
  const keys = issue.path.map(key => (typeof key === 'number' ? key : String(key)));
  if (issue.code === 'unrecognized_keys') {
    const known = FIELDS[issue.path.join('.')] ?? Object.keys(schema?.shape ?? {});
    return issue.keys.slice(0, MOST_UNKNOWN).map(key => {
      const meant = known.find(name => name.toLowerCase() === key.toLowerCase()) ?? suggestName(key, known);
      const hint =
        meant === undefined
          ? `one of ${known.filter(name => name !== '$schema').join(', ')}`
          : `perhaps "${meant}"`;
      return {
        seen: `unknown field ${JSON.stringify([...issue.path, key].join('.'))}`,
        expected: hint,
        keys: [...keys, key],
        isKey: true as const,
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
      : maskUrls(JSON.stringify(maskText(seen))?.slice(0, 120) ?? 'nothing');
  const expected = hasNul
    ? 'text without NUL characters'
    : (EXPECTED[issue.path.slice(0, 2).join('.')] ?? EXPECTED[String(field)] ?? 'a JSON object');
  return [{ seen: `${place}${shown}`, expected, keys }];
}

/** An address may lack its scheme, and still hold a password. */
function maskText(seen: unknown): unknown {
  return typeof seen === 'string' && seen.includes('@') ? maskUrl(seen) : seen;
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
