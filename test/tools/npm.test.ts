import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { execaSync } from 'execa';
import { npm } from '../../src/tools/npm.ts';
import { NOTHING } from '../../src/tools/tool.ts';
import { makeFolder } from '../facts/folder.ts';
import { type Difference, makeConfig, makeFacts, makeSettings, ONE_CERTIFICATE } from '../facts-fixture.ts';

const PATH = '/usr/etc/npmrc';
const MIRROR = { NPM_REPOSITORY: 'https://npm.example/repo' };
const SECRET = { NPM_REPOSITORY: 'https://ada:p%40ss@npm.example/repo/' };
const OURS = `# lintel: begin (set at every boot; edits here are lost)
registry = https://npm.example/repo/
# lintel: end
`;
const NPM = '/usr/bin/npm';

function configure(environment: Readonly<Record<string, string>>, difference: Difference = {}) {
  const configs = { npm: makeConfig(PATH), ...difference.configs };
  const { rivals: _, ...made } =
    npm.configure(makeSettings(environment), makeFacts({ ...difference, configs })) ?? NOTHING;
  return made;
}

describe('npm', () => {
  test('is left alone without a registry and certificates', () => {
    assert.deepEqual(configure({}), NOTHING);
  });

  test('that is not installed gets nothing, which is said', () => {
    assert.equal(npm.configure(makeSettings({}), makeFacts()), undefined);
    assert.deepEqual(npm.configure(makeSettings(MIRROR), makeFacts()), {
      ...NOTHING,
      notes: ['NPM_REPOSITORY without effect: npm is not installed'],
    });
  });

  test('gets the registry, with the slash that it wants, in its global file, which is named whatever the prefix', () => {
    assert.deepEqual(configure(MIRROR), {
      files: [{ path: PATH, text: OURS, mode: 0o644, owner: 'lintel' }],
      env: { NPM_CONFIG_GLOBALCONFIG: PATH },
      notes: [`registry https://npm.example/repo/ (${PATH})`],
      warnings: [],
    });
  });

  test('keeps what the image’s file says besides', () => {
    const config = makeConfig(
      PATH,
      'fund=false\nregistry=https://old.example/\n@own:registry=https://own.example/\n',
    );
    assert.equal(
      configure(MIRROR, { configs: { npm: config } }).files[0]?.text,
      `${OURS}fund=false\n# lintel: was registry=https://old.example/\n@own:registry=https://own.example/\n`,
    );
  });

  test('gets the merged certificates, since cafile replaces its roots', () => {
    const made = configure({}, { certificates: ONE_CERTIFICATE });
    assert.match(made.files[0]?.text ?? '', /^cafile = \/run\/lintel\/ca-bundle\.pem$/m);
    assert.deepEqual(made.notes, [`certificates (${PATH})`]);
  });

  test('gets a file of Lintel’s by a variable where its own can’t be written, below the user’s and a project’s', () => {
    const config = makeConfig(PATH, 'fund=false\n', { isWritable: false });
    assert.deepEqual(configure(MIRROR, { configs: { npm: config } }), {
      files: [{ path: '/run/lintel/npmrc', text: `${OURS}fund=false\n`, mode: 0o644, owner: 'lintel' }],
      env: { NPM_CONFIG_GLOBALCONFIG: '/run/lintel/npmrc' },
      notes: ['registry https://npm.example/repo/ (NPM_CONFIG_GLOBALCONFIG=/run/lintel/npmrc)'],
      warnings: [],
    });
  });

  test('has no copy of a file that others may not read', () => {
    const config = makeConfig(PATH, '//x.example/:_authToken=secret\n', {
      isWritable: false,
      isPrivate: true,
    });
    assert.equal(configure(MIRROR, { configs: { npm: config } }).files[0]?.text, OURS);
  });

  test('gets credentials beside the registry, in a file that is the workbench user’s alone', () => {
    const made = configure(SECRET, { configs: { npm: makeConfig(PATH, OURS) } });
    const auth = Buffer.from('ada:p@ss').toString('base64');
    assert.deepEqual(made, {
      files: [
        {
          path: '/run/lintel/secrets/npmrc',
          text: OURS.replace('# lintel: end', `//npm.example/repo/:_auth = ${auth}\n# lintel: end`),
          mode: 0o600,
          owner: 'workbench',
        },
        { path: PATH, text: undefined, mode: 0o644, owner: 'lintel' },
      ],
      env: { NPM_CONFIG_GLOBALCONFIG: '/run/lintel/secrets/npmrc' },
      notes: ['registry https://npm.example/repo/ (NPM_CONFIG_GLOBALCONFIG=/run/lintel/secrets/npmrc)'],
      warnings: [],
    });
  });

  test('loses our part when NPM_REPOSITORY is gone', () => {
    const before = 'registry=https://old.example/';
    const ours = configure(MIRROR, { configs: { npm: makeConfig(PATH, before) } }).files[0]?.text;
    assert.equal(configure({}, { configs: { npm: makeConfig(PATH, ours) } }).files[0]?.text, before);
  });
});

