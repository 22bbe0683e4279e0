import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { appendMarked, hasIniKey, removeMarked, setIniMarked } from '../../src/tools/marked.ts';
import { type Ini, readPipConf } from './ini.ts';

const BEGIN = '# lintel: begin (set at every boot; edits here are lost)';
const END = '# lintel: end';
const NEW = { 'index-url': 'https://new.example/simple', 'trusted-host': 'new.example' };

const PIP = (text: string) =>
  setIniMarked(text, { section: 'global', entries: NEW, hasIndentedValues: true, replacesEverywhere: true });
const GIT = (text: string) =>
  setIniMarked(text, { section: 'http', entries: { sslCAInfo: '/new.pem' }, hasIndentedValues: false });
const NPM = (text: string) =>
  setIniMarked(text, {
    section: '',
    entries: { registry: 'https://new.example/' },
    hasIndentedValues: false,
  });
const UV = (text: string) => appendMarked(text, ['[[index]]', 'url = "https://new.example"']);

/** What people write into pip.conf. */
const PIP_TEXTS: readonly string[] = [
  '',
  '\n',
  '# only a comment\n',
  '# only a comment',
  '[global]\n',
  '[global]',
  '[global]\n\n\n',
  '[global]\nindex-url = https://old.example\n',
  '[global]\nindex-url = https://old.example',
  '[global]\nindex-url=https://old.example\ntimeout = 60\n',
  '[global]\nindex_url : https://old.example\n; another comment\ntimeout: 60\n',
  '[global]\nIndex-URL = https://old.example\n',
  '[global] # with a comment\ntimeout = 60\n',
  '[install]\nno-cache-dir = true\n',
  '[install]\nno-cache-dir = true',
  '[install]\nindex-url = https://install.example\n\n[global]\ntimeout = 60\n\n[list]\nformat = columns\n',
  '[global]\ntrusted-host =\n    a.example\n    b.example\ntimeout = 60\n',
  '[global]\ntrusted-host =\n    a.example\n\n    b.example\ntimeout = 60\n',
  '[global]\ntrusted-host =\n    a.example\n    # the second\n    b.example\ntimeout = 60\n',
  '[global]\ntrusted-host =\n    a.example\n# the second, said at the margin\n    b.example\ntimeout = 60\n',
  '[global]\nextra-index-url =\n\thttps://a.example\n\thttps://b.example\n',
  '[global]\n  timeout = 60\n  index-url = https://old.example\n  retries = 2\n',
  '  [global]\n  timeout = 60\n',
  '[Global]\nindex-url = https://another-section.example\n',
  '[global]\r\nindex-url = https://old.example\r\ntimeout = 60\r\n',
  '[global]\r\ntimeout = 60',
];

const GIT_TEXTS: readonly string[] = [
  '',
  '[user]\n\tname = Ada\n',
  '[user]\n\tname = Ada',
  '[http]\n\tsslCAInfo = /old.pem\n\tproxy = http://proxy.example\n[core]\n\teditor = vi\n',
  '[HTTP]\n\tsslcainfo=/old.pem\n',
  '[http "https://git.example"]\n\tsslCAInfo = /special.pem\n',
  '[http]\n\tproxy = http://proxy.example\n[core]\n\teditor = vi\n[http]\n\tsslCAInfo = /old.pem\n',
  '[http]\n; sslCAInfo = /comment.pem\n# sslCAInfo = /comment.pem\n',
];

const NPM_TEXTS: readonly string[] = [
  '',
  'registry=https://old.example/\n',
  'registry = https://old.example/',
  '; comment\nfund=false\n//old.example/:_authToken=x\n@scope:registry=https://scope.example/\n',
  'fund=false\n[section]\nregistry=https://inner.example/\n',
];

const UV_TEXTS: readonly string[] = [
  '',
  'offline = false\n',
  'offline = false',
  '[pip]\nno-cache = true\r\n',
];

const FORMATS = [
  ['pip.conf', PIP, PIP_TEXTS],
  ['gitconfig', GIT, GIT_TEXTS],
  ['npmrc', NPM, NPM_TEXTS],
  ['uv.toml', UV, UV_TEXTS],
] as const;

for (const [name, set, texts] of FORMATS) {
  describe(`our part in ${name}`, () => {
    for (const text of texts) {
      const title = JSON.stringify(text);

      test(`taken out gives the text back: ${title}`, () => {
        const made = set(text);
        assert.ok(made !== undefined);
        assert.notEqual(made, text);
        assert.equal(removeMarked(made), text);
      });

      test(`taken out keeps what somebody wrote behind it: ${title}`, () => {
        const made = set(text) ?? '';
        const left = removeMarked(`${made}${made.endsWith('\n') ? '' : '\n'}# mine\n`);
        assert.ok(left.startsWith(text), left);
        assert.ok(left.endsWith('# mine\n'), left);
      });

      test(`put in a second time changes nothing: ${title}`, () => {
        const once = set(text);
        assert.equal(set(removeMarked(once ?? '')), once);
      });
    }
  });
}

describe('what pip reads', () => {
  for (const text of PIP_TEXTS) {
    test(`is our keys and otherwise what it read before: ${JSON.stringify(text)}`, () => {
      // pip asks [install] before [global], so a key of ours may stand nowhere else.
      const before = Object.entries(readPipConf(text)).map(([section, keys]) => [
        section,
        Object.fromEntries(Object.entries(keys).filter(([key]) => !(key in NEW))),
      ]);
      const rest: Ini = Object.fromEntries(before);
      assert.deepEqual(readPipConf(PIP(text)), { ...rest, global: { ...rest['global'], ...NEW } });
    });
  }
});

