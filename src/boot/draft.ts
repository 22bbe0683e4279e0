import { CONTAINER, grow, joinLayers, type Layer, without } from '../environment.ts';
import type { Problem } from '../errors.ts';
import { readEnvFiles, withDefaults } from '../facts/env-files.ts';
import { type Facts, readFacts } from '../facts/facts.ts';
import { readCondaEnvironment } from '../facts/pangeo.ts';
import { isNamer, namersOf, readSecretFiles, type SecretFiles } from '../facts/secret-files.ts';
import type { Environment, Origin } from '../launch/environ.ts';
import { makePlan, type Plan } from '../plan.ts';
import { withoutServiceLinks } from '../settings/service-links.ts';
import { parseSettings, type Settings } from '../settings/settings.ts';
import { VARIABLES } from '../settings/variables.ts';
import { withoutLastSlashes } from '../slashes.ts';

/** Everything that is known before anything is changed. */
export interface Draft {
  readonly environment: Environment;
  readonly sources: Sources;
  readonly settings: Settings;
  readonly facts: Facts;
  readonly plan: Plan;
  /** The CMD as it was given. */
  readonly command: readonly string[];
}

/** Who said what of the environment before the boot added to it; a later one wins over an earlier one. */
export interface Sources {
  readonly files: readonly Layer[];
  readonly container: Layer;
  readonly secrets: readonly Layer[];
  /** What platforms' names for things mean. */
  readonly platform: readonly Layer[];
}

/**
 * Reads settings and facts and makes the plan; changes nothing. `lintel plan` and `lintel facts` print it. A boot
 * that plans again keeps its `runtimeDir`.
 */
export function makeDraft(given: Origin, command: readonly string[], runtimeDir?: string): Draft {
  const origin = { ...given, environment: withoutServiceLinks(given.environment) };
  const files = readEnvFiles(origin.environment);
  const secrets = readSecretFiles(withDefaults(files, origin.environment));
  const parsed = parseSettings(secrets.environment);
  const { settings } = parsed;
  const root = withoutLastSlashes(settings.root ?? '');
  const platform = [readCondaEnvironment(root, settings, secrets.environment)].filter(isPresent);
  const environment = grow(secrets.environment, joinLayers(platform));
  const facts = readFacts({ settings, environment, openFilesSoft: origin.openFilesSoft, runtimeDir });
  const unread = secrets.problems.map(problem => ({ ...problem, fatal: settings.strict === true }));
  const plan = makePlan({
    settings,
    facts,
    environment,
    command,
    problems: [...unread, ...parsed.problems],
    warnings: [...secrets.warnings, ...parsed.warnings],
  });
  return {
    environment,
    sources: {
      files: files.map(({ path, set }) => ({ source: path, set, unset: [] })),
      container: { source: CONTAINER, set: origin.environment, unset: [] },
      secrets: makeSecretLayers(secrets),
      platform,
    },
    settings,
    facts,
    command,
    plan: { ...plan, problems: hideSecrets(plan.problems, secrets.names, 'what its file holds') },
  };
}

function isPresent<T>(value: T | undefined): value is T {
  return value !== undefined;
}

function makeSecretLayers({ sources }: SecretFiles): Layer[] {
  return [...sources].map(([source, set]) => ({ source, set, unset: [], isSecret: true }));
}

/** What a secret, or a variable's file, holds is shown nowhere, also where it is a mistake. */
function hideSecrets(problems: readonly Problem[], names: ReadonlySet<string>, seen: string): Problem[] {
  return problems.map(problem => (names.has(problem.what) ? { ...problem, seen } : problem));
}

/** As `makeDraft`, once more, with what steps and scripts changed of the environment. */
export function makeDraftAgain(draft: Draft, origin: Origin, layers: readonly Layer[]): Draft {
  const growth = joinLayers(layers);
  // To a setting an empty value is an absent one, also where /etc/lintel has a default for it.
  const unset = Object.fromEntries(growth.unset.map(name => [name, '']));
  // Nor does a file bring back what a script changed.
  const unread = [...growth.unset, ...Object.keys(growth.set)].flatMap(namersOf);
  const environment = { ...without(origin.environment, unread), ...unset, ...growth.set };
  const again = makeDraft({ ...origin, environment }, draft.command, draft.plan.runtimeDir);
  const hidden = new Set(layers.flatMap(({ isSecret, set }) => (isSecret === true ? Object.keys(set) : [])));
  return {
    ...again,
    sources: joinSources(draft.sources, again.sources),
    plan: { ...again.plan, problems: hideSecrets(again.plan.problems, hidden, 'what a secret holds') },
  };
}

/** To a second look everything is the container's: who really said it is known from the first. */
function joinSources(first: Sources, again: Sources): Sources {
  const join = (known: readonly Layer[], more: readonly Layer[]) => [
    ...known,
    ...more.filter(({ source }) => known.every(layer => layer.source !== source)),
  ];
  return {
    files: again.files,
    container: first.container,
    secrets: join(first.secrets, again.secrets),
    platform: join(first.platform, again.platform),
  };
}

/** HOME decides whose files the tools are configured in; a secret's file may hold any setting. */
export function changesSettings(layers: readonly Layer[]): boolean {
  const changed = new Set(layers.flatMap(({ set, unset }) => [...Object.keys(set), ...unset]));
  if (changed.size === 0) return false;
  if ([...changed].some(isNamer)) return true;
  return ['HOME', ...Object.values(VARIABLES).flatMap(({ names }) => names)].some(name => changed.has(name));
}
