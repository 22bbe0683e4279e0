import type { Facts } from '../facts/facts.ts';
import type { Settings } from '../settings/settings.ts';
import { hasCredentials, maskUrl, splitCredentials } from '../settings/url.ts';
import { caBundle } from './ca.ts';
import { hasIniKey, setIniMarked } from './marked.ts';
import {
  findUserFile,
  makeOwnFile,
  placeInFile,
  removeOurPart,
  sayUserWins,
  textToCopy,
} from './placement.ts';
import { NOTHING, type Tool } from './tool.ts';

type Entries = Readonly<Record<string, string>>;

/**
 * npm: registry and cafile in npm's global file, else in one of ours, below a project's and the user's own .npmrc either
 * way. NPM_CONFIG_GLOBALCONFIG names it: by itself npm looks for it in the prefix, which users like to change. cafile
 * replaces npm's roots, so it names the merged bundle.
 */
export const npm: Tool = {
  name: 'npm',
  configure(settings, facts) {
    const { npm: config, userNpm } = facts.configs;
    const wanted = makeEntries(settings, facts);
    if (config === undefined) return settings.npmRepository === undefined ? undefined : UNUSED;
    if (Object.keys(wanted).length === 0) return removeOurPart(config);
    const isSecret = settings.npmRepository !== undefined && hasCredentials(settings.npmRepository);
    const placed = placeInFile(config, !isSecret, text => ({ text: edit(text, wanted) }));
    const note = describe(settings, wanted);
    const enforced = settings.enforce === true ? makeVariables(wanted) : {};
    const warnings = [...placed.warnings, ...(settings.enforce === true ? [] : sayOwners(userNpm, wanted))];
    const rivals = makeRivals(wanted);
    if (placed.isPlaced)
      return {
        files: placed.files,
        env: { NPM_CONFIG_GLOBALCONFIG: config.path, ...enforced },
        rivals,
        notes: [`${note} (${config.path})`],
        warnings,
      };
    const own = makeOwnFile(facts, { name: 'npmrc', text: edit(textToCopy(config), wanted), isSecret });
    return {
      ...NOTHING,
      files: [own, ...placed.files],
      env: { NPM_CONFIG_GLOBALCONFIG: own.path, ...enforced },
      rivals,
      notes: [`${note} (NPM_CONFIG_GLOBALCONFIG=${own.path})`],
      warnings,
    };
  },
};

/** A platform sets it for all of its images. */
const UNUSED = { ...NOTHING, notes: ['NPM_REPOSITORY without effect: npm is not installed'] };

function makeEntries(settings: Settings, facts: Facts): Entries {
  const cafile = caBundle(facts);
  return { ...makeRegistry(settings.npmRepository), ...(cafile === undefined ? {} : { cafile }) };
}

/** npm wants the registry to end with a slash, and takes no credentials out of it: they stand beside, for its path. */
function makeRegistry(given: string | undefined): Entries {
  if (given === undefined) return {};
  const { url, user, password } = splitCredentials(given.endsWith('/') ? given : `${given}/`);
  if (user === '' && password === '') return { registry: url };
  const auth = Buffer.from(`${user}:${password}`).toString('base64');
  return { registry: url, [`${url.slice(url.indexOf(':') + 1)}:_auth`]: auth };
}

function edit(text: string, wanted: Entries): string {
  const entries = Object.fromEntries(Object.entries(wanted).map(([key, value]) => [key, escapeValue(value)]));
  return setIniMarked(text, { section: '', entries, hasIndentedValues: false });
}

/** To npm a comment begins at ; and #, and ${NAME} is a variable. */
function escapeValue(value: string): string {
  return value.replaceAll(/[\\;#]|\$(?=\{)/g, '\\$&');
}

/** For LINTEL_ENFORCE=1: above every file, also a project's. */
function makeVariables({ registry, cafile }: Entries): Record<string, string> {
  return {
    ...(registry === undefined ? {} : { npm_config_registry: registry }),
    ...(cafile === undefined ? {} : { npm_config_cafile: cafile }),
  };
}

/** npm takes its variables in any case. */
function makeRivals(wanted: Entries): Record<string, string> {
  return Object.fromEntries(
    Object.entries(makeVariables(wanted)).flatMap(([name, value]) => [
      [name, value],
      [name.toUpperCase(), value],
    ]),
  );
}

function sayOwners(userNpm: Facts['configs']['userNpm'], wanted: Entries): string[] {
  return ['registry', 'cafile'].flatMap(key => {
    const path = key in wanted ? findUserFile(userNpm, text => hasIniKey(text, '', key)) : undefined;
    return path === undefined ? [] : [sayUserWins(path, key)];
  });
}

function describe({ npmRepository }: Settings, wanted: Entries): string {
  return npmRepository === undefined ? 'certificates' : `registry ${maskUrl(wanted['registry'] ?? '')}`;
}