describe('text without our part', () => {
  for (const text of [
    ...PIP_TEXTS,
    ...GIT_TEXTS,
    '# lintel is a beam\n',
    ' # lintel: begin, indented by somebody\nkept\n',
    `${END}\nkept\n`,
  ]) {
    test(`comes back as it is: ${JSON.stringify(text)}`, () => assert.equal(removeMarked(text), text));
  }
});

describe('a text whose marks somebody has edited', () => {
  for (const [how, text] of [
    ['the end is gone', `[global]\n${BEGIN}\nindex-url = ours\n[install]\nkept = 1\n`],
    ['the end has a blank more', `[global]\n${BEGIN}\nindex-url = ours\n${END} \n[install]\nkept = 1\n`],
    [
      'its lines end in CRLF',
      `[global]\r\n${BEGIN}\r\nindex-url = ours\r\n${END}\r\n[install]\r\nkept = 1\r\n`,
    ],
    [
      'the second end is gone',
      `${BEGIN}\na = ours\n${END}\n[install]\nkept = 1\n${BEGIN}\nb = ours\n[list]\nkept = 2\n`,
    ],
  ] as const) {
    test(`loses nothing that is not ours: ${how}`, () => {
      const kept = text.split(/\r?\n/).filter(line => /^(\[(install|list)\]|kept.*)$/.test(line));
      const left = removeMarked(text).split(/\r?\n/);
      for (const line of kept) assert.ok(left.includes(line), `${line} is lost`);
    });
  }

  test('loses two parts of ours where it held two', () => {
    assert.equal(
      removeMarked(`a\n${BEGIN}\none\n${END}\nb\n${BEGIN}\ntwo\n${END}\n# lintel: was c\nd\n`),
      'a\nb\nc\nd\n',
    );
  });
});

describe('pip.conf', () => {
  test('gets our keys after the head of their section, and a key that they replace becomes a comment', () => {
    assert.equal(
      PIP('# mine\n[global]\ntimeout = 60\nindex-url = https://old.example\n\n[list]\nformat = columns\n'),
      [
        '# mine',
        '[global]',
        BEGIN,
        'index-url = https://new.example/simple',
        'trusted-host = new.example',
        END,
        'timeout = 60',
        '# lintel: was index-url = https://old.example',
        '',
        '[list]',
        'format = columns',
        '',
      ].join('\n'),
    );
  });

  test('gets the section too where it has none', () => {
    assert.equal(
      PIP('[list]\nformat = columns\n'),
      [
        '[list]',
        'format = columns',
        BEGIN,
        '[global]',
        'index-url = https://new.example/simple',
        'trusted-host = new.example',
        END,
        '',
      ].join('\n'),
    );
  });

  for (const [text, section, key, has] of [
    ['[global]\nindex-url = x\n', 'global', 'index-url', true],
    ['[global]\nINDEX_URL: x\n', 'global', 'index-url', true],
    ['[global]\n  index-url = x\n', 'global', 'index-url', true],
    ['[install]\nindex-url = x\n', 'global', 'index-url', false],
    ['[install]\nindex-url = x\n', 'install', 'index-url', true],
    ['[global]\n# index-url = x\n; index-url = x\n', 'global', 'index-url', false],
    ['[global]\nextra-index-url = x\n', 'global', 'index-url', false],
    ['index-url = x\n', 'global', 'index-url', false],
    [`[global]\n${BEGIN}\nindex-url = ours\n${END}\n`, 'global', 'index-url', false],
    [
      `[global]\n${BEGIN}\nindex-url = ours\n${END}\n# lintel: was index-url = x\n`,
      'global',
      'index-url',
      true,
    ],
    ['', 'global', 'index-url', false],
    // As git allows it.
    ['[http] sslCAInfo = x\n', 'http', 'sslCAInfo', true],
    ['[user] sslCAInfo = x\n', 'http', 'sslCAInfo', false],
  ] as const) {
    test(`${has ? 'has' : 'has not'} a ${section}.${key} of its own: ${JSON.stringify(text)}`, () =>
      assert.equal(hasIniKey(text, section, key), has));
  }
});

describe('gitconfig', () => {
  test('gets our key in the section of that name, not in one for a single host', () => {
    assert.equal(
      GIT(
        '[http "https://git.example"]\n\tsslCAInfo = /special.pem\n[http]\n\tsslCAInfo = /old.pem\n\tproxy = p\n',
      ),
      [
        '[http "https://git.example"]',
        '\tsslCAInfo = /special.pem',
        '[http]',
        BEGIN,
        'sslCAInfo = /new.pem',
        END,
        '# lintel: was \tsslCAInfo = /old.pem',
        '\tproxy = p',
        '',
      ].join('\n'),
    );
  });

  test('keeps no second section that would win over ours', () => {
    const text = GIT('[http]\n\tproxy = p\n[core]\n\teditor = vi\n[http]\n\tsslCAInfo = /old.pem\n');
    const values = text.split('\n').filter(line => /^\s*sslCAInfo/.test(line));
    assert.deepEqual(values, ['sslCAInfo = /new.pem']);
  });
});
