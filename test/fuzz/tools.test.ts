import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parse as parseYaml } from 'yaml';
import { findIniTrouble, readIniValue } from '../../src/tools/ini.ts';
import { readJsonKeys, setJsonKeys } from '../../src/tools/json-keys.ts';
import {
  appendMarked,
  hasIniKey,
  prependMarked,
  removeMarked,
  setIniMarked,
} from '../../src/tools/marked.ts';
import { joinOptions } from '../../src/tools/options.ts';
import { hasYamlKey, setYamlMarked } from '../../src/tools/yaml.ts';
import { check, endInTime, textOf, tryLong } from './runs.ts';

/** Our own marks stand in no text of a user's that was not ours before. */
const isTheirs = (text: string) => !text.includes('# lintel:');
const pieces = [
  '[global]',
  '[install]',
  '[http]',
  '[',
  ']',
  'index-url',
  'index_url = ',
  'sslCAInfo',
  '=',
  ':',
  ' ',
  '\t',
  '\n',
  '\n\n',
  '\r\n',
  '#',
  ';',
  'https://old.example',
  '"',
  '\\',
];
const ini = textOf(pieces, 15).filter(isTheirs);

const PIP = (text: string) =>
  setIniMarked(text, {
    section: 'global',
    entries: { 'index-url': 'https://new.example' },
    hasIndentedValues: true,
    replacesEverywhere: true,
  });
const GIT = (text: string) =>
  setIniMarked(text, { section: 'http', entries: { sslCAInfo: '/new.pem' }, hasIndentedValues: false });
const NPM = (text: string) =>
  setIniMarked(text, {
    section: '',
    entries: { registry: 'https://new.example/' },
    hasIndentedValues: false,
  });
const END = (text: string) => appendMarked(text, ['[[index]]', 'url = "https://new.example"']);
const FRONT = (text: string) => prependMarked(text, ['. /run/lintel/env.sh']);

describe('our part in a text of others', () => {
  for (const [name, edit] of [
    ['pip', PIP],
    ['git', GIT],
    ['npm', NPM],
    ['at the end', END],
    ['in front', FRONT],
  ] as const) {
    test(`${name}: taken out it leaves every character of theirs, and put in twice it stands there once`, () =>
      check(
        fc.property(ini, text => {
          const once = edit(text);
          assert.equal(removeMarked(once), text);
          assert.equal(edit(removeMarked(once)), once);
        }),
        3,
      ));
  }

  test('is taken out of any text without losing a line that is not marked', () => {
    const marks = [
      '# lintel: begin (set at every boot; edits here are lost)',
      '# lintel: end',
      '# lintel: was ',
      '# lintel: begin',
      '\n',
      'theirs\n',
    ];
    check(
      fc.property(textOf(marks, 12), text => {
        const rest = removeMarked(text);
        assert.ok(rest.length <= text.length);
        // What stands before the first mark is nobody's but theirs.
        assert.ok(rest.startsWith((text.split('# lintel:', 1)[0] ?? '').replace(/\n$/, '')));
      }),
      2,
    );
    tryLong(
      marks.map(mark => `${mark}\n`),
      text => void removeMarked(text),
      20_000,
    );
  });

  test('takes no longer for a longer text than it has to', () => {
    for (const act of [
      PIP,
      GIT,
      findIniTrouble,
      (text: string) => readIniValue(text, 'global', 'index-url'),
      (text: string) => hasIniKey(text, 'http', 'sslCAInfo'),
    ])
      tryLong(['\n', ' ', '[', '[a]', 'a=', 'a ', '=', ' b\n'], text => void act(text), 20_000);
  });
});

