import type { Facts } from '../facts/facts.ts';
import type { Settings } from '../settings/settings.ts';
import { hasCredentials, maskUrl } from '../settings/url.ts';
import { withoutLastSlashes } from '../slashes.ts';
import { findUserFile, sayUserWins } from './placement.ts';
import type { SitePart } from './site-part.ts';

/** Where R finds packages: the name of a repository and R's expression of its URL. */
interface Repository {
  readonly name: string;
  readonly url: string;
  /** The URL as R's code, where only R knows all of it. */
  readonly code: string;
  /** Whether it serves what is built for this distribution, by what R says of itself. */
  readonly isBuilt: boolean;
}

/**
 * options(repos=), and the same for renv. CRAN is the name that R and its tools look for, so there always is one; with
 * both, what Package Manager has built comes first and CRAN has the rest.
 */
export function makeRepositories(settings: Settings, facts: Facts): SitePart | undefined {
  const { repositories, warnings } = findRepositories(settings, facts);
  const cran = repositories.at(-1);
  if (cran === undefined) return undefined;
  const isSecret = repositories.some(({ url }) => hasCredentials(url));
  return {
    lines: renderLines(repositories, settings),
    isSecret,
    // renv's own bootstrap takes one URL, and R does not say itself here what it is.
    env: cran.code === renderString(cran.url) ? { RENV_CONFIG_REPOS_OVERRIDE: cran.url } : {},
    note: repositories.map(({ name, url }) => `${name} ${maskUrl(url)}`).join(', '),
    warnings: [...warnings, ...sayOwner(settings, facts)],
    isEnforced: true,
  };
}

/** options(repos = …), as people write it; a profile that only asks what they are has no "=" behind it. */
const OWN_REPOSITORIES = /^[^#\n]*\brepos\b["']?\s*=[^=]/m;

function sayOwner({ enforce }: Settings, { configs }: Facts): string[] {
  const path =
    enforce === true ? undefined : findUserFile(configs.userR, text => OWN_REPOSITORIES.test(text));
  return path === undefined ? [] : [sayUserWins(path, 'options(repos=)')];
}

function findRepositories(
  settings: Settings,
  facts: Facts,
): { repositories: readonly Repository[]; warnings: readonly string[] } {
  const { rRepository: mirror, packageManagerUrl } = settings;
  const cran = mirror === undefined ? [] : [plain('CRAN', mirror)];
  if (packageManagerUrl === undefined) return { repositories: cran, warnings: [] };
  const name = mirror === undefined ? 'CRAN' : 'PackageManager';
  const built = makeBuilt(name, withoutLastSlashes(packageManagerUrl), facts.linux.distribution);
  const warnings = built.isBuilt
    ? []
    : [
        '/etc/os-release names no distribution that packages are built for: PACKAGE_MANAGER_URL serves sources',
      ];
  return { repositories: [built, ...cran], warnings };
}

/** A snapshot, or the latest: "/cran/latest", "/cran/2026-01-31". */
const SNAPSHOT = /\/(latest|\d{4}-\d{2}-\d{2})$/;

/**
 * Package Manager has packages for a distribution in two places: "/__linux__/noble/latest", by what R says of itself in
 * its requests, and "/latest/bin/linux/noble-x86_64/4.5", which mirrors such as Nexus can keep apart. An URL that has
 * either is taken as it is, one that ends in "__linux__" gets the codename, any other gets the second form.
 */
function makeBuilt(name: string, url: string, distribution: string | undefined): Repository {
  if (/\/__linux__\/.|\/bin\/linux\/./.test(url)) return plain(name, url);
  if (distribution === undefined) {
    const source = url.replace(/\/__linux__$/, '');
    return plain(name, SNAPSHOT.test(source) ? source : `${source}/latest`);
  }
  if (url.endsWith('/__linux__')) return plain(name, `${url}/${distribution}/latest`);
  const base = `${SNAPSHOT.test(url) ? url : `${url}/latest`}/bin/linux/${distribution}-`;
  const code = `paste0(${renderString(base)}, R.version$arch, "/", R.version$major, ".", sub("[.].*", "", R.version$minor))`;
  return { name, url: `${base}<arch>/<R version>`, code, isBuilt: true };
}

function plain(name: string, url: string): Repository {
  return { name, url, code: renderString(url), isBuilt: /\/__linux__\/|\/bin\/linux\//.test(url) };
}

function renderLines(repositories: readonly Repository[], settings: Settings): string[] {
  const isExclusive = settings.packageManagerUrl !== undefined || settings.enforce === true;
  const pairs = repositories.map(({ name, code }) => `${name} = ${code}`);
  return [
    'local({',
    `  repos <- c(${pairs.join(', ')})`,
    ...renderRenv(settings),
    // What is built for a distribution stands in for an image's own choice of the same.
    ...(isExclusive
      ? ['  options(repos = repos)']
      : [
          '  others <- getOption("repos")',
          '  options(repos = c(repos, others[setdiff(names(others), names(repos))]))',
        ]),
    ...(repositories.some(({ isBuilt }) => isBuilt) ? USER_AGENT : []),
    '})',
  ];
}

/** The option takes them all; the variable, which R's child processes and renv's bootstrap see, is for CRAN alone. */
function renderRenv(settings: Settings): string[] {
  const set = [
    'Sys.setenv(RENV_CONFIG_REPOS_OVERRIDE = repos[["CRAN"]])',
    'options(renv.config.repos.override = repos)',
  ];
  if (settings.enforce === true) return set.map(line => `  ${line}`);
  return [
    '  if (Sys.getenv("RENV_CONFIG_REPOS_OVERRIDE") %in% c("", repos[["CRAN"]])) {',
    ...set.map(line => `    ${line}`),
    '  }',
  ];
}

/** Package Manager tells by it for which R to serve what is built. */
const USER_AGENT = [
  '  options(HTTPUserAgent = sprintf("R/%s R (%s)", getRversion(),',
  '    paste(getRversion(), R.version$platform, R.version$arch, R.version$os)))',
];

/** R's strings take JSON's escapes for quotes, backslashes and \uXXXX. */
function renderString(text: string): string {
  return JSON.stringify(text);
}
