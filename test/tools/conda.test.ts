import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { conda } from '../../src/tools/conda.ts';
import { NOTHING } from '../../src/tools/tool.ts';
import { type Difference, makeConfig, makeFacts, makeSettings, ONE_CERTIFICATE } from '../facts-fixture.ts';

const PATH = '/opt/conda/.condarc';
const MIRROR = { CONDA_REPOSITORY: 'https://mirror.example/conda,conda-forge' };
const SECRET = { CONDA_REPOSITORY: 'conda-forge,https://user:secret@mirror.example/conda' };
const OURS = `# lintel: begin (set at every boot; edits here are lost)
channels:
  - "https://mirror.example/conda"
  - "conda-forge"
default_channels:
  - "https://mirror.example/conda"
  - "conda-forge"
# lintel: end
`;
const READ_ONLY = { isWritable: false };

function configure(environment: Readonly<Record<string, string>>, difference: Difference = {}) {
  return conda.configure(makeSettings(environment), makeFacts(difference)) ?? NOTHING;
}

describe('conda', () => {
  test('is left alone without channels and certificates', () => {
    assert.deepEqual(configure({}), NOTHING);
  });

  test('gets its channels, also as the default ones, in .condarc where that can be written', () => {
    assert.deepEqual(configure(MIRROR), {
      files: [{ path: PATH, text: OURS, mode: 0o644, owner: 'lintel' }],
      env: {},
      notes: [`channels https://mirror.example/conda, conda-forge (${PATH})`],
      warnings: [],
    });
  });

  test('keeps what the image’s .condarc says besides', () => {
    const config = makeConfig(PATH, 'channels:\n  - defaults\nauto_activate_base: false\n');
    assert.equal(
      configure(MIRROR, { configs: { conda: config } }).files[0]?.text,
      `# lintel: was channels:\n# lintel: was   - defaults\nauto_activate_base: false\n${OURS}`,
    );
  });

  test('is written no second time where nothing changed', () => {
    const made = configure(MIRROR, { configs: { conda: makeConfig(PATH, OURS) } });
    assert.deepEqual(made.files, []);
  });

  test('gets a file of Lintel’s and CONDARC where its own can’t be written', () => {
    const config = makeConfig(PATH, 'auto_activate_base: false\n', READ_ONLY);
    assert.deepEqual(configure(MIRROR, { configs: { conda: config } }), {
      files: [
        {
          path: '/run/lintel/condarc',
          text: OURS,
          mode: 0o644,
          owner: 'lintel',
        },
      ],
      env: { CONDARC: '/run/lintel/condarc' },
      notes: ['channels https://mirror.example/conda, conda-forge (CONDARC=/run/lintel/condarc)'],
      warnings: [],
    });
  });

  test('gets certificates, with channels and without', () => {
    const certificates = ONE_CERTIFICATE;
    const line = 'ssl_verify: "/run/lintel/ca-bundle.pem"\n';
    assert.equal(
      configure(MIRROR, { certificates }).files[0]?.text,
      OURS.replace('# lintel: end', `${line}# lintel: end`),
    );
    assert.deepEqual(configure({}, { certificates }), {
      files: [
        {
          path: PATH,
          text: `# lintel: begin (set at every boot; edits here are lost)\n${line}# lintel: end\n`,
          mode: 0o644,
          owner: 'lintel',
        },
      ],
      env: {},
      notes: [`certificates (${PATH})`],
      warnings: [],
    });
  });

  test('reads a channel with quotes and backslashes as it was given', () => {
    const text = configure({ CONDA_REPOSITORY: 'https://mirror.example/a"b\\c' }).files[0]?.text;
    assert.match(text ?? '', /^ {2}- "https:\/\/mirror\.example\/a\\"b\\\\c"$/m);
  });
});

test('channels with credentials stand only in a file that is the workbench user’s alone', () => {
  const config = makeConfig(PATH, OURS);
  const { files, env, notes } = configure(SECRET, { configs: { conda: config } });
  assert.deepEqual(files, [
    {
      path: '/run/lintel/secrets/condarc',
      text: `# lintel: begin (set at every boot; edits here are lost)
channels:
  - "conda-forge"
  - "https://user:secret@mirror.example/conda"
default_channels:
  - "conda-forge"
  - "https://user:secret@mirror.example/conda"
# lintel: end
`,
      mode: 0o600,
      owner: 'workbench',
    },
    { path: PATH, text: undefined, mode: 0o644, owner: 'lintel' },
  ]);
  assert.deepEqual(env, { CONDARC: '/run/lintel/secrets/condarc' });
  assert.deepEqual(notes, [
    'channels conda-forge, https://***@mirror.example/conda (CONDARC=/run/lintel/secrets/condarc)',
  ]);
});

describe('a user’s own .condarc', () => {
  const userConda = [makeConfig('/home/ada/.condarc', 'channels: [ada]\n')];
  const WARNING = '/home/ada/.condarc has channels of its own, which wins';
  const readOnly = makeConfig(PATH, undefined, READ_ONLY);

  test('wins over the operator’s channels by itself, and that is said', () => {
    const made = configure(MIRROR, { configs: { userConda } });
    assert.deepEqual([made.files[0]?.path, made.env, made.warnings], [PATH, {}, [WARNING]]);
  });

  test('wins where the system’s can’t be written: the variable is not set', () => {
    assert.deepEqual(configure(MIRROR, { configs: { userConda, conda: readOnly } }), {
      ...NOTHING,
      warnings: [WARNING],
    });
  });

  test('wins only with the same key', () => {
    const other = [makeConfig('/home/ada/.condarc', 'auto_activate_base: false\n')];
    const made = configure(MIRROR, { configs: { userConda: other, conda: readOnly } });
    assert.deepEqual(made.env, { CONDARC: '/run/lintel/condarc' });
  });

  test('wins with its own key alone: CONDARC, which would win, holds the other', () => {
    const made = configure(MIRROR, {
      certificates: ONE_CERTIFICATE,
      configs: { userConda, conda: readOnly },
    });
    assert.equal(
      made.files[0]?.text,
      '# lintel: begin (set at every boot; edits here are lost)\nssl_verify: "/run/lintel/ca-bundle.pem"\n# lintel: end\n',
    );
    assert.deepEqual(made.notes, ['certificates (CONDARC=/run/lintel/condarc)']);
  });
});

describe('with LINTEL_ENFORCE=1', () => {
  const ENFORCED = { ...MIRROR, LINTEL_ENFORCE: '1' };
  const userConda = [makeConfig('/home/ada/.condarc', 'channels: [ada]\n')];
  const OWN = { path: '/run/lintel/condarc', text: OURS, mode: 0o644, owner: 'lintel' } as const;
  const FIRST = '/etc/conda/.condarc';

  test('no file of the user adds channels: they are final in the first file that conda reads, and in CONDARC', () => {
    const config = makeConfig(PATH, OURS);
    const final = OURS.replaceAll('hannels:\n', 'hannels: #!final\n');
    assert.deepEqual(configure(ENFORCED, { configs: { userConda, conda: config } }), {
      files: [
        OWN,
        { path: FIRST, text: final, mode: 0o644, owner: 'lintel' },
        { path: PATH, text: undefined, mode: 0o644, owner: 'lintel' },
      ],
      env: { CONDARC: '/run/lintel/condarc' },
      notes: ['channels https://mirror.example/conda, conda-forge (CONDARC=/run/lintel/condarc)'],
      warnings: [],
    });
    const first = makeConfig(FIRST, final);
    assert.deepEqual(configure(ENFORCED, { configs: { firstConda: first } }).files, [OWN]);
    for (const environment of [{}, MIRROR])
      assert.deepEqual(configure(environment, { configs: { firstConda: first } }).files.at(-1), {
        path: FIRST,
        text: undefined,
        mode: 0o644,
        owner: 'lintel',
      });
  });

  test('channels of others come after ours where that file can’t be written, and that is said', () => {
    const made = configure(ENFORCED, {
      configs: { userConda, firstConda: makeConfig(FIRST, undefined, READ_ONLY) },
    });
    assert.deepEqual(
      [made.files, made.env, made.warnings],
      [[OWN], { CONDARC: OWN.path }, ['channels of other files are still asked after these']],
    );
  });

  test('the first file may be the only one', () => {
    const only = makeConfig(FIRST);
    const made = configure(ENFORCED, { configs: { conda: only, firstConda: only } });
    assert.deepEqual(
      made.files.map(({ path }) => path),
      [OWN.path, FIRST],
    );
  });
});

describe('when CONDA_REPOSITORY is gone', () => {
  test('our part goes and the text before it comes back', () => {
    const before = 'channels:\n- defaults\n';
    const ours = configure(MIRROR, { configs: { conda: makeConfig(PATH, before) } }).files[0]?.text;
    assert.deepEqual(configure({}, { configs: { conda: makeConfig(PATH, ours) } }).files, [
      { path: PATH, text: before, mode: 0o644, owner: 'lintel' },
    ]);
  });

  test('a file that was all ours goes', () => {
    assert.deepEqual(configure({}, { configs: { conda: makeConfig(PATH, OURS) } }).files, [
      { path: PATH, text: undefined, mode: 0o644, owner: 'lintel' },
    ]);
  });
});

for (const [config, warning] of [
  [makeConfig(PATH, undefined, { trouble: 'permission denied' }), `${PATH} is left alone: permission denied`],
  [
    makeConfig(PATH, 'x: [\n'),
    `${PATH} is left alone: line 2: Flow sequence in block collection must be sufficiently indented and end with a ]`,
  ],
  [
    makeConfig(PATH, 'caf\xe9: 1\n', { trouble: 'it is not UTF-8 text' }),
    `${PATH} is left alone: it is not UTF-8 text`,
  ],
] as const) {
  test(`a .condarc is left alone, and that is said: ${warning}`, () => {
    const made = configure(MIRROR, { configs: { conda: config } });
    assert.deepEqual(
      [made.files.map(({ path }) => path), made.env, made.warnings],
      [['/run/lintel/condarc'], { CONDARC: '/run/lintel/condarc' }, [warning]],
    );
  });
}

test('the channels of an image’s .condarc that can’t be changed stay in conda’s list, and that is said', () => {
  const config = makeConfig(PATH, 'channels: [conda-forge]\n', READ_ONLY);
  assert.deepEqual(configure(MIRROR, { configs: { conda: config } }).warnings, [
    `the channels of ${PATH} are asked too, after these`,
  ]);
});

test('a .condarc that is the workbench user’s is written with that user’s rights', () => {
  const config = makeConfig(PATH, 'channels: [conda-forge]\n', { owner: 'workbench' });
  assert.deepEqual(
    configure(MIRROR, { configs: { conda: config } }).files.map(({ path, owner }) => ({ path, owner })),
    [{ path: PATH, owner: 'workbench' }],
  );
});
