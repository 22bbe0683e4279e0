import type { AccountChange } from './accounts/change.ts';
import type { Definition, PlannedService } from './definitions/definitions.ts';
import { isS6Interpreter } from './definitions/shebang.ts';
import { fillTemplate } from './definitions/template.ts';
import { joinLayers, type Layer, makeEnvironment } from './environment.ts';
import type { Problem } from './errors.ts';
import type { Facts } from './facts/facts.ts';
import type { Environment } from './launch/environ.ts';
import { chooseServices, type Disabled } from './services/choice.ts';
import { findOpenDoors } from './services/open-doors.ts';
import type { ParsedSettings, Settings } from './settings/settings.ts';
import { TOOLS } from './tools/list.ts';
import { joinOptions } from './tools/options.ts';
import { type Contribution, type FileWrite, NOTHING, type ToolName } from './tools/tool.ts';
import { findUser, mayWrite, type User } from './user.ts';

/** All that a boot will do. Data only: `lintel plan` prints it and nothing happens. */
export interface Plan {
  /** Who services and CMD run as. */
  readonly user: User;
  /** What becomes of that user's account before anything else is done. */
  readonly accountChange: AccountChange | undefined;
  readonly runtimeDir: string;
  readonly files: readonly FileWrite[];
  /** Variables that Lintel adds to the container's own. */
  readonly environment: Environment;
  /** Who adds which of them. */
  readonly layers: readonly Layer[];
  readonly notes: readonly Note[];
  readonly warnings: readonly string[];
  readonly initScripts: readonly Script[];
  readonly finishScripts: readonly Script[];
  readonly services: readonly PlannedService[];
  /** Some of its scripts or services were written for s6, and look for what s6 has below /run. */
  readonly usesS6: boolean;
  readonly disabledServices: readonly Disabled[];
  /** The CMD; empty for none. */
  readonly command: readonly string[];
  readonly onInitFailure: 'stop' | 'warn' | 'continue';
  /** undefined: scripts may take as long as they like. */
  readonly initTimeoutMs: number | undefined;
  readonly shutdownTimeoutMs: number;
  /** Time that each script of the end may take; undefined: what is left of the stop's. */
  readonly finishScriptTimeoutMs: number | undefined;
  readonly openFilesSoft: number;
  readonly noNewPrivs: boolean;
  /** Of services and CMD; undefined for the container's. */
  readonly umask: number | undefined;
  readonly problems: readonly Problem[];
}

export interface Note {
  readonly tool: ToolName;
  readonly text: string;
}

export interface Script {
  readonly name: string;
  readonly path: string;
}

export interface PlanSources extends ParsedSettings {
  readonly facts: Facts;
  readonly environment: Environment;
  readonly command: readonly string[];
}

const SHUTDOWN_TIMEOUT_MS = 9000;
/** For scripts of the end and stragglers, where services may take longer than usual. */
const AFTER_SERVICES_MS = 4000;
/** Kubernetes kills after 30 s. */
const KUBERNETES_SHUTDOWN_TIMEOUT_MS = 27_000;

