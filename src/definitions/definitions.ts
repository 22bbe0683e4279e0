import type { Problem } from '../errors.ts';
import type { User } from '../user.ts';
import type { Runnable, ServiceFact } from './folder.ts';
import { type Health, makeHealth, makeReadiness, type Readiness } from './probe-schema.ts';
import { parseS6Folder, type S6Folder } from './s6-folder.ts';
import { makeBackoff, parseServiceJson, type ServiceJson } from './service-json.ts';

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

export interface ParsedDefinition {
  /** undefined when a problem leaves nothing to run. */
  readonly definition: Definition | undefined;
  /** Instead of `definition`. */
  readonly faulty?: FaultyService;
  readonly problems: readonly Problem[];
}

/** A service that is there and can't be used. */
export interface FaultyService {
  /** What can be told of it all the same: nobody runs it, but there may be more to mend. */
  readonly definition: Definition;
  /** "/etc/services.d/web/run: it is not executable (chmod +x)". */
  readonly why: string;
  /** It stops the boot. */
  readonly isFatal: boolean;
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
  const { json, rest, problems, isCommandWrong } = readJson(fact, signals);
  const { definition, obstacle, remarks } = makeDefinition(fact, json ?? rest ?? {}, known);
  const all = [...problems, ...(obstacle === undefined || isCommandWrong ? [] : [obstacle]), ...remarks];
  // The first is why: only what keeps it from running stands before the remarks.
  const cause = problems[0] ?? obstacle;
  if (cause === undefined) return { definition, problems: all };
  const why = `${cause.what}: ${cause.seen}`;
  return { definition: undefined, faulty: { definition, why, isFatal: cause.fatal }, problems: all };
}

function readJson({ folder, trouble, json }: ServiceFact, signals: ReadonlySet<string>) {
  const what = `${folder}/service.json`;
  if (trouble !== undefined)
    return refuse({ what: folder, seen: trouble, expected: 'a folder that Lintel may look into' });
  if (json === undefined) return { json: {}, rest: undefined, problems: [], isCommandWrong: false };
  if ('text' in json) return parseServiceJson(json.text, what, signals);
  return refuse({ what, seen: json.trouble, expected: 'a readable JSON file' });
}

function refuse(problem: Omit<Problem, 'fatal'>) {
  const problems: readonly Problem[] = [{ ...problem, fatal: true }];
  return { json: undefined, rest: undefined, problems, isCommandWrong: true };
}

const DEFAULTS = {
  stopTimeoutMs: 5000,
  /** s6's timeout-finish. */
  finishTimeoutMs: 5000,
  deathTally: 4096,
} as const;

/** `obstacle` keeps it from running, `remarks` do not. */
function makeDefinition(
  fact: ServiceFact,
  given: ServiceJson,
  known: { readonly signals: ReadonlySet<string>; readonly stopTimeoutMs: number },
): {
  readonly definition: Definition;
  readonly obstacle: Problem | undefined;
  readonly remarks: readonly Problem[];
} {
  const json = withFilesOf(fact.folder, given);
  const command = json.command ?? (fact.run === undefined ? [] : [fact.run.path]);
  const { s6, problems: s6Problems } = parseS6Folder(fact, known.signals);
  const obstacle =
    command.length === 0
      ? {
          what: fact.folder,
          seen: 'neither "run" nor a "command" in service.json',
          expected: 'one of them',
          fatal: true,
        }
      : findObstacle(json.command === undefined ? fact.run : undefined);
  const finishObstacle = findObstacle(fact.finish);
  const finish = finishObstacle === undefined ? fact.finish?.path : undefined;
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
    needsPassword: isPasswordNeeded(json),
    knowsPassword: json.needsPassword === 'if-possible',
    noNewPrivs: json.noNewPrivs ?? false,
    oomScoreAdj: json.oomScoreAdj,
    openFilesSoft: json.limits?.nofile,
    isDownAtStart: s6.isDownAtStart,
  };
  return { definition, obstacle, remarks: [...s6Problems, ...(finishObstacle ? [finishObstacle] : [])] };
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

function findObstacle(file: Runnable | undefined): Problem | undefined {
  if (file?.obstacle === undefined) return undefined;
  const expected = 'an executable script or program';
  return { what: file.path, seen: file.obstacle, expected, fatal: false };
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
    hasDependencies: (json.requires ?? []).length + (json.after ?? []).length > 0 || isPasswordNeeded(json),
    readyTimeoutMs: makeReady(json, s6)?.timeoutMs,
    deathTally: s6.deathTally ?? DEFAULTS.deathTally,
  };
}

function isPasswordNeeded({ needsPassword = false }: ServiceJson): boolean {
  return needsPassword !== false;
}

function makeReady(json: ServiceJson, { notifyFd }: S6Folder): Readiness | undefined {
  if (json.ready !== undefined) return makeReadiness(json.ready);
  return notifyFd === undefined ? undefined : makeReadiness({ notifyFd });
}

function list(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}
