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
const VARIABLE = {
  files: [],
  env: { PIP_INDEX_URL: 'https://mirror.example/simple' },
  notes: ['index https://mirror.example/simple (PIP_INDEX_URL)'],
  warnings: [],
};

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

  test('keeps a value of several lines together when it gives way, and trusts whom the image trusts', () => {
    const config = makeConfig('/etc/pip.conf', '[global]\ntrusted-host =\n  a.example\n  b.example\n');
    const made = configure({ PIP_REPOSITORY: 'http://mirror.example' }, { configs: { pip: config } });
    assert.equal(
      made.files[0]?.text,
      `[global]
# lintel: begin (set at every boot; edits here are lost)
index-url = http://mirror.example
trusted-host = mirror.example a.example b.example
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

  test('gives way nowhere to an image that names an index for pip install alone', () => {
    const config = makeConfig('/etc/pip.conf', '[install]\nindex-url = https://old.example\nuser = no\n');
    assert.equal(
      configure(MIRROR, { configs: { pip: config } }).files[0]?.text,
      `[install]\n# lintel: was index-url = https://old.example\nuser = no\n${OWN_FILE}`,
    );
  });

  test('gets the index by a variable where /etc can’t be written, since PIP_CONFIG_FILE would hide the user’s file', () => {
    const config = makeConfig('/etc/pip.conf', undefined, READ_ONLY);
    assert.deepEqual(configure(MIRROR, { configs: { pip: config } }), VARIABLE);
    assert.deepEqual(
      configure({ PIP_REPOSITORY: 'http://mirror.example' }, { configs: { pip: config } }).env,
      { PIP_INDEX_URL: 'http://mirror.example', PIP_TRUSTED_HOST: 'mirror.example' },
    );
  });

  for (const [text, trouble] of [
    ['index-url = x\n', 'line 1: no [section] above it'],
    ['[global]\ntimeout = 1\n[global]\n', 'line 3: a second [global]'],
    ['[global]\ntimeout = 1\nTimeout = 2\n', 'line 3: a second timeout in [global]'],
    ['[global]\nwords\n', 'line 2: neither a [section] nor "key = value"'],
  ] as const) {
    test(`gets the index by a variable where it can’t read /etc/pip.conf, which is left alone: ${JSON.stringify(text)}`, () => {
      assert.deepEqual(configure(MIRROR, { configs: { pip: makeConfig('/etc/pip.conf', text) } }), {
        ...VARIABLE,
        warnings: [`/etc/pip.conf is left alone: ${trouble}`],
      });
    });
  }

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
  test('stands in no file that others can read, and in no note', () => {
    assert.deepEqual(configure(SECRET), {
      files: [],
      env: { PIP_INDEX_URL: SECRET.PIP_REPOSITORY },
      notes: ['index https://***@mirror.example/simple (PIP_INDEX_URL)'],
      warnings: [],
    });
  });

  test('takes our part of an earlier boot out of /etc/pip.conf', () => {
    const config = makeConfig('/etc/pip.conf', `[list]\nformat = columns\n${OWN_FILE}`);
    assert.deepEqual(configure(SECRET, { configs: { pip: config } }).files, [
      { path: '/etc/pip.conf', text: '[list]\nformat = columns\n', mode: 0o644, owner: 'lintel' },
    ]);
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
  const WARNING = '/home/ada/.pip/pip.conf has index-url of its own, which wins';
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

  test('wins over an index with credentials, and over plain http’s trusted host', () => {
    assert.deepEqual(configure(SECRET, { configs: { userPip } }), { ...NOTHING, warnings: [WARNING] });
    const http = configure(
      { PIP_REPOSITORY: 'http://mirror.example' },
      { configs: { userPip, pip: readOnly } },
    );
    assert.deepEqual(http.env, {});
  });

  test('wins with its own key alone: the other goes by its variable', () => {
    const made = configure(MIRROR, { certificates: ONE_CERTIFICATE, configs: { userPip, pip: readOnly } });
    assert.deepEqual(made.env, { PIP_CERT: '/run/lintel/ca-bundle.pem' });
    assert.deepEqual(made.notes, ['certificates (PIP_CERT)']);
  });

  test('wins with an index for pip install alone', () => {
    const install = [makeConfig('/home/ada/.pip/pip.conf', '[install]\nindex_url: https://ada.example\n')];
    assert.deepEqual(configure(MIRROR, { configs: { userPip: install, pip: readOnly } }).env, {});
  });

  test('wins only with the same key', () => {
    const other = [makeConfig('/home/ada/.pip/pip.conf', '[global]\ntimeout = 60\n# index-url = x\n')];
    const made = configure(MIRROR, { configs: { userPip: other, pip: readOnly } });
    assert.deepEqual(made, VARIABLE);
  });

  test('that has certificates wins over ours', () => {
    const own = [makeConfig('/home/ada/.pip/pip.conf', '[global]\ncert = /home/ada/ca.pem\n')];
    const made = configure({}, { certificates: ONE_CERTIFICATE, configs: { userPip: own, pip: readOnly } });
    assert.deepEqual(made, {
      ...NOTHING,
      warnings: ['/home/ada/.pip/pip.conf has cert of its own, which wins'],
    });
  });

  test('loses with LINTEL_ENFORCE=1, also for pip install alone: pip asks variables first', () => {
    assert.deepEqual(configure({ ...MIRROR, LINTEL_ENFORCE: '1' }, { configs: { userPip } }), VARIABLE);
  });

  test('that can’t be read does not count', () => {
    const closed = [makeConfig('/home/ada/.pip/pip.conf', undefined, { trouble: 'permission denied' })];
    assert.deepEqual(configure(MIRROR, { configs: { userPip: closed, pip: readOnly } }), VARIABLE);
  });

  test('counts also where it is no UTF-8', () => {
    const text = '[global]\n# caf\xe9\nindex-url = https://ada.example\n';
    const old = [makeConfig('/home/ada/.pip/pip.conf', text, { trouble: 'it is not UTF-8 text' })];
    assert.deepEqual(configure(MIRROR, { configs: { userPip: old, pip: readOnly } }).env, {});
  });
});

describe('when PIP_REPOSITORY is gone', () => {
  test('our part goes and the text before it comes back', () => {
    const before = '[global]\nindex-url = https://old.example\n';
    const ours = configure(MIRROR, { configs: { pip: makeConfig('/etc/pip.conf', before) } }).files[0]?.text;
    assert.deepEqual(configure({}, { configs: { pip: makeConfig('/etc/pip.conf', ours) } }), {
      files: [{ path: '/etc/pip.conf', text: before, mode: 0o644, owner: 'lintel' }],
      env: {},
      notes: ['what Lintel had set is removed (/etc/pip.conf)'],
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

test('a /etc/pip.conf that can’t be read or would lose bytes is left alone, that is said, and the variable is set', () => {
  for (const config of [
    makeConfig('/etc/pip.conf', undefined, { trouble: 'it is a directory' }),
    makeConfig('/etc/pip.conf', OWN_FILE, { trouble: 'it is not UTF-8 text' }),
  ]) {
    assert.deepEqual(configure(MIRROR, { configs: { pip: config } }), {
      ...VARIABLE,
      warnings: [`/etc/pip.conf is left alone: ${config.trouble}`],
    });
    assert.deepEqual(configure({}, { configs: { pip: config } }), NOTHING);
  }
});

test('a variable of pip’s that the container has wins over the file, and agrees where it says the same', () => {
  const made = pip.configure(makeSettings(MIRROR), makeFacts());
  assert.deepEqual(made?.rivals, { PIP_INDEX_URL: 'https://mirror.example/simple' });
});
