import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { execaSync } from 'execa';
import { r } from '../../src/tools/r.ts';
import { makeSessionLines } from '../../src/tools/r-environment.ts';
import { NOTHING } from '../../src/tools/tool.ts';
import { makeFolder } from '../facts/folder.ts';
import { type Difference, makeConfig, makeFacts, makeSettings, ONE_CERTIFICATE } from '../facts-fixture.ts';

const PATH = '/etc/R/Rprofile.site';
const MIRROR = { R_REPOSITORY: 'https://cran.example' };
const PACKAGES = { PACKAGE_MANAGER_URL: 'https://pm.example/cran' };
const RENV = { RENV_CONFIG_REPOS_OVERRIDE: 'https://cran.example' };
const LINES = `local({
  repos <- c(CRAN = "https://cran.example")
  if (Sys.getenv("RENV_CONFIG_REPOS_OVERRIDE") %in% c("", repos[["CRAN"]])) {
    Sys.setenv(RENV_CONFIG_REPOS_OVERRIDE = repos[["CRAN"]])
    options(renv.config.repos.override = repos)
  }
  others <- getOption("repos")
  options(repos = c(repos, others[setdiff(names(others), names(repos))]))
})
`;
const BEGIN = '# lintel: begin (set at every boot; edits here are lost)\n';
const END = '# lintel: end\n';
/** What sessions need that Lintel did not start: see r-environment.test.ts. */
const SESSION = `${makeSessionLines('/run/lintel').join('\n')}\n`;
const ALWAYS = `${BEGIN}${SESSION}${END}`;
const OURS = `${BEGIN}${SESSION}${LINES}${END}`;
const READ_SITE_FILE = `local({
  site <- file.path(R.home("etc"), "Rprofile.site")
  if (file.access(site, 4) == 0) sys.source(site, envir = globalenv())
})
`;
const OWN_FILE = `${BEGIN}${READ_SITE_FILE}${LINES}${END}`;

function configure(environment: Readonly<Record<string, string>>, difference: Difference = {}) {
  return r.configure(makeSettings(environment), makeFacts(difference)) ?? NOTHING;
}

