import type { ConfigFile } from '../facts/configs.ts';
import type { Facts } from '../facts/facts.ts';
import type { Settings } from '../settings/settings.ts';
import { appendMarked } from './marked.ts';
import { makeOwnFile, placeInFile } from './placement.ts';
import { makeSessionLines } from './r-environment.ts';
import { makeRepositories } from './r-repositories.ts';
import type { SitePart } from './site-part.ts';
import { type Contribution, type FileWrite, NOTHING, type Tool } from './tool.ts';

/** The parts of Rprofile.site, in their order: one writer of the file, each part in a file of its own. */
const PARTS: readonly ((settings: Settings, facts: Facts) => SitePart | undefined)[] = [makeRepositories];

/**
 * R: our part at the end of the site file of every R that is installed, else in a file of ours that R_PROFILE names and
 * that reads the site file of whichever R it is. A user's own .Rprofile runs later and so wins by itself. Certificates
 * and proxies reach R by variables; sessions that Lintel did not start get those by r-environment.ts.
 */
export const r: Tool = {
  name: 'r',
  configure(settings, facts) {
    const configs = facts.configs.r;
    if (configs.length === 0) return sayUnused(settings);
    const parts = PARTS.flatMap(make => make(settings, facts) ?? []);
    const session = makeSessionLines(facts.runtimeDir);
    if (parts.length === 0) return { ...NOTHING, files: placeSession(configs, session) };
    const lines = parts.flatMap(part => part.lines);
    const isSecret = parts.some(part => part.isSecret);
    const placed = placeEverywhere(configs, { session, lines, isSecret });
    const own = placed.isPlaced
      ? undefined
      : makeOwnFile(facts, {
          name: 'Rprofile.site',
          text: appendMarked('', [...READ_SITE_FILE, ...lines]),
          isSecret,
        });
    const last = settings.enforce === true ? makeLast(parts, facts) : undefined;
    const where = own === undefined ? configs.map(({ path }) => path).join(', ') : `R_PROFILE=${own.path}`;
    return {
      files: [own, last, ...placed.files].filter(file => file !== undefined),
      env: {
        ...(own === undefined ? {} : { R_PROFILE: own.path }),
        ...(last === undefined ? {} : { R_PROFILE_USER: last.path }),
        ...Object.assign({}, ...parts.map(({ env }) => env)),
      },
      notes: parts.map(({ note }) => `${note} (${where})`),
      warnings: [...placed.warnings, ...parts.flatMap(({ warnings }) => warnings)],
    };
  },
};

/** A platform sets them for all of its images. */
function sayUnused({ rRepository, packageManagerUrl }: Settings): Contribution | undefined {
  const given = { R_REPOSITORY: rRepository, PACKAGE_MANAGER_URL: packageManagerUrl };
  const names = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : name));
  if (names.length === 0) return undefined;
  return { ...NOTHING, notes: [`${names.join(' and ')} without effect: R is not installed`] };
}

/** In every file, or in none: R_PROFILE stands in for them all. */
function placeEverywhere(
  configs: readonly ConfigFile[],
  part: {
    readonly session: readonly string[];
    readonly lines: readonly string[];
    readonly isSecret: boolean;
  },
) {
  const { session, lines, isSecret } = part;
  const placed = configs.map(config =>
    placeInFile(config, !isSecret, text => ({ text: appendMarked(text, [...session, ...lines]) })),
  );
  const isPlaced = placed.every(one => one.isPlaced);
  const files = isPlaced ? placed.flatMap(one => one.files) : placeSession(configs, session);
  return { isPlaced, files, warnings: placed.flatMap(({ warnings }) => warnings) };
}

/** Wherever it can be: a session that lacks the environment does not know of R_PROFILE either. */
function placeSession(configs: readonly ConfigFile[], session: readonly string[]): FileWrite[] {
  return configs.flatMap(
    config => placeInFile(config, true, text => ({ text: appendMarked(text, session) })).files,
  );
}

/** What R would have read without R_PROFILE: as it is now, in whatever encoding, with the rights of who runs R. */
const READ_SITE_FILE = [
  'local({',
  '  site <- file.path(R.home("etc"), "Rprofile.site")',
  '  if (file.access(site, 4) == 0) sys.source(site, envir = globalenv())',
  '})',
];

/** What R would have read without R_PROFILE_USER: the folder's .Rprofile, which is renv's place too, else the home's. */
const READ_USER_FILE = [
  'local({',
  '  own <- Filter(file.exists, c(".Rprofile", path.expand("~/.Rprofile")))',
  '  if (length(own) > 0) sys.source(own[[1]], envir = globalenv())',
  '})',
];

function makeLast(parts: readonly SitePart[], facts: Facts): FileWrite | undefined {
  const enforced = parts.filter(({ isEnforced }) => isEnforced);
  if (enforced.length === 0) return undefined;
  return makeOwnFile(facts, {
    name: 'Rprofile.user',
    text: appendMarked('', [...READ_USER_FILE, ...enforced.flatMap(({ lines }) => lines)]),
    isSecret: enforced.some(({ isSecret }) => isSecret),
  });
}
