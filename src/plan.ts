import type { AccountChange } from './accounts/change.ts';
import { findTwoWriters, makeExports, mergeEnvironment } from './contributions.ts';
import type { Definition, PlannedService } from './definitions/definitions.ts';
import { isS6Interpreter } from './definitions/shebang.ts';
import { joinLayers, type Layer } from './environment.ts';
import type { Problem } from './errors.ts';
import type { Facts } from './facts/facts.ts';
import type { Environment } from './launch/environ.ts';
import { findReductions } from './reductions.ts';
import { chooseServices } from './services/choice.ts';
import type { Disabled } from './services/disabled.ts';
import { findOpenDoors } from './services/open-doors.ts';
import { findPortClash } from './services/ports.ts';
import type { ParsedSettings, Settings } from './settings/settings.ts';
import type { HttpAddress } from './settings/values.ts';
import { TOOLS } from './tools/list.ts';
import { type FileWrite, NOTHING, type ToolName } from './tools/tool.ts';
import { findUser, type User } from './user.ts';

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
  /** What the container as it was started keeps from the workbench, in a few words each; the warnings say more. */
  readonly reduced: readonly string[];
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
  /** Where to answer probes by HTTP; undefined: nowhere. */
  readonly http: (HttpAddress & { readonly prefix: string }) | undefined;
  readonly noNewPrivs: boolean;
  /** Of services and CMD; undefined for the container's. */
  readonly umask: number | undefined;
  readonly problems: readonly Problem[];
}

export interface Note {
  readonly tool: ToolName;
  readonly text: string;
  /** Variables that would do the same, and are not set because of it. */
  readonly insteadOf?: readonly string[];
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
  const services = planServices(chosen, sources);
  const added = joinLayers(layers).set;
  const noNewPrivs = settings.noNewPrivs === true;
  const reductions = findReductions(sources, { services: services.planned, noNewPrivs });
  return {
    user: facts.workbench.user,
    accountChange: facts.accountChange,
    runtimeDir: facts.runtimeDir,
    files: contributions.flatMap(({ files }) => files),
    environment: added,
    layers,
    notes: contributions.flatMap(({ tool, notes, rivals }) => {
      const more = rivals === undefined ? {} : { insteadOf: Object.keys(rivals) };
      const done = notes.filter(text => !environment.leftAlone.has(variableOf(text)));
      return done.map(text => ({ tool, text, ...more }));
    }),
    warnings: [
      ...sources.warnings,
      ...reductions.map(({ sentence }) => sentence),
      ...contributions.flatMap(({ tool, warnings }) => warnings.map(text => `${tool}: ${text}`)),
      ...environment.warnings,
      ...findOpenDoors(services.planned, settings),
      ...[...facts.initScripts, ...facts.finishScripts].flatMap(({ path, skipped }) =>
        skipped === undefined ? [] : [`script ${path} is skipped: ${skipped}`],
      ),
    ],
    reduced: [...new Set(reductions.map(({ what }) => what))],
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
      ...findPortClash(services.wanted, settings, { ...sources.environment, ...added }),
    ],
  };
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
    http: settings.http === undefined ? undefined : { ...settings.http, prefix: settings.httpPrefix ?? '' },
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

function planServices(
  { enabled, wanted }: Pick<ReturnType<typeof chooseServices>, 'enabled' | 'wanted'>,
  sources: PlanSources,
): { planned: PlannedService[]; wanted: PlannedService[]; problems: Problem[] } {
  const found: PlannedService[] = [];
  const problems: Problem[] = [];
  for (const definition of wanted) {
    const user = findServiceUser(definition, sources);
    if (user !== undefined) found.push({ definition: wrapShipped(definition, sources), user });
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
  const isEnabled = ({ definition }: PlannedService) => enabled.some(({ name }) => name === definition.name);
  return { planned: found.filter(isEnabled), wanted: found, problems };
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