describe('our keys in YAML', () => {
  const yaml = textOf(
    [
      'channels',
      'channels:\n',
      '  - a\n',
      ': ',
      '- ',
      'ssl_verify: true\n',
      '{',
      '}',
      '[',
      ']',
      ',',
      '|\n',
      '&a',
      '*a',
      '"',
      "'",
      '#',
      '\n',
      '---\n',
      '...\n',
      '? ',
      '!!str',
      '%YAML',
      '<<: ',
      '\t',
      'x: y\n',
    ],
    12,
  ).filter(isTheirs);
  const ENTRIES = { channels: ['https://new.example'], ssl_verify: '/new.pem' };

  test('stand there or are said to be impossible, and nothing else changes', () =>
    check(
      fc.property(yaml, text => {
        assert.equal(typeof hasYamlKey(text, 'channels'), 'boolean');
        const edited = setYamlMarked(text, ENTRIES);
        if ('trouble' in edited) return assert.notEqual(edited.trouble, '');
        assert.equal(removeMarked(edited.text), text);
        const { channels, ssl_verify } = parseYaml(edited.text, { logLevel: 'silent' });
        assert.deepEqual({ channels, ssl_verify }, ENTRIES);
        assert.deepEqual(setYamlMarked(removeMarked(edited.text), ENTRIES), edited);
      }),
      3,
    ));

  test('in a text that is nested, repeated or doubled without end are said to be impossible', () => {
    const laughs = Array.from(
      { length: 30 },
      (_, level) => `a${level}: &a${level} [${level === 0 ? 'x' : `*a${level - 1}, *a${level - 1}`}]\n`,
    );
    const texts = [
      '['.repeat(20_000),
      '{a: '.repeat(20_000),
      '- '.repeat(20_000),
      laughs.join(''),
      '&a [*a]',
      'a: &a\n  b: *a\n',
      '? '.repeat(20_000),
      '!'.repeat(20_000),
      '"'.repeat(20_001),
    ];
    for (const depth of [700, 6000]) {
      const nested = '['.repeat(depth) + ']'.repeat(depth);
      texts.push(`a: ${nested}\n`, `{a: ${nested}}`, `{channels: ${nested}}`);
    }
    for (const text of texts) endInTime(() => void setYamlMarked(text, ENTRIES), text.slice(0, 20));
  });
});

describe('our keys in JSON', () => {
  const json = textOf(
    [
      '{',
      '}',
      '"theme"',
      '"a"',
      ':',
      ',',
      '//',
      '/*',
      '*/',
      '\n',
      '  ',
      '1',
      'null',
      '[',
      ']',
      '"',
      '\\',
      '\r\n',
      '\t',
    ],
    14,
  );

  test('are set in every text that is an object, and every other key stays', () =>
    check(
      fc.property(json, fc.constantFrom('dark', undefined), (text, theme) => {
        const before = readJsonKeys(text, true);
        if (before === undefined) return;
        const after = readJsonKeys(setJsonKeys(text, { theme }), true);
        const { theme: _, ...others } = before;
        const { theme: found, ...rest } = after ?? {};
        assert.deepEqual({ found, rest }, { found: theme, rest: others });
      }),
      5,
    ));

  test('of any object come back', () =>
    check(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(8), (value, indent) => {
        // No key to the parser; see test/tools/json-keys.test.ts.
        const text = JSON.stringify(value, null, indent);
        if (text.includes('"__proto__"')) return;
        assert.deepEqual(readJsonKeys(setJsonKeys(text, { theme: 'dark' }), false), {
          ...JSON.parse(text),
          theme: 'dark',
        });
      }),
    ));

  test('of what is nested without end are none', () => {
    for (const text of ['['.repeat(50_000), '{"a":'.repeat(50_000), '{'.repeat(50_000), '/*'.repeat(50_000)])
      endInTime(() => assert.equal(readJsonKeys(text, true), undefined), text.slice(0, 10));
  });
});

test('options of a variable stay, and joined twice ours stand there once', () => {
  const ours = ['-Dhttp.proxyHost=a', '-Dx=1'];
  check(
    fc.property(
      textOf(['-Dhttp.proxyHost=', '-Dx=1', ' ', '"', "'", '-D', '=', 'a'], 8),
      fc.boolean(),
      (given, isEnforced) => {
        const once = joinOptions(given, ours, isEnforced);
        assert.ok(once.value.startsWith(given));
        assert.equal(joinOptions(once.value, ours, isEnforced).value, once.value);
      },
    ),
  );
});