/** Pure. Problems are in the plan, not thrown: the caller decides what to do with a plan that has fatal ones. */
export function makePlan(sources: PlanSources): Plan {
  const { settings, facts, command } = sources;
  const contributions = TOOLS.map(tool => ({
    tool: tool.name,
    ...(tool.configure(settings, facts) ?? NOTHING),
  }));
  const environment = mergeEnvironment(contributions, sources);
  const chosen = chooseServices(sources);
  const layers = [...environment.layers, ...makeExports(chosen.enabled, environment.layers, sources)];
  const services = planServices(chosen.enabled, sources);
  return {
    user: facts.workbench.user,
    accountChange: facts.accountChange,
    runtimeDir: facts.runtimeDir,
    files: contributions.flatMap(({ files }) => files),
    environment: joinLayers(layers).set,
    layers,
    notes: contributions.flatMap(({ tool, notes }) =>
      notes.filter(text => !environment.leftAlone.has(variableOf(text))).map(text => ({ tool, text })),
    ),
    warnings: [
      ...sources.warnings,
      ...(facts.leftOut.length === 0
        ? []
        : [`the image holds what Lintel does not run: ${facts.leftOut.join(', ')}; see docs/s6.md`]),
      ...sayForeignFiles(facts),
      ...sayDeafPid1(facts),
      ...facts.workbench.warnings,
      ...(isStdioKept(sources) ? [STDIO_KEPT] : []),
      ...(services.planned.length === 0 ? [] : sayClosedFolders(sources)),
      ...contributions.flatMap(({ tool, warnings }) => warnings.map(text => `${tool}: ${text}`)),
      ...environment.warnings,
      ...findOpenDoors(services.planned, settings),
      ...[...facts.initScripts, ...facts.finishScripts].flatMap(({ path, skipped }) =>
        skipped === undefined ? [] : [`script ${path} is skipped: ${skipped}`],
      ),
    ],
    initScripts: runnable(facts.initScripts),
    finishScripts: runnable(facts.finishScripts),
    services: services.planned,
    usesS6:
      [...facts.initScripts, ...facts.finishScripts].some(script => isS6Interpreter(script.interpreter)) ||
      services.planned.some(({ definition }) => definition.isS6Style),
    disabledServices: chosen.disabled,
    command:
      command.length === 0
        ? command
        : wrap([...splitWords(settings.s6CmdArg0), ...command], facts.startWrapper),
    ...makeLimits(settings, facts),
    problems: [
      ...sources.problems,
      ...facts.problems,
      ...chosen.problems,
      ...services.problems,
      ...findTwoWriters(contributions),
    ],
  };
}

/** One line for all of it: it has one cause, a chown over the image's folders after Lintel came into it. */
function sayForeignFiles({ foreignFiles }: Facts): string[] {
  if (foreignFiles.length === 0) return [];
  const writers = [...new Set(foreignFiles.map(({ who }) => who))].join(', ');
  const paths = foreignFiles.map(({ path }) => path).join(', ');
  return [
    `root runs what others may change (${writers}): ${paths}; expected root’s own: let COPY --from=lintel / / be the image’s last layer`,
  ];
}

function sayDeafPid1(facts: Facts): string[] {
  const { deafPid1 } = facts.process;
  if (deafPid1 === undefined) return [];
  return [
    `PID 1 is ${deafPid1}, which keeps a stop to itself: at its end the container is killed when the time is over, without an ordered stop; expected Lintel as PID 1: in "sh -c", write exec before its name`,
  ];
}

/** What a read-only root or a missing volume keeps from services, which say it less plainly. */
function sayClosedFolders({ facts, environment }: PlanSources): string[] {
  const { user } = facts.workbench;
  const { home } = facts;
  const isHomeOpen = home !== undefined && !home.isReadOnly && mayWrite(user, home);
  // Runtime state goes there only where neither /run nor /tmp can be written.
  const isTmpOpen = !facts.runtimeDir.startsWith(`${facts.root}/dev/shm/`) || Boolean(environment['TMPDIR']);
  return [
    ...(isHomeOpen
      ? []
      : [
          `${user.name} has no home to write to (${user.home}): programs that keep files there fail; expected a volume there`,
        ]),
    ...(isTmpOpen
      ? []
      : ['/tmp can’t be written: programs that need a temporary folder fail; expected a tmpfs there']),
  ];
}

const STDIO_KEPT =
  'Root here may not give anything away (no CAP_CHOWN): the CMD has its stdout and stderr, but may not open them again as /dev/stdout and /dev/stderr';

/** Whether the CMD is another user's, and Lintel's stdio can't be made theirs. */
function isStdioKept({ facts, command }: PlanSources): boolean {
  const { uid, capabilities } = facts.process;
  return uid === 0 && facts.workbench.user.uid !== 0 && command.length > 0 && !capabilities.includes('chown');
}

