import type { Definition } from './definitions/definitions.ts';
import { fillTemplate } from './definitions/template.ts';
import { joinLayers, type Layer, makeEnvironment } from './environment.ts';
import type { Problem } from './errors.ts';
import type { Facts } from './facts/facts.ts';
import type { Environment } from './launch/environ.ts';
import type { Settings } from './settings/settings.ts';
import { SHIPPED_SERVICES } from './settings/variables/services.ts';
import { joinOptions } from './tools/options.ts';
import type { Contribution, ToolName } from './tools/tool.ts';

/** What a tool brings, by the tool's name. */
export type Contributed = { readonly tool: ToolName } & Contribution;

interface Sources {
  readonly settings: Settings;
  readonly facts: Facts;
  readonly environment: Environment;
}

interface MergedEnvironment {
  readonly layers: readonly Layer[];
  /** What a tool wanted to set and was not let. */
  readonly leftAlone: ReadonlySet<string>;
  readonly warnings: readonly string[];
}

/** A variable that the container was given wins over a tool's, unless the operator enforces the settings. */
export function mergeEnvironment(contributions: readonly Contributed[], sources: Sources): MergedEnvironment {
  const { environment, settings } = sources;
  const layers: Layer[] = [{ source: 'Lintel', set: makeOwnVariables(sources), unset: [] }];
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

/** Where to find what Lintel made for this boot, and what services read of its settings. */
function makeOwnVariables(sources: Sources): Environment {
  const { runtimeDir } = sources.facts;
  return {
    LINTEL_RUNTIME_DIR: runtimeDir,
    LINTEL_PASSWORD_FILE: `${runtimeDir}/secrets/password`,
    LINTEL_VNC_PASSWORD_FILE: `${runtimeDir}/secrets/vnc-password`,
    ...makeReadable(sources),
  };
}

/** What `run` scripts and probes read themselves, as it was understood: " 8888 " and "08888" are no port to a program. */
function makeReadable({ settings, environment }: Sources): Environment {
  const readable: Record<string, string> = {};
  for (const key of Object.keys(SHIPPED_SERVICES) as (keyof typeof SHIPPED_SERVICES)[]) {
    const name = SHIPPED_SERVICES[key].names.find(each => each.startsWith('LINTEL_'));
    const value = settings[key];
    if (name !== undefined && value !== undefined && environment[name] !== String(value))
      readable[name] = String(value);
  }
  return readable;
}

/**
 * What enabled services give to everybody. An image author's default: whatever the container or a tool sets wins, and
 * a service of the image over a shipped one.
 */
export function makeExports(
  enabled: readonly Definition[],
  layers: readonly Layer[],
  { environment, facts }: Sources,
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

export function findTwoWriters(contributions: readonly Contributed[]): Problem[] {
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
