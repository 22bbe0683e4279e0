import type { Facts } from '../facts/facts.ts';
import type { Settings } from '../settings/settings.ts';
import { hasCredentials, maskUrl } from '../settings/url.ts';
import { caBundle } from './ca.ts';
import { appendMarked } from './marked.ts';
import { findUserFile, makeOwnFile, placeInFile, removeOurPart, sayUserWins } from './placement.ts';
import type { Contribution, Tool } from './tool.ts';
import { hasYamlKey, renderEntries, setYamlMarked, type YamlEntries } from './yaml.ts';

/** To conda, not to mamba: no other file adds to it or changes it. */
const FINAL = '#!final';

/**
 * conda, mamba and micromamba: channels, default_channels and ssl_verify in .condarc, else in a file of ours that CONDARC
 * names. They join the channels of all files, the highest first, so a user's own come before ours and ours in CONDARC
 * before all others.
 */
export const conda: Tool = {
  name: 'conda',
  configure(settings, facts) {
    const { conda: config, firstConda, userConda } = facts.configs;
    const wanted = makeEntries(settings, facts);
    if (Object.keys(wanted).length === 0) return join(removeOurPart(config), removeFrom(firstConda, config));
    if (settings.enforce === true) return enforce(settings, facts, wanted);
    const isSecret = (settings.condaRepository ?? []).some(hasCredentials);
    const placed = placeInFile(config, !isSecret, text => setYamlMarked(text, wanted));
    const owners = findOwners(userConda, wanted);
    const warnings = [
      ...placed.warnings,
      ...Object.entries(owners).map(([key, path]) => sayUserWins(path, key)),
    ];
    const files = [...placed.files, ...removeFrom(firstConda, config).files];
    if (placed.isPlaced)
      return { files, env: {}, notes: [`${describe(settings, wanted)} (${config.path})`], warnings };
    const open = withoutOwned(wanted, owners);
    if (Object.keys(open).length === 0) return { files, env: {}, notes: [], warnings };
    const own = makeOwnFile(facts, { name: 'condarc', text: render(open), isSecret });
    return {
      files: [own, ...files],
      env: { CONDARC: own.path },
      notes: [`${describe(settings, open)} (CONDARC=${own.path})`],
      warnings: [...warnings, ...warnOfImage(facts, open)],
    };
  },
};

/** In CONDARC for mamba, and in conda's first file, since CONDARC alone does not take the user's channels away. */
function enforce(settings: Settings, facts: Facts, wanted: YamlEntries): Contribution {
  const { conda: config, firstConda } = facts.configs;
  const isSecret = (settings.condaRepository ?? []).some(hasCredentials);
  const placed = placeInFile(firstConda, !isSecret, text => setYamlMarked(text, wanted, FINAL));
  const own = makeOwnFile(facts, { name: 'condarc', text: render(wanted), isSecret });
  return {
    files: [own, ...placed.files, ...removeFrom(config, firstConda).files],
    env: { CONDARC: own.path },
    notes: [`${describe(settings, wanted)} (CONDARC=${own.path})`],
    warnings: [
      ...placed.warnings,
      ...(placed.isPlaced ? [] : ['channels of other files are still asked after these']),
    ],
  };
}

function makeEntries(settings: Settings, facts: Facts): YamlEntries {
  const channels = settings.condaRepository ?? [];
  const bundle = caBundle(facts);
  return {
    ...(channels.length === 0 ? {} : { channels, default_channels: channels }),
    ...(bundle === undefined ? {} : { ssl_verify: bundle }),
  };
}

/** Our keys that the user has, with the path of the file. */
function findOwners(userConda: Facts['configs']['userConda'], wanted: YamlEntries): Record<string, string> {
  const owners: Record<string, string> = {};
  for (const key of ['channels', 'ssl_verify']) {
    const path = key in wanted ? findUserFile(userConda, text => hasYamlKey(text, key)) : undefined;
    if (path !== undefined) owners[key] = path;
  }
  return owners;
}

function withoutOwned(wanted: YamlEntries, owners: Readonly<Record<string, string>>): YamlEntries {
  const isOwned = (key: string) => (key === 'default_channels' ? 'channels' : key) in owners;
  return Object.fromEntries(Object.entries(wanted).filter(([key]) => !isOwned(key)));
}

/** Where the image's own file can't be changed, its channels stay in the list: without a network conda fails on them. */
function warnOfImage({ configs }: Facts, open: YamlEntries): string[] {
  const { conda: config } = configs;
  const isLeft = 'channels' in open && config.text !== undefined && hasYamlKey(config.text, 'channels');
  return isLeft ? [`the channels of ${config.path} are asked too, after these`] : [];
}

/** Our part of an earlier boot in `config`, unless that is the file that is written anyway. */
function removeFrom(config: Facts['configs']['conda'], written: Facts['configs']['conda']): Contribution {
  return removeOurPart(config.path === written.path ? undefined : config);
}

function join(one: Contribution, other: Contribution): Contribution {
  return {
    files: [...one.files, ...other.files],
    env: {},
    notes: [...one.notes, ...other.notes],
    warnings: [],
  };
}

function render(entries: YamlEntries): string {
  return appendMarked('', renderEntries(entries));
}

function describe(settings: Settings, entries: YamlEntries): string {
  return 'channels' in entries
    ? `channels ${(settings.condaRepository ?? []).map(maskUrl).join(', ')}`
    : 'certificates';
}