describe('R', () => {
  test('gets only what its sessions need without a mirror: certificates reach it by CURL_CA_BUNDLE', () => {
    const files = [{ path: PATH, text: ALWAYS, mode: 0o644, owner: 'lintel' }];
    assert.deepEqual(configure({}, { certificates: ONE_CERTIFICATE }), { ...NOTHING, files });
    assert.deepEqual(configure({}, { configs: { r: [makeConfig(PATH, ALWAYS)] } }), NOTHING);
    const closed = makeConfig(PATH, undefined, { trouble: 'permission denied' });
    assert.deepEqual(configure({}, { configs: { r: [closed] } }), NOTHING);
  });

  test('that is not installed gets nothing, which is said', () => {
    const notes = (given: Readonly<Record<string, string>>) => configure(given, { configs: { r: [] } });
    assert.deepEqual(notes(MIRROR), {
      ...NOTHING,
      notes: ['R_REPOSITORY without effect: R is not installed'],
    });
    const both = { ...MIRROR, PACKAGE_MANAGER_URL: 'https://packages.example' };
    assert.deepEqual(notes(both), {
      ...NOTHING,
      notes: ['R_REPOSITORY and PACKAGE_MANAGER_URL without effect: R is not installed'],
    });
    assert.deepEqual(notes({}), NOTHING);
  });

  test('gets its mirror at the end of Rprofile.site, and renv by a variable too', () => {
    const config = makeConfig(PATH, '# mine\noptions(digits = 3)\n');
    assert.deepEqual(configure(MIRROR, { configs: { r: [config] } }), {
      files: [{ path: PATH, text: `# mine\noptions(digits = 3)\n${OURS}`, mode: 0o644, owner: 'lintel' }],
      env: RENV,
      notes: [`CRAN https://cran.example (${PATH})`],
      warnings: [],
    });
  });

  for (const [text, isTheirs] of [
    ['options(repos = c(CRAN = "https://own.example"))', true],
    ['local({ r <- getOption("repos"); r["CRAN"] <- "https://own.example"; options("repos"=r) })', true],
    ['# options(repos = c(CRAN = "https://own.example"))', false],
    ['if (length(getOption("repos")) == 0) message("none")', false],
  ] as const)
    test(`${isTheirs ? 'gives way to' : 'says nothing of'} a user’s profile: ${text}`, () => {
      const configs = { r: [makeConfig(PATH)], userR: [makeConfig('/home/ada/.Rprofile', text)] };
      const said = isTheirs ? ['/home/ada/.Rprofile has options(repos=) of its own, which wins'] : [];
      assert.deepEqual(configure(MIRROR, { configs }).warnings, said);
      assert.deepEqual(configure({ ...MIRROR, LINTEL_ENFORCE: '1' }, { configs }).warnings, []);
    });

  test('is written no second time where nothing changed', () => {
    const made = configure(MIRROR, { configs: { r: [makeConfig(PATH, OURS)] } });
    assert.deepEqual([made.files, made.env], [[], RENV]);
  });

  test('gets it in the site file of each R, with the rights of whom its folder belongs to', () => {
    const conda = makeConfig('/opt/conda/lib/R/etc/Rprofile.site', undefined, { owner: 'workbench' });
    const made = configure(MIRROR, { configs: { r: [makeConfig(PATH), conda] } });
    assert.deepEqual(made.files, [
      { path: PATH, text: OURS, mode: 0o644, owner: 'lintel' },
      { path: conda.path, text: OURS, mode: 0o644, owner: 'workbench' },
    ]);
    assert.deepEqual(made.env, RENV);
  });

  for (const [why, config, warnings] of [
    ['that can’t be written', makeConfig(PATH, 'options(digits = 3)\n', { isWritable: false }), []],
    [
      'that would lose bytes',
      makeConfig(PATH, '# caf\xe9\n', { trouble: 'it is not UTF-8 text' }),
      [`${PATH} is left alone: it is not UTF-8 text`],
    ],
    [
      'that can’t be read',
      makeConfig(PATH, undefined, { trouble: 'permission denied' }),
      [`${PATH} is left alone: permission denied`],
    ],
  ] as const) {
    test(`gets a site file of Lintel’s, which reads R’s own, where one is there ${why}`, () => {
      const other = makeConfig('/usr/local/lib/R/etc/Rprofile.site', OURS);
      assert.deepEqual(configure(MIRROR, { configs: { r: [config, other] } }), {
        files: [
          { path: '/run/lintel/Rprofile.site', text: OWN_FILE, mode: 0o644, owner: 'lintel' },
          { path: other.path, text: ALWAYS, mode: 0o644, owner: 'lintel' },
        ],
        env: { R_PROFILE: '/run/lintel/Rprofile.site', ...RENV },
        notes: ['CRAN https://cran.example (R_PROFILE=/run/lintel/Rprofile.site)'],
        warnings,
      });
    });
  }

  test('gets a mirror with credentials in a file that is the workbench user’s alone', () => {
    const secret = 'https://user:secret@cran.example/cran';
    const made = configure({ R_REPOSITORY: secret }, { configs: { r: [makeConfig(PATH, OURS)] } });
    assert.deepEqual(made, {
      files: [
        {
          path: '/run/lintel/secrets/Rprofile.site',
          text: OWN_FILE.replace('https://cran.example', secret),
          mode: 0o600,
          owner: 'workbench',
        },
        { path: PATH, text: ALWAYS, mode: 0o644, owner: 'lintel' },
      ],
      env: { R_PROFILE: '/run/lintel/secrets/Rprofile.site', RENV_CONFIG_REPOS_OVERRIDE: secret },
      notes: ['CRAN https://***@cran.example/cran (R_PROFILE=/run/lintel/secrets/Rprofile.site)'],
      warnings: [],
    });
  });

  test('loses its mirror when R_REPOSITORY is gone', () => {
    const config = makeConfig(PATH, `options(digits = 3)\n${OURS}`);
    assert.deepEqual(configure({}, { configs: { r: [config] } }), {
      ...NOTHING,
      files: [{ path: PATH, text: `options(digits = 3)\n${ALWAYS}`, mode: 0o644, owner: 'lintel' }],
    });
  });

  test('asks for what is built for the distribution, and says so', () => {
    const made = configure(PACKAGES);
    assert.deepEqual(made.env, {});
    assert.deepEqual(made.notes, [
      `CRAN https://pm.example/cran/latest/bin/linux/bookworm-<arch>/<R version> (${PATH})`,
    ]);
  });

  test('gets sources where the distribution has no name, and that is said', () => {
    const made = configure(PACKAGES, { linux: { distribution: undefined } });
    assert.deepEqual(made.env, { RENV_CONFIG_REPOS_OVERRIDE: 'https://pm.example/cran/latest' });
    assert.match(made.warnings.join(), /names no distribution that packages are built for/);
  });
});

