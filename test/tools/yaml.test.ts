import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { removeMarked } from '../../src/tools/marked.ts';
import { hasYamlKey, setYamlMarked } from '../../src/tools/yaml.ts';

const BEGIN = '# lintel: begin (set at every boot; edits here are lost)';
const END = '# lintel: end';
const ENTRIES = { channels: ['https://new.example', 'conda-forge'], ssl_verify: '/new.pem' };

/** The text with our part; fails where that can't be made. */
function set(text: string): string {
  const edited = setYamlMarked(text, ENTRIES);
  assert.ok('text' in edited, JSON.stringify(edited));
  return edited.text;
}

/** What people write into .condarc. */
const TEXTS: readonly string[] = [
  '',
  '\n',
  '# only a comment\n',
  '# only a comment',
  '---\n',
  '---\nauto_activate_base: false\n',
  'auto_activate_base: false',
  'channels:\n  - old\n',
  'channels:\n  - old',
  'channels:\n- at the margin\n- another\nauto_activate_base: false\n',
  'channels:\n  # indented comment\n  - old\n\n  - after a blank line\n# comment at the margin\n  - last\nssl_verify: true\n',
  'channels: [a, b] # why\nssl_verify: false\n',
  'channels: [\n  a,\n  b\n]\nauto_activate_base: false\n',
  'channels:\r\n  - old\r\nssl_verify: true\r\n',
  'channel_alias: https://alias.example\ncustom_channels:\n  channels: https://nested.example\n',
  'channels:\nssl_verify:\n',
  'channels: null\n',
  '"channels":\n  - a\n',
  "'channels': [a]\nx: 'y'\n",
  '{channels: [a]}\n',
  '{channels: [a], auto_activate_base: false, proxy_servers: {http: "http://p"}}',
  '  channels:\n    - a\n  auto_activate_base: false\n',
  '? channels\n: [a]\n',
  'channels: [a]\n...\n',
  '%YAML 1.2\n---\nchannels: [a]\n',
  'notes: |\n  # no comment\n  channels:\n    - text\nchannels:\n  - old\n',
  'channels: &mine [a]\nenvs_dirs: [/x]\n',
];

describe('our part in .condarc', () => {
  for (const text of TEXTS) {
    const title = JSON.stringify(text);

    test(`is what is read, and everything else is read as before: ${title}`, () => {
      assert.deepEqual(parse(set(text)), { ...parse(text), ...ENTRIES });
    });

    test(`taken out gives the text back: ${title}`, () => {
      assert.notEqual(set(text), text);
      assert.equal(removeMarked(set(text)), text);
    });

    test(`put in a second time changes nothing: ${title}`, () => {
      assert.equal(set(removeMarked(set(text))), set(text));
    });
  }

  test('in any text: the rest is read as before, and it comes out again', () => {
    const value = fc.oneof(
      fc.string(),
      fc.boolean(),
      fc.integer(),
      fc.constant(null),
      fc.array(fc.string({ maxLength: 5 }), { maxLength: 3 }),
      fc.dictionary(fc.string({ maxLength: 5 }), fc.string({ maxLength: 5 }), { maxKeys: 2 }),
    );
    const key = fc.oneof(
      fc.constantFrom('channels', 'ssl_verify', 'channel_alias'),
      fc.string({ minLength: 1 }),
    );
    const style = fc.record({
      collectionStyle: fc.constantFrom('block' as const, 'flow' as const, 'any' as const),
      indent: fc.integer({ min: 1, max: 6 }),
      indentSeq: fc.boolean(),
      defaultStringType: fc.constantFrom('PLAIN' as const, 'QUOTE_DOUBLE' as const, 'BLOCK_LITERAL' as const),
    });
    fc.assert(
      fc.property(fc.dictionary(key, value, { minKeys: 1 }), style, (data, options) => {
        const text = stringify(data, options);
        const edited = setYamlMarked(text, ENTRIES);
        if ('trouble' in edited) return;
        assert.deepEqual(parse(edited.text), { ...parse(text), ...ENTRIES });
        assert.equal(removeMarked(edited.text), text);
        assert.deepEqual(setYamlMarked(removeMarked(edited.text), ENTRIES), edited);
      }),
      { numRuns: 300 },
    );
  });
});

describe('.condarc', () => {
  test('in block style gets our keys at its end, and lines that they replace become comments', () => {
    assert.equal(
      set('channels:\n- one\n# note\n- two\nssl_verify: true # why\n# mine\nauto_activate_base: false\n'),
      [
        '# lintel: was channels:',
        '# lintel: was - one',
        '# lintel: was # note',
        '# lintel: was - two',
        '# lintel: was ssl_verify: true # why',
        '# mine',
        'auto_activate_base: false',
        BEGIN,
        'channels:',
        '  - "https://new.example"',
        '  - "conda-forge"',
        'ssl_verify: "/new.pem"',
        END,
        '',
      ].join('\n'),
    );
  });

  test('in flow style stays in it, with comments and order', () => {
    assert.equal(
      set('# mine\n{auto_activate_base: false, channels: [a]}\n'),
      [
        '# lintel: was # mine',
        '# lintel: was {auto_activate_base: false, channels: [a]}',
        BEGIN,
        '# mine',
        '{ auto_activate_base: false, channels: [ https://new.example, conda-forge ], ssl_verify: /new.pem }',
        END,
        '',
      ].join('\n'),
    );
  });

  test('gets a flag for conda behind each key', () => {
    assert.deepEqual(setYamlMarked('', { channels: ['a'], ssl_verify: '/x' }, '#!final'), {
      text: `${BEGIN}\nchannels: #!final\n  - "a"\nssl_verify: "/x" #!final\n${END}\n`,
    });
  });

  for (const [text, trouble] of [
    ['channels:\n  - a\n b: [\n', 'line 3: All mapping items must start at the same column'],
    [
      'channels: [a\n',
      'line 2: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['a: 1\na: 2\n', 'line 2: Map keys must be unique'],
    ['a: 1\n---\nb: 2\n', 'it holds more than one document'],
    ['- a\n- b\n', 'it holds no keys with values'],
    ['just words\n', 'it holds no keys with values'],
    ['\v', 'it holds no keys with values'],
    [
      'channels: &mine [a]\ndefault_channels: *mine\n',
      "channels, ssl_verify can't be replaced in it without a change of the rest",
    ],
    ['a: &a\n  b: *a\n', 'it holds itself, or is nested too deep'],
    ['['.repeat(10_000), 'it is nested too deep'],
  ] as const) {
    test(`is left alone, and why is said: ${JSON.stringify(text.slice(0, 40))}`, () => {
      assert.deepEqual(setYamlMarked(text, ENTRIES), { trouble });
    });
  }

  for (const [text, has] of [
    ['channels:\n  - a\n', true],
    ['channels: [a]\n', true],
    ['channels :\n  - a\n', true],
    ['{ "channels": [a] }\n', true],
    ['# channels:\n', false],
    ['custom:\n  channels: [a]\n', false],
    ['default_channels:\n', false],
    ['channels: [broken\n', true],
    ['', false],
    [`${BEGIN}\nchannels:\n${END}\n`, false],
    [`${BEGIN}\nchannels:\n${END}\n# lintel: was channels:\n`, true],
  ] as const) {
    test(`${has ? 'has' : 'has not'} channels of its own: ${JSON.stringify(text)}`, () =>
      assert.equal(hasYamlKey(text, 'channels'), has));
  }
});
