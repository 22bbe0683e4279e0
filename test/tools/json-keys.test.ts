import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readJsonKeys, setJsonKeys } from '../../src/tools/json-keys.ts';

describe('a key of a JSON file that others write too', () => {
  for (const [what, text, expected] of [
    ['in no file', '', '{\n    "theme": "dark"\n}\n'],
    ['in an empty object', '{}\n', '{\n    "theme": "dark"\n}\n'],
    ['beside others', '{\n  "a": 1\n}\n', '{\n  "a": 1,\n  "theme": "dark"\n}\n'],
    [
      'beside comments',
      '{\n\t// mine\n\t"a": 1, // too\n}\n',
      '{\n\t// mine\n\t"a": 1,\n\t"theme": "dark", // too\n}\n',
    ],
    ['in place of another value', '{"theme": "light", "a": [1]}', '{"theme": "dark", "a": [1]}'],
  ] as const) {
    test(`is set ${what}`, () => {
      const made = setJsonKeys(text, { theme: 'dark' });
      assert.equal(made, expected);
      assert.equal(readJsonKeys(made, true)?.['theme'], 'dark');
    });
  }

  test('is there only where it stands there itself', () => {
    const keys = readJsonKeys('{"__proto__": {"theme": "dark"}, "a": 1}', true);
    assert.equal(keys?.['theme'], undefined);
    assert.equal(keys?.['a'], 1);
  });

  test('is taken out, and nothing else is', () => {
    const text = '{\n  // mine\n  "a": 1,\n  "theme": "dark"\n}\n';
    assert.equal(setJsonKeys(text, { theme: undefined }), '{\n  // mine\n  "a": 1\n}\n');
  });

  for (const text of ['{', '[]', 'null', '"a"', '{"a": 1', '{"a": }', 'root:x:0:0', '['.repeat(50_000)]) {
    test(`is none in ${JSON.stringify(text.slice(0, 40))}`, () =>
      assert.equal(readJsonKeys(text, true), undefined));
  }

  test('may stand beside comments and behind a comma only where the program reads them', () => {
    assert.deepEqual(readJsonKeys('{"a": 1, /* b */}', true), { a: 1 });
    assert.equal(readJsonKeys('{"a": 1, /* b */}', false), undefined);
  });
});
