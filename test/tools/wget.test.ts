import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NOTHING } from '../../src/tools/tool.ts';
import { wget } from '../../src/tools/wget.ts';
import { type Difference, makeConfig, makeFacts, makeSettings, ONE_CERTIFICATE } from '../facts-fixture.ts';

const PATH = '/etc/wgetrc';
const OURS = `# lintel: begin (set at every boot; edits here are lost)
ca_certificate = /run/lintel/ca-bundle.pem
# lintel: end
`;

function configure(configs: Difference['configs'], environment: Readonly<Record<string, string>> = {}) {
  const facts = makeFacts({ certificates: ONE_CERTIFICATE, configs: { wget: makeConfig(PATH), ...configs } });
  return wget.configure(makeSettings(environment), facts) ?? NOTHING;
}

describe('wget', () => {
  test('is left alone without certificates, and where it is not installed', () => {
    const facts = makeFacts({ configs: { wget: makeConfig(PATH, 'timeout = 5\n') } });
    assert.deepEqual(wget.configure(makeSettings(), facts), NOTHING);
    assert.deepEqual(configure({ wget: undefined }), NOTHING);
  });

  test('gets the certificates at the end of /etc/wgetrc where that can be written: the later line wins', () => {
    assert.deepEqual(configure({ wget: makeConfig(PATH, 'ca_certificate = /old.pem\n') }), {
      files: [{ path: PATH, text: `ca_certificate = /old.pem\n${OURS}`, mode: 0o644, owner: 'lintel' }],
      env: {},
      notes: [`certificates (${PATH})`],
      warnings: [],
    });
  });

  test('gets a copy of it by a variable where it can’t', () => {
    assert.deepEqual(configure({ wget: makeConfig(PATH, 'timeout = 5\n', { isWritable: false }) }), {
      files: [{ path: '/run/lintel/wgetrc', text: `timeout = 5\n${OURS}`, mode: 0o644, owner: 'lintel' }],
      env: { SYSTEM_WGETRC: '/run/lintel/wgetrc' },
      notes: ['certificates (SYSTEM_WGETRC=/run/lintel/wgetrc)'],
      warnings: [],
    });
  });

  test('loses our part when the certificates are gone', () => {
    const facts = makeFacts({ configs: { wget: makeConfig(PATH, `timeout = 5\n${OURS}`) } });
    assert.equal(wget.configure(makeSettings(), facts)?.files[0]?.text, 'timeout = 5\n');
  });
});

describe('a user’s own .wgetrc', () => {
  const userWget = [makeConfig('/home/ada/.wgetrc', 'tries = 2\ncaCertificate = /home/ada/ca.pem\n')];

  test('wins by itself, since wget reads it later, and that is said', () => {
    const made = configure({ userWget });
    assert.deepEqual(
      [made.env, made.warnings],
      [{}, ['/home/ada/.wgetrc has ca_certificate of its own, which wins']],
    );
  });

  test('is read in a copy that ends with ours with LINTEL_ENFORCE=1', () => {
    const made = configure({ userWget }, { LINTEL_ENFORCE: '1' });
    assert.deepEqual(made.files[0], {
      path: '/run/lintel/secrets/wgetrc.user',
      text: `${userWget[0]?.text}${OURS}`,
      mode: 0o600,
      owner: 'workbench',
    });
    assert.deepEqual(made.env, { WGETRC: '/run/lintel/secrets/wgetrc.user' });
  });
});