/** Once: whoever calls it already has it. */
function wrap(command: readonly string[], wrapper: string | undefined): readonly string[] {
  return wrapper === undefined || command[0] === wrapper ? command : [wrapper, ...command];
}

/** Of a shell's syntax only blanks, since nothing is evaluated. */
function splitWords(text = ''): string[] {
  return text.split(/\s+/).filter(word => word !== '');
}

function makeLimits(settings: Settings, facts: Facts) {
  const kubernetes = settings.kubernetesHost !== undefined;
  return {
    onInitFailure:
      settings.onInitFailure ??
      ({ 0: 'continue', 1: 'warn', 2: 'stop' } as const)[settings.s6OnInitFailure ?? '2'],
    initTimeoutMs: settings.initTimeoutMs,
    shutdownTimeoutMs:
      settings.shutdownTimeoutMs ??
      Math.max(
        kubernetes ? KUBERNETES_SHUTDOWN_TIMEOUT_MS : SHUTDOWN_TIMEOUT_MS,
        // As long as services may take, and what comes after them.
        (settings.s6ServicesGraceMs ?? 0) + AFTER_SERVICES_MS,
      ),
    finishScriptTimeoutMs: settings.s6FinishTimeoutMs || undefined,
    openFilesSoft: Math.min(
      settings.openFilesSoft ?? facts.process.openFiles.soft,
      facts.process.openFiles.hard,
    ),
    noNewPrivs: settings.noNewPrivs === true,
    umask: settings.umask,
  };
}

function runnable(scripts: Facts['initScripts']): Script[] {
  return scripts.filter(({ skipped }) => skipped === undefined).map(({ name, path }) => ({ name, path }));
}

/** The variable that a note says its setting went into: "channels … (CONDARC=/run/lintel/condarc)". */
function variableOf(note: string): string {
  return /\(([A-Z0-9_]+)(?:=[^)]*)?\)$/.exec(note)?.[1] ?? '';
}

interface MergedEnvironment {
  readonly layers: readonly Layer[];
  /** What a tool wanted to set and was not let. */
  readonly leftAlone: ReadonlySet<string>;
  readonly warnings: readonly string[];
}

/** Where to find what Lintel made for this boot. */
function makeOwnVariables({ runtimeDir }: Facts): Environment {
  return {
    LINTEL_RUNTIME_DIR: runtimeDir,
    LINTEL_PASSWORD_FILE: `${runtimeDir}/secrets/password`,
    LINTEL_VNC_PASSWORD_FILE: `${runtimeDir}/secrets/vnc-password`,
  };
}

/** A variable that the container was given wins over a tool's, unless the operator enforces the settings. */
function mergeEnvironment(
  contributions: readonly ({ readonly tool: ToolName } & Contribution)[],
  { environment, settings, facts }: PlanSources,
): MergedEnvironment {
  const layers: Layer[] = [{ source: 'Lintel', set: makeOwnVariables(facts), unset: [] }];
  const leftAlone = new Set<string>();
  const warnings: string[] = [];
  // To whoever reads a setting blanks alone are nothing, too.
  const isAbsent = (name: string) => (environment[name] ?? '').trim() === '';
  const isOpen = (name: string, value: string) =>
    isAbsent(name) || environment[name] === value || settings.enforce === true;
  for (const { tool, env, defaults = {}, rivals = {}, options = {} } of contributions) {
    const added: Record<string, string> = {};
    for (const [name, value] of Object.entries(defaults)) {
      if (isAbsent(name)) added[name] = value;
    }
    for (const [name, value] of Object.entries(env)) {
      if (isOpen(name, value)) added[name] = value;
      else {
        leftAlone.add(name);
        warnings.push(`${tool}: ${name} is already set in the container: left alone`);
      }
    }
    for (const [name, value] of Object.entries(rivals)) {
      if (isAbsent(name) || environment[name] === value) continue;
      if (settings.enforce === true) added[name] = value;
      else
        warnings.push(`${tool}: ${name} is set in the container and wins (LINTEL_ENFORCE=1 reverses that)`);
    }
    for (const [name, ours] of Object.entries(options)) {
      const { value, losing } = joinOptions(environment[name] ?? '', ours, settings.enforce === true);
      if (value !== '') added[name] = value;
      for (const option of losing)
        warnings.push(
          `${tool}: ${name} has ${option} of its own, which wins (LINTEL_ENFORCE=1 reverses that)`,
        );
    }
    if (Object.keys(added).length > 0) layers.push({ source: `tool ${tool}`, set: added, unset: [] });
  }
  return { layers, leftAlone, warnings };
}

