import type { Facts } from '../facts/facts.ts';
import type { Settings } from '../settings/settings.ts';
import { hasCredentials, maskUrl } from '../settings/url.ts';
import { caBundle } from './ca.ts';
import { findIniTrouble, readIniValue } from './ini.ts';
import { setIniMarked } from './marked.ts';
import { type Edited, findUserFile, placeInFile, removeOurPart, sayUserWins } from './placement.ts';
import type { Tool } from './tool.ts';

/** The variables that pip takes for keys, above every file. */
const VARIABLES = { 'index-url': 'PIP_INDEX_URL', 'trusted-host': 'PIP_TRUSTED_HOST', cert: 'PIP_CERT' };
type Key = keyof typeof VARIABLES;
type Entries = Partial<Record<Key, string>>;

/**
 * pip: index-url and cert in pip.conf, else by pip's variables: with PIP_CONFIG_FILE pip would no longer read the user's
 * own file at all. pip refuses plain http of another host without trusted-host.
 */
export const pip: Tool = {
  name: 'pip',
  configure(settings, facts) {
    const { pip: config, userPip } = facts.configs;
    const wanted = makeEntries(settings, facts);
    if (Object.keys(wanted).length === 0) return removeOurPart(config);
    const enforce = settings.enforce === true;
    const index = wanted['index-url'];
    const mayStandThere = !enforce && (index === undefined || !hasCredentials(index));
    const placed = placeInFile(config, mayStandThere, text => edit(text, wanted));
    const owners = enforce ? {} : findOwners(userPip, wanted);
    const open = Object.fromEntries(Object.entries(wanted).filter(([key]) => !(key in owners)));
    const variables = makeVariables(placed.isPlaced ? wanted : open);
    const names = Object.keys(variables);
    return {
      files: placed.files,
      env: placed.isPlaced ? {} : variables,
      ...(placed.isPlaced ? { rivals: variables } : {}),
      notes:
        placed.isPlaced || names.length > 0
          ? [`${describe(placed.isPlaced ? wanted : open)} (${placed.isPlaced ? config.path : names[0]})`]
          : [],
      warnings: [...placed.warnings, ...Object.entries(owners).map(([key, path]) => sayUserWins(path, key))],
    };
  },
};

function makeEntries(settings: Settings, facts: Facts): Entries {
  const index = settings.pipRepository;
  const cert = caBundle(facts);
  return {
    ...(index === undefined ? {} : { 'index-url': index }),
    ...(index !== undefined && /^http:/i.test(index) ? { 'trusted-host': new URL(index).host } : {}),
    ...(cert === undefined ? {} : { cert }),
  };
}

function edit(text: string, wanted: Entries): Edited {
  const trouble = findIniTrouble(text);
  if (trouble !== undefined) return { trouble };
  const trusted = wanted['trusted-host'];
  // Hosts that the image trusts serve its other indexes: ours is one more.
  const hosts = `${trusted ?? ''} ${readIniValue(text, 'global', 'trusted-host') ?? ''}`.trim().split(/\s+/);
  const entries =
    trusted === undefined ? wanted : { ...wanted, 'trusted-host': [...new Set(hosts)].join(' ') };
  return {
    text: setIniMarked(text, {
      section: 'global',
      entries,
      hasIndentedValues: true,
      replacesEverywhere: true,
    }),
  };
}

/** Our keys that the user has, with the path of the file. Whose index it is, says whom pip trusts too. */
function findOwners(userPip: Facts['configs']['userPip'], wanted: Entries): Entries {
  const find = (key: Key) =>
    findUserFile(userPip, text =>
      ['global', 'install'].some(section => readIniValue(text, section, key) !== undefined),
    );
  const index = wanted['index-url'] === undefined ? undefined : find('index-url');
  const cert = wanted.cert === undefined ? undefined : find('cert');
  return {
    ...(index === undefined ? {} : { 'index-url': index }),
    ...(cert === undefined ? {} : { cert }),
  };
}

function makeVariables(entries: Entries): Record<string, string> {
  const hasIndex = entries['index-url'] !== undefined;
  return Object.fromEntries(
    Object.entries(entries)
      .filter(([key]) => hasIndex || key !== 'trusted-host')
      .map(([key, value]) => [VARIABLES[key as Key], value]),
  );
}

function describe(entries: Entries): string {
  const index = entries['index-url'];
  return index === undefined ? 'certificates' : `index ${maskUrl(index)}`;
}
