import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pip } from '../../src/tools/pip.ts';
import { NOTHING } from '../../src/tools/tool.ts';
import { type Difference, makeConfig, makeFacts, makeSettings, ONE_CERTIFICATE } from '../facts-fixture.ts';

const MIRROR = { PIP_REPOSITORY: 'https://mirror.example/simple' };
const SECRET = { PIP_REPOSITORY: 'https://user:secret@mirror.example/simple' };
const SYSTEM_FILE = `[global]
# lintel: begin (set at every boot; edits here are lost)
index-url = https://mirror.example/simple
# lintel: end`;
const OWN_FILE = `# lintel: begin (set at every boot; edits here are lost)
[global]
index-url = https://mirror.example/simple
# lintel: end
`;
const READ_ONLY = { isWritable: false };

function configure(environment: Readonly<Record<string, string>>, difference: Difference = {}) {
  const { rivals: _, ...made } = pip.configure(makeSettings(environment), makeFacts(difference)) ?? NOTHING;
  return made;
}

describe('pip', () => {
  test('is left alone without an index and certificates', () => {
    assert.deepEqual(configure({}), NOTHING);
    assert.deepEqual(
      configure({}, { configs: { pip: makeConfig('/etc/pip.conf', '[global]\ntimeout = 60\n') } }),
      NOTHING,
    );
  });

  test('gets the index in /etc/pip.conf where that can be written', () => {
    assert.deepEqual(configure(MIRROR), {
      files: [{ path: '/etc/pip.conf', text: OWN_FILE, mode: 0o644, owner: 'lintel' }],
      env: {},
      notes: ['index https://mirror.example/simple (/etc/pip.conf)'],
      warnings: [],
    });
  });

  test('keeps what the image’s /etc/pip.conf says besides', () => {
    const config = makeConfig('/etc/pip.conf', '[global]\ntimeout = 60\nindex-url = https://old.example\n');
    assert.equal(
      configure(MIRROR, { configs: { pip: config } }).files[0]?.text,
      `${SYSTEM_FILE}\ntimeout = 60\n# lintel: was index-url = https://old.example\n`,
    );
  });

  test('keeps a value of several lines together when it gives way', () => {
    const config = makeConfig('/etc/pip.conf', '[global]\ntrusted-host =\n  a.example\n  b.example\n');
    const made = configure({ PIP_REPOSITORY: 'http://mirror.example' }, { configs: { pip: config } });
    assert.equal(
      made.files[0]?.text,
      `[global]
# lintel: begin (set at every boot; edits here are lost)
index-url = http://mirror.example
trusted-host = mirror.example
# lintel: end
# lintel: was trusted-host =
# lintel: was   a.example
# lintel: was   b.example
`,
    );
  });

  test('is written no second time where nothing changed, and again where the index did', () => {
    const config = makeConfig('/etc/pip.conf', OWN_FILE);
    const same = configure(MIRROR, { configs: { pip: config } });
    assert.deepEqual(same.files, []);
    assert.deepEqual(same.notes, ['index https://mirror.example/simple (/etc/pip.conf)']);
    const other = configure({ PIP_REPOSITORY: 'https://other.example' }, { configs: { pip: config } });
    assert.equal(other.files[0]?.text, OWN_FILE.replace('mirror.example/simple', 'other.example'));
  });

  test('gets a file of Lintel’s and PIP_CONFIG_FILE where /etc can’t be written', () => {
    const config = makeConfig('/etc/pip.conf', undefined, READ_ONLY);
    assert.deepEqual(configure(MIRROR, { configs: { pip: config } }), {
      files: [{ path: '/run/lintel/pip.conf', text: OWN_FILE, mode: 0o644, owner: 'lintel' }],
      env: { PIP_CONFIG_FILE: '/run/lintel/pip.conf' },
      notes: ['index https://mirror.example/simple (PIP_CONFIG_FILE=/run/lintel/pip.conf)'],
      warnings: [],
    });
  });

  test('gets certificates, with an index and without', () => {
    const certificates = ONE_CERTIFICATE;
    assert.equal(
      configure(MIRROR, { certificates }).files[0]?.text,
      OWN_FILE.replace('simple\n', 'simple\ncert = /run/lintel/ca-bundle.pem\n'),
    );
    assert.deepEqual(configure({}, { certificates }), {
      files: [
        {
          path: '/etc/pip.conf',
          text: OWN_FILE.replace(
            'index-url = https://mirror.example/simple',
            'cert = /run/lintel/ca-bundle.pem',
          ),
          mode: 0o644,
          owner: 'lintel',
        },
      ],
      env: {},
      notes: ['certificates (/etc/pip.conf)'],
      warnings: [],
    });
  });

  for (const [index, host] of [
    ['http://mirror.example/simple', 'mirror.example'],
    ['http://mirror.example:8081/simple', 'mirror.example:8081'],
    ['http://[::1]:8081/simple', '[::1]:8081'],
    ['HTTP://mirror.example/simple', 'mirror.example'],
  ] as const) {
    test(`trusts the host of plain http, which it otherwise refuses: ${index}`, () => {
      assert.equal(
        configure({ PIP_REPOSITORY: index }).files[0]?.text,
        `# lintel: begin (set at every boot; edits here are lost)
[global]
index-url = ${index}
trusted-host = ${host}
# lintel: end
`,
      );
    });
  }
});

