import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

  test('keeps what the image’s /etc/gitconfig says; of two values git takes the later one', () => {
    const config = makeConfig(
      PATH,
      '[http]\n\tproxy = http://proxy.example\n\tsslCAInfo = /old.pem\n[core]\n\teditor = vi\n',
    );
    assert.equal(
      configure({ ...CERTIFICATE, configs: { git: config } }).files[0]?.text,
      `[http]
	proxy = http://proxy.example
	sslCAInfo = /old.pem
[core]
	editor = vi
${OURS}`,
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
      notes: [`what Lintel had set is removed (${PATH})`],
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

describe('git, as the GIT_ variables say', () => {
  const REPOSITORY = 'https://git.example:8443/group/project.git';
  const SECRET = '/run/lintel/secrets/git-credential';

  test('gets identity, cache and credentials in /etc/gitconfig, and every git reads that', () => {
    const made = configure(
      {},
      {
        GIT_USER_NAME: 'Ada Lovelace',
        GIT_USER_MAIL: 'ada@math.example',
        GIT_CREDENTIALS_CACHE_DURATION: '900',
        GIT_REPOSITORY: REPOSITORY,
        GIT_PERSONAL_ACCESS_TOKEN: 'hunter2',
      },
    );
    assert.deepEqual(made, {
      files: [
        {
          path: PATH,
          text: `# lintel: begin (set at every boot; edits here are lost)
[user]
name = "Ada Lovelace"
email = ada@math.example
[credential]
helper = cache --timeout=900
[credential "https://git.example:8443"]
helper = "!f() { if test \\"$1\\" = get; then cat '${SECRET}'; fi; }; f"
[pull]
rebase = false
# lintel: end
`,
          mode: 0o644,
          owner: 'lintel',
        },
        { path: SECRET, text: 'username=oauth2\npassword=hunter2\n', mode: 0o600, owner: 'workbench' },
      ],
      env: { GIT_CONFIG_SYSTEM: PATH },
      rivals: {
        GIT_AUTHOR_NAME: 'Ada Lovelace',
        GIT_COMMITTER_NAME: 'Ada Lovelace',
        GIT_AUTHOR_EMAIL: 'ada@math.example',
        GIT_COMMITTER_EMAIL: 'ada@math.example',
      },
      notes: [
        `identity Ada Lovelace, ada@math.example (${PATH})`,
        `credentials that are typed are kept for 900 s (${PATH})`,
        `credentials for https://git.example:8443 (${PATH})`,
      ],
      warnings: [],
    });
  });

  test('gets them in a file of ours where /etc can’t be written', () => {
    const config = makeConfig(PATH, undefined, { isWritable: false });
    const made = configure({ configs: { git: config } }, { GIT_USER_NAME: 'Ada' });
    const path = '/run/lintel/gitconfig';
    const text = `[include]\npath = ${PATH}\n[user]\nname = Ada\n[pull]\nrebase = false\n`;
    assert.deepEqual(made.files, [{ path, text, mode: 0o644, owner: 'lintel' }]);
    assert.deepEqual(made.env, { GIT_CONFIG_SYSTEM: path });
    assert.deepEqual(made.notes, [`identity Ada (GIT_CONFIG_SYSTEM=${path})`]);
  });

  test('yields to a user’s own name, and that is said; with LINTEL_ENFORCE=1 it does not', () => {
    const userGit = [makeConfig('/home/ada/.gitconfig', '[user]\n\tname = Countess\n')];
    const environment = { GIT_USER_NAME: 'Ada', GIT_USER_MAIL: 'ada@math.example' };
    const made = configure({ configs: { userGit } }, environment);
    assert.deepEqual(made.warnings, ['/home/ada/.gitconfig has user.name of its own, which wins']);
    assert.deepEqual(made.env, { GIT_CONFIG_SYSTEM: PATH });
    const enforced = configure({ configs: { userGit } }, { ...environment, LINTEL_ENFORCE: '1' });
    assert.deepEqual(enforced.warnings, []);
    assert.deepEqual(
      [enforced.env['GIT_AUTHOR_NAME'], enforced.env['GIT_COMMITTER_EMAIL']],
      ['Ada', 'ada@math.example'],
    );
  });

  test('gets no token without a server to give it to', () => {
    assert.deepEqual(configure({}, { GIT_PERSONAL_ACCESS_TOKEN: 'hunter2' }), { ...NOTHING, warnings: [] });
    const made = configure(
      {},
      { GIT_REPOSITORY: 'git@git.example:a/b.git', GIT_PERSONAL_ACCESS_TOKEN: 'hunter2' },
    );
    assert.deepEqual(made.warnings, ['the token is not used: GIT_REPOSITORY is no https URL']);
    assert.doesNotMatch(JSON.stringify(made), /hunter2/);
    const broken = configure(
      {},
      { GIT_REPOSITORY: REPOSITORY, GIT_PERSONAL_ACCESS_TOKEN: 'hunter2\nhost=evil.example' },
    );
    assert.deepEqual(broken.warnings, ['the token has a line break: it is not used']);
    assert.doesNotMatch(JSON.stringify(broken), /hunter2/);
  });

  test('reads back every value as it was given', {
    skip: !existsSync('/usr/bin/git') && 'git is not installed',
  }, t => {
    const folder = mkdtempSync(join(tmpdir(), 'lintel-gitconfig-'));
    t.after(() => rmSync(folder, { recursive: true }));
    for (const name of [
      'Ada "the" Countess',
      'a # b ; c',
      'back\\slash \\n',
      ' two\nlines\tand a tab',
      '$(id) `id`',
      '[x]',
      'é',
    ]) {
      const { files } = configure({}, { GIT_USER_NAME: name });
      writeFileSync(join(folder, 'config'), files[0]?.text ?? '');
      const read = execFileSync('/usr/bin/git', [
        'config',
        '--file',
        join(folder, 'config'),
        '--null',
        'user.name',
      ]);
      assert.equal(read.toString(), `${name.trim()}\0`);
    }
  });
});
