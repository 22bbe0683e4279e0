import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseCache, renderCache } from '../../src/launch/cache.ts';

const ID = 'a1b2c3';
const DATA = Buffer.from(Array.from({ length: 200 }, (_, index) => (index * 37) % 256));
const FILE = renderCache(ID, DATA);

describe('a code cache', () => {
  test('gives its data back', () => {
    assert.deepEqual(parseCache(ID, FILE), DATA);
    const empty = Buffer.alloc(0);
    assert.deepEqual(parseCache(ID, renderCache(ID, empty)), empty);
  });

  test('says in its first line what it is', () => {
    assert.match(
      FILE.toString('latin1'),
      new RegExp(`^lintel-cache 1 ${ID} ${process.version} ${process.arch} [0-9a-f]+\n`),
    );
  });

  test('of another build is refused', () => {
    assert.equal(parseCache('d4e5f6', FILE), undefined);
    assert.equal(parseCache('a1b2c', FILE), undefined);
    assert.equal(parseCache('', FILE), undefined);
  });

  for (const [what, from, to] of [
    ['another Node', process.version, 'v26.0.0'],
    ['another machine', process.arch, 'riscv64'],
    ['another form', 'lintel-cache 1', 'lintel-cache 2'],
  ] as const) {
    test(`of ${what} is refused`, () => {
      const other = Buffer.from(FILE.toString('latin1').replace(from, to), 'latin1');
      assert.notDeepEqual(other, FILE);
      assert.equal(parseCache(ID, other), undefined);
    });
  }

  test('with any one byte flipped is refused', () => {
    for (let index = 0; index < FILE.length; index++) {
      for (const mask of [0x01, 0x80, 0xff]) {
        const flipped = Buffer.from(FILE);
        flipped[index] = (flipped[index] ?? 0) ^ mask;
        assert.equal(parseCache(ID, flipped), undefined, `byte ${index}, mask ${mask}`);
      }
    }
  });

  test('cut short anywhere is refused', () => {
    for (let length = 0; length < FILE.length; length++)
      assert.equal(parseCache(ID, FILE.subarray(0, length)), undefined, `${length} bytes`);
  });

  test('with something behind it is refused', () => {
    assert.equal(parseCache(ID, Buffer.concat([FILE, Buffer.from([0])])), undefined);
  });

  test('that is none at all is refused', () => {
    assert.equal(parseCache(ID, Buffer.from('\n')), undefined);
    assert.equal(parseCache(ID, Buffer.alloc(10_000, 'x')), undefined);
    assert.equal(parseCache(ID, DATA), undefined);
  });
});