describe('an index with credentials', () => {
  test('stands only in a file that is the workbench user’s alone, and in no note', () => {
    assert.deepEqual(configure(SECRET), {
      files: [
        {
          path: '/run/lintel/secrets/pip.conf',
          text: OWN_FILE.replace('mirror', 'user:secret@mirror'),
          mode: 0o600,
          owner: 'workbench',
        },
      ],
      env: { PIP_CONFIG_FILE: '/run/lintel/secrets/pip.conf' },
      notes: ['index https://***@mirror.example/simple (PIP_CONFIG_FILE=/run/lintel/secrets/pip.conf)'],
      warnings: [],
    });
  });

  test('takes our part of an earlier boot out of /etc/pip.conf', () => {
    const config = makeConfig('/etc/pip.conf', `[list]\nformat = columns\n${OWN_FILE}`);
    assert.deepEqual(configure(SECRET, { configs: { pip: config } }).files[1], {
      path: '/etc/pip.conf',
      text: '[list]\nformat = columns\n',
      mode: 0o644,
      owner: 'lintel',
    });
  });

  test('takes it out too where a user’s own index wins', () => {
    const { files, env } = configure(SECRET, {
      configs: {
        pip: makeConfig('/etc/pip.conf', OWN_FILE),
        userPip: [makeConfig('/home/ada/.pip/pip.conf', '[global]\nindex-url = https://ada.example\n')],
      },
    });
    assert.deepEqual(
      { files, env },
      {
        files: [{ path: '/etc/pip.conf', text: undefined, mode: 0o644, owner: 'lintel' }],
        env: {},
      },
    );
  });
});

