import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { git } from '../../src/tools/git.ts';
import { NOTHING } from '../../src/tools/tool.ts';
import { type Difference, makeConfig, makeFacts, makeSettings, ONE_CERTIFICATE } from '../facts-fixture.ts';

const PATH = '/etc/gitconfig';
const OURS = `# lintel: begin (set at every boot; edits here are lost)
[http]
sslCAInfo = /run/lintel/ca-bundle.pem
# lintel: end
`;
const VARIABLE = { GIT_SSL_CAINFO: '/run/lintel/ca-bundle.pem' };
const CERTIFICATE = { certificates: ONE_CERTIFICATE };

function configure(difference: Difference, environment: Readonly<Record<string, string>> = {}) {
  return git.configure(makeSettings(environment), makeFacts(difference)) ?? NOTHING;
}

describe('git', () => {
  test('is left alone without certificates', () => {
    assert.deepEqual(configure({}, { PIP_REPOSITORY: 'https://mirror.example' }), NOTHING);
  });

  test('gets the certificates in /etc/gitconfig, and by a variable for a git that reads another file', () => {
    assert.deepEqual(configure(CERTIFICATE), {
      files: [{ path: PATH, text: OURS, mode: 0o644, owner: 'lintel' }],
      env: VARIABLE,
      notes: [`certificates (${PATH})`],
      warnings: [],
    });
  });

  test('keeps what the image’s /etc/gitconfig says besides', () => {
    const config = makeConfig(
      PATH,
      '[http]\n\tproxy = http://proxy.example\n\tsslCAInfo = /old.pem\n[core]\n\teditor = vi\n',
    );
    assert.equal(
      configure({ ...CERTIFICATE, configs: { git: config } }).files[0]?.text,
      `[http]
# lintel: begin (set at every boot; edits here are lost)
sslCAInfo = /run/lintel/ca-bundle.pem
# lintel: end
	proxy = http://proxy.example
# lintel: was 	sslCAInfo = /old.pem
[core]
	editor = vi
`,
    );
  });

  test('is written no second time where nothing changed', () => {
    const made = configure({ ...CERTIFICATE, configs: { git: makeConfig(PATH, OURS) } });
    assert.deepEqual([made.files, made.env], [[], VARIABLE]);
  });

  test('gets the variable alone where /etc can’t be written', () => {
    const config = makeConfig(PATH, undefined, { isWritable: false });
    assert.deepEqual(configure({ ...CERTIFICATE, configs: { git: config } }), {
      files: [],
      env: VARIABLE,
      notes: ['certificates (GIT_SSL_CAINFO)'],
      warnings: [],
    });
  });

  test('loses our part when the certificates are gone', () => {
    const config = makeConfig(PATH, `[core]\n\teditor = vi\n${OURS}`);
    assert.deepEqual(configure({ configs: { git: config } }), {
      files: [{ path: PATH, text: '[core]\n\teditor = vi\n', mode: 0o644, owner: 'lintel' }],
      env: {},
      notes: [`settings of an earlier boot removed (${PATH})`],
      warnings: [],
    });
  });

  test('keeps a /etc/gitconfig that can’t be read, and that is said', () => {
    const made = configure({
      ...CERTIFICATE,
      configs: { git: makeConfig(PATH, undefined, { trouble: 'it is a directory' }) },
    });
    assert.deepEqual(made.files, []);
    assert.deepEqual(made.warnings, [`${PATH} can't be read (it is a directory): left alone`]);
  });
});

describe('a user’s own .gitconfig', () => {
  const userGit = [makeConfig('/home/ada/.gitconfig', '[http]\n\tsslCAInfo = /home/ada/ca.pem\n')];

  test('with certificates wins: the variable, which would win over it, is not set, and that is said', () => {
    const made = configure({ ...CERTIFICATE, configs: { userGit } });
    assert.deepEqual(
      [made.env, made.warnings],
      [{}, ['/home/ada/.gitconfig has http.sslCAInfo of its own, which wins']],
    );
  });

  test('loses with LINTEL_ENFORCE=1', () => {
    const made = configure({ ...CERTIFICATE, configs: { userGit } }, { LINTEL_ENFORCE: '1' });
    assert.deepEqual([made.env, made.warnings], [VARIABLE, []]);
  });

  for (const text of [
    '[user]\n\tname = Ada\n',
    '[http "https://git.example"]\n\tsslCAInfo = /home/ada/ca.pem\n',
    '[http]\n\t# sslCAInfo = /home/ada/ca.pem\n',
  ]) {
    test(`does not win without certificates for all: ${JSON.stringify(text)}`, () => {
      const made = configure({
        ...CERTIFICATE,
        configs: { userGit: [makeConfig('/home/ada/.gitconfig', text)] },
      });
      assert.deepEqual([made.env, made.warnings], [VARIABLE, []]);
    });
  }

  test('wins with certificates in the same line as the section', () => {
    const oneLine = [makeConfig('/home/ada/.gitconfig', '[http] sslCAInfo = /home/ada/ca.pem\n')];
    assert.deepEqual(configure({ ...CERTIFICATE, configs: { userGit: oneLine } }).env, {});
  });
});
