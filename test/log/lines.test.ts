import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as lines from '../../src/log/lines.ts';

const LIMIT = 256 * 1024;

/** A cutter whose lines are text, one character a byte. */
function makeLineCutter() {
  const cutter = lines.makeLineCutter();
  const collect = (act: (emit: (whole: Buffer) => void) => void) => {
    let text = '';
    act(whole => {
      text += whole.toString('latin1');
    });
    return text;
  };
  return {
    push: (data: Buffer) => collect(emit => cutter.push(data, emit)),
    end: () => collect(emit => cutter.end(emit)),
  };
}

/** What comes out, piece by piece, and at the end. */
function cut(pieces: readonly (string | Uint8Array)[]): string[] {
  const cutter = makeLineCutter();
  return [...pieces.map(piece => cutter.push(Buffer.from(piece))), cutter.end()];
}

describe('lines', () => {
  for (const [what, pieces, whole] of [
    ['come out whole', ['one\ntwo\n'], ['one\ntwo\n', '']],
    ['wait until they are whole', ['on', 'e\ntw', 'o\n'], ['', 'one\n', 'two\n', '']],
    ['may be empty', ['\n\n'], ['\n\n', '']],
    ['get a newline at the end that they lacked', ['one\ntwo'], ['one\n', 'two\n']],
    ['are none where nothing came', ['', ''], ['', '', '']],
    ['keep a carriage return', ['one\r\ntwo\r', '\n'], ['one\r\n', 'two\r\n', '']],
  ] as const) {
    test(what, () => assert.deepEqual(cut(pieces), whole));
  }

  test('keep every byte, also one of a character that came in two pieces', () => {
    const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const all = cut([every.subarray(0, 100), every.subarray(100), Buffer.from('€').subarray(0, 2)]).join('');
    assert.deepEqual(
      Buffer.from(all, 'latin1'),
      Buffer.concat([every, Buffer.from('€').subarray(0, 2), Buffer.from('\n')]),
    );
  });

  test('may be reused after the end', () => {
    const cutter = makeLineCutter();
    cutter.push(Buffer.from('one'));
    assert.equal(cutter.end(), 'one\n');
    assert.equal(cutter.end(), '');
    assert.equal(cutter.push(Buffer.from('two\n')), 'two\n');
  });
});

describe('a line without end', () => {
  test('is passed on in pieces, so that it can’t fill memory', () => {
    const cutter = makeLineCutter();
    const piece = Buffer.alloc(64 * 1024, 'x');
    let out = '';
    for (let count = 0; count < 64; count++) {
      const whole = cutter.push(piece);
      assert.ok(whole.length <= LIMIT + piece.length);
      out += whole;
    }
    out += cutter.end();
    assert.equal(out.replaceAll('\n', '').length, 64 * piece.length);
    assert.ok(out.split('\n').every(line => line.length <= LIMIT + piece.length));
  });

  test('loses nothing of the lines before and after it', () => {
    const long = 'x'.repeat(LIMIT);
    const all = cut([`before\n${long}`, 'rest\nafter\n']).join('');
    assert.equal(all.replace(long, 'LONG'), 'before\nLONG\nrest\nafter\n');
  });

  for (const character of ['é', '€', '😀']) {
    for (let part = 1; part < Buffer.byteLength(character); part++) {
      test(`is not cut within a character: ${character} after ${part} of its bytes`, () => {
        const bytes = Buffer.from(character);
        const first = Buffer.concat([Buffer.alloc(LIMIT, 'x'), bytes.subarray(0, part)]);
        assert.deepEqual(
          cut([first, bytes.subarray(part), '\n', 'more\n']).map(piece => piece.replace(/x+/, 'LONG')),
          ['LONG\n', '', `${bytes.toString('latin1')}\n`, 'more\n', ''],
        );
      });
    }
  }

  test('is cut although its last bytes are no character', () => {
    const odd = Buffer.concat([Buffer.alloc(LIMIT, 'x'), Buffer.of(0x80, 0x80, 0x80, 0x80)]);
    assert.deepEqual(
      cut([odd]).map(({ length }) => length),
      [LIMIT + 5, 0],
    );
  });

  test('of just a piece’s length brings no empty line', () => {
    const long = 'x'.repeat(LIMIT);
    const short = (pieces: readonly string[]) => cut(pieces).join('').replace(long, 'LONG');
    assert.equal(short([long, '\nafter\n']), 'LONG\nafter\n');
    assert.equal(short([long, '', '\n', '\nafter\n']), 'LONG\n\nafter\n');
    assert.equal(short([long, '\nafter\n', '\nlast\n']), 'LONG\nafter\n\nlast\n');
  });
});