describe('a user’s own .npmrc', () => {
  const userNpm = [makeConfig('/home/ada/.npmrc', 'registry=https://ada.example/\n')];

  test('wins by itself, and that is said', () => {
    const made = configure(MIRROR, { configs: { userNpm } });
    assert.deepEqual(
      [made.env, made.warnings],
      [{ NPM_CONFIG_GLOBALCONFIG: PATH }, ['/home/ada/.npmrc has registry of its own, which wins']],
    );
  });

  test('loses with LINTEL_ENFORCE=1, and so does a project’s', () => {
    const made = configure({ ...MIRROR, LINTEL_ENFORCE: '1' }, { configs: { userNpm } });
    assert.deepEqual(
      [made.env, made.warnings],
      [{ NPM_CONFIG_GLOBALCONFIG: PATH, npm_config_registry: 'https://npm.example/repo/' }, []],
    );
  });

  test('loses without the credentials in a variable', () => {
    const made = configure({ ...SECRET, LINTEL_ENFORCE: '1' }, { configs: { userNpm } });
    assert.deepEqual(made.env, {
      NPM_CONFIG_GLOBALCONFIG: '/run/lintel/secrets/npmrc',
      npm_config_registry: 'https://npm.example/repo/',
    });
  });
});

test('a registry that the container names by a variable, in any case, wins', () => {
  const made = npm.configure(makeSettings(MIRROR), makeFacts({ configs: { npm: makeConfig(PATH) } }));
  assert.deepEqual(made?.rivals, {
    npm_config_registry: 'https://npm.example/repo/',
    NPM_CONFIG_REGISTRY: 'https://npm.example/repo/',
  });
});

describe('what npm reads', { skip: !existsSync(NPM) && 'npm is not installed' }, () => {
  for (const [what, url] of [
    ['is the registry', 'https://npm.example/repo/'],
    [
      'is a URL with what npm takes for comments, variables and quotes',
      'https://npm.example/a;b/${HOME}/"c\\d/',
    ],
  ] as const) {
    test(what, t => {
      const config = makeConfig(PATH, 'registry=https://old.example/\n', { isWritable: false });
      const made = configure({ NPM_REPOSITORY: url }, { configs: { npm: config } });
      const folder = makeFolder(t, { npmrc: made.files[0]?.text ?? '', 'home/.keep': '' });
      const { stdout } = execaSync(NPM, ['config', 'get', 'registry'], {
        extendEnv: false,
        cwd: folder.path,
        env: { PATH: '/usr/bin:/bin', HOME: folder.at('home'), NPM_CONFIG_GLOBALCONFIG: folder.at('npmrc') },
      });
      assert.equal(stdout, url);
    });
  }
});
