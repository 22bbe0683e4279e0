import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NOTHING } from '../../src/tools/tool.ts';
import { uv } from '../../src/tools/uv.ts';
import { type Difference, makeConfig, makeFacts, makeSettings, ONE_CERTIFICATE } from '../facts-fixture.ts';

const PATH = '/etc/uv/uv.toml';
const MIRROR = { PIP_REPOSITORY: 'https://mirror.example/simple' };
const OURS = `# lintel: begin (set at every boot; edits here are lost)
[[index]]
url = "https://mirror.example/simple"
default = true
# lintel: end
`;

function configure(environment: Readonly<Record<string, string>>, difference: Difference = {}) {
  const { rivals: _, ...made } = uv.configure(makeSettings(environment), makeFacts(difference)) ?? NOTHING;
  return made;
}

describe('uv', () => {
  test('is left alone without an index: certificates reach it by SSL_CERT_FILE', () => {
    assert.deepEqual(configure({}, { certificates: ONE_CERTIFICATE }), NOTHING);
  });

  test('gets the index as its default one in uv.toml where that can be written', () => {
    assert.deepEqual(configure(MIRROR), {
      files: [{ path: PATH, text: OURS, mode: 0o644, owner: 'lintel' }],
      env: {},
      notes: [`default index https://mirror.example/simple (${PATH})`],
      warnings: [],
    });
  });

  test('keeps what the image’s uv.toml says besides', () => {
    const config = makeConfig(PATH, 'offline = false\n# [[index]]\n');
    assert.equal(
      configure(MIRROR, { configs: { uv: config } }).files[0]?.text,
      `offline = false\n# [[index]]\n${OURS}`,
    );
  });

  test('is written no second time where nothing changed', () => {
    assert.deepEqual(configure(MIRROR, { configs: { uv: makeConfig(PATH, OURS) } }).files, []);
  });

  const VARIABLE = {
    env: { UV_DEFAULT_INDEX: 'https://mirror.example/simple' },
    notes: ['default index https://mirror.example/simple (UV_DEFAULT_INDEX)'],
    warnings: [],
  };

  for (const [why, config] of [
    ['it can’t be written', makeConfig(PATH, undefined, { isWritable: false })],
    ['it has an index', makeConfig(PATH, '[[index]]\nurl = "https://own.example"\n')],
    ['it has an index in an older spelling', makeConfig(PATH, 'index-url = "https://own.example"\n')],
    ['it has another index', makeConfig(PATH, 'extra-index-url = ["https://own.example"]\n')],
    ['it has indexes in one line', makeConfig(PATH, 'index = [{url = "https://own.example"}]\n')],
    ['it has an index for uv pip', makeConfig(PATH, '[pip]\nindex-url = "https://own.example"\n')],
  ] as const) {
    test(`gets the index by a variable, and uv.toml is left alone, where ${why}`, () => {
      assert.deepEqual(configure(MIRROR, { configs: { uv: config } }), { files: [], ...VARIABLE });
    });
  }

  test('gets the index by a variable where uv.toml can’t be read or would lose bytes, and that is said', () => {
    const config = makeConfig(PATH, 'x', { trouble: 'it is not UTF-8 text' });
    assert.deepEqual(configure(MIRROR, { configs: { uv: config } }), {
      files: [],
      ...VARIABLE,
      warnings: [`${PATH} is left alone: it is not UTF-8 text`],
    });
  });

  describe('whose user has a default index of their own', () => {
    const OWN = '/home/ada/.config/uv/uv.toml';
    const readOnly = makeConfig(PATH, undefined, { isWritable: false });
    const warnings = [`${OWN} has a default index of its own, which wins`];

    for (const text of [
      'index-url = "https://ada.example"\n',
      '[[index]]\nurl = "https://ada.example"\ndefault = true\n',
      'index = [{ url = "https://ada.example", default = true }]\n',
    ]) {
      test(`leaves it to them: the variable, which would win, is not set: ${JSON.stringify(text)}`, () => {
        const userUv = [makeConfig(OWN, text)];
        assert.deepEqual(configure(MIRROR, { configs: { userUv, uv: readOnly } }), { ...NOTHING, warnings });
        const inFile = configure(MIRROR, { configs: { userUv } });
        assert.deepEqual([inFile.env, inFile.files[0]?.path, inFile.warnings], [{}, PATH, warnings]);
      });
    }

    test('gets the operator’s with LINTEL_ENFORCE=1', () => {
      const userUv = [makeConfig(OWN, 'index-url = "https://ada.example"\n')];
      assert.deepEqual(configure({ ...MIRROR, LINTEL_ENFORCE: '1' }, { configs: { userUv } }), {
        files: [],
        ...VARIABLE,
      });
    });

    test('has it beside one more index of theirs', () => {
      const userUv = [makeConfig(OWN, '# default = true\n[[index]]\nurl = "https://ada.example"\n')];
      assert.deepEqual(configure(MIRROR, { configs: { userUv, uv: readOnly } }), { files: [], ...VARIABLE });
    });
  });

  test('gets an index with credentials by a variable, and our part of an earlier boot goes', () => {
    const secret = 'https://user:secret@mirror.example/simple';
    assert.deepEqual(
      configure({ PIP_REPOSITORY: secret }, { configs: { uv: makeConfig(PATH, `offline = true\n${OURS}`) } }),
      {
        files: [{ path: PATH, text: 'offline = true\n', mode: 0o644, owner: 'lintel' }],
        env: { UV_DEFAULT_INDEX: secret },
        notes: ['default index https://***@mirror.example/simple (UV_DEFAULT_INDEX)'],
        warnings: [],
      },
    );
  });

  test('gets the index by a variable, which wins over every file, with LINTEL_ENFORCE=1', () => {
    assert.deepEqual(configure({ ...MIRROR, LINTEL_ENFORCE: '1' }), { files: [], ...VARIABLE });
  });

  test('loses our part when PIP_REPOSITORY is gone', () => {
    assert.deepEqual(configure({}, { configs: { uv: makeConfig(PATH, OURS) } }), {
      files: [{ path: PATH, text: undefined, mode: 0o644, owner: 'lintel' }],
      env: {},
      notes: [`what Lintel had set is removed (${PATH})`],
      warnings: [],
    });
  });

  test('reads a URL with quotes and backslashes as it was given', () => {
    const text = configure({ PIP_REPOSITORY: 'https://mirror.example/a"b\\c' }).files[0]?.text;
    assert.match(text ?? '', /^url = "https:\/\/mirror\.example\/a\\"b\\\\c"$/m);
  });
});