/** What the real R makes of it; its own site file and the user's are those of a folder. */
describe('what R reads', { skip: !existsSync('/usr/bin/Rscript') && 'R is not installed' }, () => {
  interface Given {
    readonly site?: string;
    readonly user?: string;
    readonly variables?: Readonly<Record<string, string>>;
    readonly distribution?: string;
  }

  /** Runs `code` in an R whose boot had these settings. */
  function run(
    t: Parameters<typeof makeFolder>[0],
    environment: Readonly<Record<string, string>>,
    { site, user, variables = {}, distribution = 'noble' }: Given,
    code: string,
  ): string[] {
    const folder = makeFolder(t, {
      'home/.keep': '',
      ...(user === undefined ? {} : { 'home/.Rprofile': user }),
    });
    const made = configure(environment, {
      runtimeDir: folder.path,
      linux: { distribution },
      configs: { r: [makeConfig(PATH, site ?? '')] },
    });
    const files = Object.fromEntries(
      made.files.map(({ path, text }) => [path.replace(/^.*\//, ''), text ?? '']),
    );
    const written = makeFolder(t, files);
    const at = (path: string | undefined) => (path === undefined ? {} : written.at(path));
    const named = Object.fromEntries(
      Object.entries(made.env).map(([name, value]) => [
        name,
        name.startsWith('R_PROFILE') ? String(at(value.replace(/^.*\//, ''))) : value,
      ]),
    );
    const { stdout } = execaSync('Rscript', ['-e', code], {
      extendEnv: false,
      cwd: folder.path,
      env: {
        PATH: '/usr/bin:/bin',
        HOME: folder.at('home'),
        R_PROFILE: written.at('Rprofile.site'),
        ...named,
        ...variables,
      },
    });
    return stdout.split('\n').filter(line => line !== '');
  }

  const REPOS = 'repos <- getOption("repos"); cat(paste(names(repos), repos), sep = "\\n")';
  const MINOR = /^(\d+\.\d+)/.exec(
    existsSync('/usr/bin/Rscript') ? execaSync('Rscript', ['-e', 'cat(format(getRversion()))']).stdout : '',
  )?.[1];
  const ARCH = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as 'x64'];

  for (const [what, environment, given, expected] of [
    ['is the mirror as CRAN', MIRROR, {}, ['CRAN https://cran.example']],
    [
      'keeps the image’s other repositories, and gives the one of the same name up',
      MIRROR,
      { site: 'options(repos = c(CRAN = "https://old.example", Own = "https://own.example"))\n' },
      ['CRAN https://cran.example', 'Own https://own.example'],
    ],
    [
      'is what Package Manager built for this distribution and this R, under the name that R asks for',
      PACKAGES,
      { site: 'options(repos = c(CRAN = "https://old.example", RSPM = "https://old.example"))\n' },
      [`CRAN https://pm.example/cran/latest/bin/linux/noble-${ARCH}/${MINOR}`],
    ],
    [
      'is Package Manager first and CRAN then, with both',
      { ...PACKAGES, ...MIRROR },
      {},
      [
        `PackageManager https://pm.example/cran/latest/bin/linux/noble-${ARCH}/${MINOR}`,
        'CRAN https://cran.example',
      ],
    ],
    [
      'is the snapshot of a day',
      { PACKAGE_MANAGER_URL: 'https://pm.example/cran/2026-01-31/' },
      { distribution: 'rhel9' },
      [`CRAN https://pm.example/cran/2026-01-31/bin/linux/rhel9-${ARCH}/${MINOR}`],
    ],
    [
      'is the older form where the URL begins it',
      { PACKAGE_MANAGER_URL: 'https://pm.example/cran/__linux__' },
      {},
      ['CRAN https://pm.example/cran/__linux__/noble/latest'],
    ],
    [
      'is the URL as it stands where it names a distribution',
      { PACKAGE_MANAGER_URL: 'https://pm.example/cran/__linux__/jammy/2026-01-31' },
      {},
      ['CRAN https://pm.example/cran/__linux__/jammy/2026-01-31'],
    ],
    [
      'is a URL with quotes, backslashes and percents as it was given',
      { R_REPOSITORY: 'https://cran.example/a"b\\c%20%s' },
      {},
      ['CRAN https://cran.example/a"b\\c%20%s'],
    ],
    [
      'is the user’s own',
      MIRROR,
      { user: 'options(repos = c(CRAN = "https://ada.example"))\n' },
      ['CRAN https://ada.example'],
    ],
    [
      'is the operator’s alone, after the user’s own profile, with LINTEL_ENFORCE=1',
      { ...MIRROR, LINTEL_ENFORCE: '1' },
      {
        user: 'options(repos = c(CRAN = "https://ada.example", Ada = "https://ada.example")); cat("read\\n")\n',
      },
      ['read', 'CRAN https://cran.example'],
    ],
  ] as const) {
    test(what, t => assert.deepEqual(run(t, environment, given, REPOS), expected));
  }

  const RENV_CODE =
    'cat(Sys.getenv("RENV_CONFIG_REPOS_OVERRIDE"), names(getOption("renv.config.repos.override")), sep = "\\n")';

  test('tells renv of all repositories, and its bootstrap of CRAN', t => {
    assert.deepEqual(run(t, { ...MIRROR, ...PACKAGES }, {}, RENV_CODE), [
      'https://cran.example',
      'PackageManager',
      'CRAN',
    ]);
  });

  test('tells an R that R started the same', t => {
    const child = `cat(system2(file.path(R.home("bin"), "Rscript"), c("-e", shQuote('${RENV_CODE}')), stdout = TRUE), sep = "\\n")`;
    const built = `https://pm.example/cran/latest/bin/linux/noble-${ARCH}/${MINOR}`;
    assert.deepEqual(run(t, PACKAGES, {}, child), [built, 'CRAN']);
  });

  test('leaves renv to what the container says of it', t => {
    const variables = { RENV_CONFIG_REPOS_OVERRIDE: 'https://ada.example' };
    assert.deepEqual(run(t, MIRROR, { variables }, RENV_CODE), ['https://ada.example']);
  });

  test('says in its requests which R it is, as Package Manager wants it', t => {
    const agent = 'cat(getOption("HTTPUserAgent"))';
    assert.match(run(t, PACKAGES, {}, agent).join(), /^R\/\d\S+ R \(\d\S+ \S+-linux-gnu \S+ linux-gnu\)$/);
    const old = { PACKAGE_MANAGER_URL: 'https://pm.example/cran/__linux__/noble/latest' };
    assert.match(run(t, old, {}, agent).join(), /^R\/\d/);
  });

  test('is its own site file besides, where that can’t be written', t => {
    const made = configure(MIRROR, { configs: { r: [makeConfig(PATH, 'x', { isWritable: false })] } });
    const folder = makeFolder(t, {
      'Rprofile.site': made.files[0]?.text ?? '',
      'site/Rprofile.site': Buffer.from('options(lintel.site = "caf\xe9"); seen <- TRUE\n', 'latin1'),
    });
    const home = `R.home <- function(...) "${folder.at('site')}"\n`;
    const text = (made.files[0]?.text ?? '').replace('R.home("etc")', 'fake("etc")');
    const profile = makeFolder(t, { p: `fake <- ${home.slice(10)}${text}` });
    const { stdout } = execaSync('Rscript', ['-e', 'cat(nchar(getOption("lintel.site"), "bytes"), seen)'], {
      extendEnv: false,
      env: { PATH: '/usr/bin:/bin', HOME: folder.path, R_PROFILE: profile.at('p') },
    });
    assert.equal(stdout, '4 TRUE');
  });
});
