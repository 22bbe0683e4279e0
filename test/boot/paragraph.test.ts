import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cutMiddle, renderParagraph } from '../../src/boot/paragraph.ts';
import type { Particulars } from '../../src/errors.ts';

/** Kubernetes' own limit is 4096 bytes for a container, and 12 KiB for all of a pod. */
const MOST_BYTES = 3072;
const render = (particulars?: Particulars, reason = 'it broke') =>
  renderParagraph({ code: 3, reason, particulars });
const count = (many: number, what: string) => Array.from({ length: many }, (_, at) => `${what} ${at + 1}`);

describe('the paragraph of an end', () => {
  test('that was wanted is its one sentence', () => {
    assert.equal(render(undefined, 'asked to stop by SIGTERM'), 'asked to stop by SIGTERM');
  });

  test('has what is known, what to do, and last what was said', () => {
    const particulars = {
      facts: ['it ran for 3.0 s'],
      lastWords: [
        { whose: 'its', lines: ['one', 'two'] },
        { whose: 'db’s', lines: [] },
      ],
      advice: 'mend it',
    };
    assert.equal(
      render(particulars),
      `ended with exit code 3: it broke
  it ran for 3.0 s
  what to do: mend it
  its last lines:
    | one
    | two`,
    );
  });

  test('stays below the limit, and keeps the first and the last of what was said', () => {
    const lastWords = [{ whose: 'its', lines: count(200, 'a line that is a little longer, number') }];
    const text = render({ facts: ['it ran for 3.0 s'], lastWords, advice: 'mend it' });
    assert.ok(Buffer.byteLength(text) <= MOST_BYTES, text);
    assert.ok(Buffer.byteLength(text) > MOST_BYTES - 200, text);
    assert.match(text, /^ {4}\| a line .* 1$/m);
    assert.match(text, /^ {4}… \d+ lines left out$/m);
    assert.match(text, /number 200$/);
  });

  test('names as many problems as fit, and leaves room for last words', () => {
    const lines = count(3, 'words');
    const text = render({
      facts: count(90, 'Cannot use VARIABLE, expected something else, number'),
      lastWords: [{ whose: 'its', lines }],
    });
    assert.ok(Buffer.byteLength(text) <= MOST_BYTES, text);
    const [, more = ''] = /^ {2}… and (\d+) more, which the log tells$/m.exec(text) ?? [];
    assert.equal(text.match(/^ {2}Cannot use/gm)?.length, 90 - Number(more));
    assert.ok(text.endsWith('    | words 1\n    | words 2\n    | words 3'), text);
  });

  test('divides the room among all who said something', () => {
    const lastWords = ['one', 'two', 'three'].map(whose => ({ whose, lines: count(100, `${whose} says`) }));
    const text = render({ lastWords });
    assert.ok(Buffer.byteLength(text) <= MOST_BYTES, text);
    for (const { whose } of lastWords) assert.match(text, new RegExp(`${whose} says 100$`, 'm'));
  });

  test('holds nothing that a terminal would obey', () => {
    const odd = 'red \x1b[31m bell \x07 back \u202e new\nline';
    const text = render({ facts: [odd], lastWords: [{ whose: 'its', lines: [odd] }], advice: odd }, odd);
    const safe = 'red \\x1b[31m bell \\x07 back \\u202e new\\x0aline';
    assert.equal(
      text,
      `ended with exit code 3: ${safe}\n  ${safe}\n  what to do: ${safe}\n  its last lines:\n    | ${safe}`,
    );
  });
});

describe('a text that is too long', () => {
  for (const character of ['a', 'é', '→', '😀']) {
    test(`is cut between whole characters, as ${character}`, () => {
      for (let most = 20; most < 40; most++) {
        const cut = cutMiddle(character.repeat(100), most);
        assert.ok(Buffer.byteLength(cut) <= most, cut);
        assert.match(cut, new RegExp(`^(${character})+ … (${character})+$`, 'u'));
      }
    });
  }

  test('stays as it is where it fits', () => {
    assert.equal(cutMiddle('→→', 6), '→→');
  });
});
