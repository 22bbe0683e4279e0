import type { ShellFiles } from '../apply/shell-files.ts';
import { grow, joinLayers, type Layer, makeEnvironment, makeUserLayer, without } from '../environment.ts';
import type { Environment } from '../launch/environ.ts';
import { UNSEEN } from '../settings/variables.ts';
import { startsByStacks } from '../steps/hooks.ts';
import type { Draft } from './draft.ts';

/** What the boot knows at a moment: the draft, and what steps and scripts changed since. */
export interface Known {
  readonly draft: Draft;
  readonly layers: readonly Layer[];
}

/** The container's variables and what was added to them, with what steps and scripts changed. */
export function growAll({ draft, layers }: Known): { given: Environment; added: Environment } {
  const growth = joinLayers(layers);
  return {
    given: without(draft.environment, [...growth.unset, ...UNSEEN]),
    added: without(grow(draft.plan.environment, growth), UNSEEN),
  };
}

/** Who said what of the environment of a process of the workbench user's: as `growAll`, in layers. */
export function listLayers({ draft, layers }: Known): Layer[] {
  const { sources, plan } = draft;
  const { files, container, secrets, platform } = sources;
  const all = [
    ...files,
    container,
    ...secrets,
    ...platform,
    ...plan.layers,
    ...layers,
    makeUserLayer(plan.user),
  ];
  return all.map(layer => ({ ...layer, set: without(layer.set, UNSEEN) }));
}

/** Of the environment as it is now. */
export function shellFilesOf({ draft, layers }: Known): ShellFiles {
  const { plan, sources } = draft;
  const { given, added } = growAll({ draft, layers });
  return {
    runtimeDir: plan.runtimeDir,
    user: plan.user,
    container: sources.container.set,
    environment: makeEnvironment(given, added, plan.user),
  };
}

/** What services and CMD do not get; docker-stacks' own start script takes it away itself, when its hooks have run. */
export function withhold({ draft, layers }: Known): Known {
  const { envVarsToUnset } = draft.settings;
  if (envVarsToUnset === undefined || startsByStacks(draft.plan, draft.facts.hooks)) return { draft, layers };
  const source = 'JUPYTER_ENV_VARS_TO_UNSET';
  return { draft, layers: [...layers, { source, set: {}, unset: [...envVarsToUnset, source] }] };
}
