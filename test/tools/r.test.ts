import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { r } from '../../src/tools/r.ts';
import { NOTHING } from '../../src/tools/tool.ts';
import { type Difference, makeConfig, makeFacts, makeSettings, ONE_CERTIFICATE } from '../facts-fixture.ts';

const PATH = '/etc/R/Rprofile.site';
const MIRROR = { R_REPOSITORY: 'https://cran.example' };
const RENV = { RENV_CONFIG_REPOS_OVERRIDE: 'https://cran.example' };
const OURS = `# lintel: begin (set at every boot; edits here are lost)
local({
  repos <- getOption("repos")
  repos["CRAN"] <- "https://cran.example"
  options(repos = repos)
})
# lintel: end
`;

function configure(environment: Readonly<Record<string, string>>, difference: Difference = {}) {
  return r.configure(makeSettings(environment), makeFacts(difference)) ?? NOTHING;
}

describe('R', () => {
  test('is left alone without a mirror: certificates reach it by CURL_CA_BUNDLE', () => {
    assert.deepEqual(configure({}, { certificates: ONE_CERTIFICATE }), NOTHING);
  });

  test('is left alone where it is not installed', () => {
    assert.deepEqual(configure(MIRROR, { configs: { r: undefined } }), NOTHING);
  });

  test('gets its mirror at the end of Rprofile.site, and renv by a variable', () => {
    const config = makeConfig(PATH, '# mine\noptions(digits = 3)\n');
    assert.deepEqual(configure(MIRROR, { configs: { r: config } }), {
      files: [{ path: PATH, text: `# mine\noptions(digits = 3)\n${OURS}`, mode: 0o644, owner: 'lintel' }],
      env: RENV,
      notes: [`CRAN https://cran.example (${PATH})`],
      warnings: [],
    });
  });

  test('is written no second time where nothing changed', () => {
    const made = configure(MIRROR, { configs: { r: makeConfig(PATH, OURS) } });
    assert.deepEqual([made.files, made.env], [[], RENV]);
  });

  test('gets a site file of Lintel’s, with what is in the image’s, where that can’t be written', () => {
    const config = makeConfig(PATH, 'options(digits = 3)\n', { isWritable: false });
    assert.deepEqual(configure(MIRROR, { configs: { r: config } }), {
      files: [
        {
          path: '/run/lintel/Rprofile.site',
          text: `options(digits = 3)\n${OURS}`,
          mode: 0o644,
          owner: 'lintel',
        },
      ],
      env: { R_PROFILE: '/run/lintel/Rprofile.site', ...RENV },
      notes: ['CRAN https://cran.example (R_PROFILE=/run/lintel/Rprofile.site)'],
      warnings: [],
    });
  });

  test('gets a mirror with credentials in a file that is the workbench user’s alone', () => {
    const secret = 'https://user:secret@cran.example/cran';
    const made = configure({ R_REPOSITORY: secret }, { configs: { r: makeConfig(PATH, OURS) } });
    assert.deepEqual(made, {
      files: [
        {
          path: '/run/lintel/secrets/Rprofile.site',
          text: OURS.replace('https://cran.example', secret),
          mode: 0o600,
          owner: 'workbench',
        },
        { path: PATH, text: undefined, mode: 0o644, owner: 'lintel' },
      ],
      env: { R_PROFILE: '/run/lintel/secrets/Rprofile.site', RENV_CONFIG_REPOS_OVERRIDE: secret },
      notes: ['CRAN https://***@cran.example/cran (R_PROFILE=/run/lintel/secrets/Rprofile.site)'],
      warnings: [],
    });
  });

  test('reads a URL with quotes and backslashes as it was given', () => {
    const text = configure({ R_REPOSITORY: 'https://cran.example/a"b\\c' }).files[0]?.text;
    assert.match(text ?? '', /^ {2}repos\["CRAN"\] <- "https:\/\/cran\.example\/a\\"b\\\\c"$/m);
  });

  test('loses our part when R_REPOSITORY is gone', () => {
    const config = makeConfig(PATH, `options(digits = 3)\n${OURS}`);
    assert.deepEqual(configure({}, { configs: { r: config } }), {
      files: [{ path: PATH, text: 'options(digits = 3)\n', mode: 0o644, owner: 'lintel' }],
      env: {},
      notes: [`settings of an earlier boot removed (${PATH})`],
      warnings: [],
    });
  });

  test('keeps a site file that can’t be read, and that is said', () => {
    const made = configure(MIRROR, {
      configs: { r: makeConfig(PATH, undefined, { trouble: 'permission denied' }) },
    });
    assert.deepEqual(made.files, []);
    assert.deepEqual(made.warnings, [`${PATH} can't be read (permission denied): left alone`]);
  });
});