/**
 * What enabled services give to everybody. An image author's default: whatever the container or a tool sets wins, and
 * a service of the image over a shipped one.
 */
function makeExports(
  enabled: readonly Definition[],
  layers: readonly Layer[],
  { environment, facts }: PlanSources,
): Layer[] {
  const known = makeEnvironment(environment, joinLayers(layers).set, facts.workbench.user);
  const isAbsent = (name: string) => (known[name] ?? '') === '';
  const from = (origin: Definition['origin']) => enabled.filter(service => service.origin === origin);
  return [...from('shipped'), ...from('image')].flatMap(({ name, exports }) => {
    const added = Object.entries(exports).filter(([variable]) => isAbsent(variable));
    if (added.length === 0) return [];
    const set = Object.fromEntries(added.map(([variable, value]) => [variable, fillTemplate(value, known)]));
    return [{ source: `service ${name}`, set, unset: [] }];
  });
}

function planServices(
  definitions: readonly Definition[],
  sources: PlanSources,
): { planned: PlannedService[]; problems: Problem[] } {
  const planned: PlannedService[] = [];
  const problems: Problem[] = [];
  for (const definition of definitions) {
    const user = findServiceUser(definition, sources);
    if (user !== undefined) planned.push({ definition: wrapShipped(definition, sources), user });
    else {
      const expected = 'the name of a user in /etc/passwd, a uid or uid:gid';
      problems.push({
        what: `user of service ${definition.name}`,
        seen: JSON.stringify(definition.user),
        expected,
        fatal: true,
      });
    }
  }
  return { planned, problems };
}

/** What an image brings itself knows where its programs are. */
function wrapShipped(definition: Definition, { facts }: PlanSources): Definition {
  if (definition.origin === 'image') return definition;
  return { ...definition, command: wrap(definition.command, facts.startWrapper) };
}

/** A process that can't switch users runs everything as itself. */
function findServiceUser(definition: Definition, sources: PlanSources): User | undefined {
  const { settings, facts, environment } = sources;
  const isSelf = definition.runsAsSelf && settings.serviceUser === undefined && facts.process.uid === 0;
  const wanted = definition.user ?? (isSelf || settings.serviceUser === 'root' ? 'root' : undefined);
  if (wanted === undefined) return facts.workbench.user;
  const found = findUser(wanted, {
    settings,
    environment,
    accounts: facts.accounts,
    identity: facts.process,
    givenHome: facts.givenHome,
  });
  const canBecome = facts.process.canSwitchUser && facts.process.uid === 0;
  return found === undefined || canBecome || found.uid === facts.process.uid ? found : facts.workbench.user;
}

function findTwoWriters(contributions: readonly ({ readonly tool: ToolName } & Contribution)[]): Problem[] {
  const writers = new Map<string, ToolName>();
  const problems: Problem[] = [];
  for (const { tool, files } of contributions) {
    for (const { path } of files) {
      const other = writers.get(path);
      if (other !== undefined)
        problems.push({
          what: path,
          seen: `written by ${other} and by ${tool}`,
          expected: 'one writer of a file',
          fatal: true,
        });
      writers.set(path, tool);
    }
  }
  return problems;
}