describe('a user’s own pip.conf', () => {
  const userPip = [
    makeConfig('/home/ada/.config/pip/pip.conf'),
    makeConfig('/home/ada/.pip/pip.conf', '[global]\nindex-url = https://ada.example\n'),
  ];
  const WARNING = '/home/ada/.pip/pip.conf has a setting of its own, which wins';
  const readOnly = makeConfig('/etc/pip.conf', undefined, READ_ONLY);

  test('wins over the operator’s index in /etc by itself, and that is said', () => {
    const made = configure(MIRROR, { configs: { userPip } });
    assert.deepEqual(made.env, {});
    assert.deepEqual(made.warnings, [WARNING]);
    assert.equal(made.files[0]?.path, '/etc/pip.conf');
  });

  test('wins where /etc can’t be written: the variable is not set', () => {
    assert.deepEqual(configure(MIRROR, { configs: { userPip, pip: readOnly } }), {
      ...NOTHING,
      warnings: [WARNING],
    });
  });

  test('wins over an index with credentials', () => {
    assert.deepEqual(configure(SECRET, { configs: { userPip } }), { ...NOTHING, warnings: [WARNING] });
  });

  test('wins with an index for pip install alone', () => {
    const install = [makeConfig('/home/ada/.pip/pip.conf', '[install]\nindex_url: https://ada.example\n')];
    assert.deepEqual(configure(MIRROR, { configs: { userPip: install, pip: readOnly } }).env, {});
  });

  test('wins only with the same key', () => {
    const other = [makeConfig('/home/ada/.pip/pip.conf', '[global]\ntimeout = 60\n# index-url = x\n')];
    const made = configure(MIRROR, { configs: { userPip: other, pip: readOnly } });
    assert.deepEqual(made.warnings, []);
    assert.deepEqual(made.env, { PIP_CONFIG_FILE: '/run/lintel/pip.conf' });
  });

  test('that has certificates wins over ours', () => {
    const own = [makeConfig('/home/ada/.pip/pip.conf', '[global]\ncert = /home/ada/ca.pem\n')];
    const made = configure({}, { certificates: ONE_CERTIFICATE, configs: { userPip: own, pip: readOnly } });
    assert.deepEqual(made, { ...NOTHING, warnings: [WARNING] });
  });

  test('loses with LINTEL_ENFORCE=1', () => {
    assert.deepEqual(configure({ ...MIRROR, LINTEL_ENFORCE: '1' }, { configs: { userPip } }), {
      files: [{ path: '/run/lintel/pip.conf', text: OWN_FILE, mode: 0o644, owner: 'lintel' }],
      env: { PIP_CONFIG_FILE: '/run/lintel/pip.conf' },
      notes: ['index https://mirror.example/simple (PIP_CONFIG_FILE=/run/lintel/pip.conf)'],
      warnings: [],
    });
  });

  test('that can’t be read does not count', () => {
    const closed = [makeConfig('/home/ada/.pip/pip.conf', undefined, { trouble: 'permission denied' })];
    assert.deepEqual(configure(MIRROR, { configs: { userPip: closed, pip: readOnly } }).env, {
      PIP_CONFIG_FILE: '/run/lintel/pip.conf',
    });
  });
});

describe('when PIP_REPOSITORY is gone', () => {
  test('our part goes and the text before it comes back', () => {
    const before = '[global]\nindex-url = https://old.example\n';
    const ours = configure(MIRROR, { configs: { pip: makeConfig('/etc/pip.conf', before) } }).files[0]?.text;
    assert.deepEqual(configure({}, { configs: { pip: makeConfig('/etc/pip.conf', ours) } }), {
      files: [{ path: '/etc/pip.conf', text: before, mode: 0o644, owner: 'lintel' }],
      env: {},
      notes: ['settings of an earlier boot removed (/etc/pip.conf)'],
      warnings: [],
    });
  });

  test('a file that was all ours goes', () => {
    const made = configure({}, { configs: { pip: makeConfig('/etc/pip.conf', OWN_FILE) } });
    assert.deepEqual(made.files, [{ path: '/etc/pip.conf', text: undefined, mode: 0o644, owner: 'lintel' }]);
  });

  test('a file that can’t be written stays', () => {
    const config = makeConfig('/etc/pip.conf', OWN_FILE, READ_ONLY);
    assert.deepEqual(configure({}, { configs: { pip: config } }), NOTHING);
  });
});

test('a /etc/pip.conf that can’t be read is left alone, and that is said', () => {
  const pipConfig = makeConfig('/etc/pip.conf', undefined, { trouble: 'it is a directory' });
  for (const environment of [MIRROR, SECRET, { ...MIRROR, LINTEL_ENFORCE: '1' }]) {
    assert.deepEqual(configure(environment, { configs: { pip: pipConfig } }), {
      ...NOTHING,
      warnings: ["/etc/pip.conf can't be read (it is a directory): left alone"],
    });
  }
  assert.deepEqual(configure({}, { configs: { pip: pipConfig } }), NOTHING);
});
