import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { escapeColoured, escapeLine, renderJson } from '../src/printable.ts';

describe('what others wrote', () => {
  for (const [what, text, line, coloured] of [
    ['plain', 'a\tb é 漢 😀', 'a\tb é 漢 😀', 'a\tb é 漢 😀'],
    ['colours', '\x1b[1;31mred\x1b[0m', '\\x1b[1;31mred\\x1b[0m', '\x1b[1;31mred\x1b[0m\x1b[0m'],
    ['true colours', '\x1b[38:2:1:2:3mx', '\\x1b[38:2:1:2:3mx', '\x1b[38:2:1:2:3mx\x1b[0m'],
    ['a cursor that moves', '\x1b[2Jx\x1b[H', '\\x1b[2Jx\\x1b[H', '\\x1b[2Jx\\x1b[H'],
    ['a title', '\x1b]0;evil\x07', '\\x1b]0;evil\\x07', '\\x1b]0;evil\\x07'],
    ['a question among colours', '\x1b[31m\x1b[6n', '\\x1b[31m\\x1b[6n', '\x1b[31m\\x1b[6n\x1b[0m'],
    ['eight-bit controls', '\x9b2J', '\\x9b2J', '\\x9b2J'],
    ['new lines', 'a\r\nb', 'a\\x0d\\x0ab', 'a\\x0d\\x0ab'],
    ['another direction', 'a\u202eb\u2066', 'a\\u202eb\\u2066', 'a\\u202eb\\u2066'],
    ['delete', '\x7f', '\\x7f', '\\x7f'],
  ] as const) {
    test(`is harmless for a terminal: ${what}`, () => {
      assert.equal(escapeLine(text), line);
      assert.equal(escapeColoured(text), coloured);
    });
  }

  test('is harmless as JSON too, and still says the same', () => {
    const value = { text: 'a\x9b\u202e\x1b[2J\n', list: [1] };
    const json = renderJson(value, 2);
    assert.equal(json, '{\n  "text": "a\\u009b\\u202e\\u001b[2J\\n",\n  "list": [\n    1\n  ]\n}');
    assert.deepEqual(JSON.parse(json), value);
  });
});
