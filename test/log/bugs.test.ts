import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeBugs } from '../../src/log/bugs.ts';

function collect(): { readonly said: string[]; readonly bug: (error: unknown) => void } {
  const said: string[] = [];
  return { said, bug: makeBugs(sentence => said.push(sentence)) };
}

describe('a bug of Lintel’s own', () => {
  test('is said with its stack once, and then by powers of ten, whatever its message', () => {
    const { said, bug } = collect();
    for (let count = 1; count <= 1000; count++) bug(makeError(count));
    assert.equal(said.length, 4);
    assert.match(said[0] ?? '', /^Bug in Lintel: Error: number 1\n {4}at makeError /);
    assert.deepEqual(said.slice(1), [
      'Bug in Lintel: Error: number 10 (10 times from the same place)',
      'Bug in Lintel: Error: number 100 (100 times from the same place)',
      'Bug in Lintel: Error: number 1000 (1000 times from the same place)',
    ]);
  });

  test('is told apart from others by its place, up to a limit', () => {
    const { said, bug } = collect();
    bug(makeError(1));
    bug(new Error('elsewhere'));
    for (let count = 0; count < 1000; count++) bug(`no error ${count}`);
    assert.equal(said.length, 51);
    assert.equal(said[2], 'Bug in Lintel: no error 0');
    assert.equal(said.at(-1), 'Bug in Lintel: there are more of them, which are not told any more');
  });

  test('is no longer than somebody may want to read', () => {
    const { said, bug } = collect();
    bug('x'.repeat(1e6));
    assert.equal(said[0]?.length, 'Bug in Lintel: '.length + 4000);
  });
});

function makeError(count: number): Error {
  return new Error(`number ${count}`);
}
