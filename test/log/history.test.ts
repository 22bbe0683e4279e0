import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HistoryLine } from '../../src/log/history.ts';
import * as real from '../../src/log/history.ts';

/** What is kept of each source at least, and no more than twice as much: bytes, and pieces in which they came. */
const KEPT_BYTES = 64 * 1024;
const KEPT_CHUNKS = 1000;
const FAR = Number.MAX_SAFE_INTEGER;

/** A history that is told text. */
function makeHistory() {
  const history = real.makeHistory();
  return {
    ...history,
    add: (source: string, stream: real.Stream, text: string) =>
      history.add(source, stream, Buffer.from(text)),
    addBytes: history.add,
  };
}

const numbers = (count: number, from = 1) => Array.from({ length: count }, (_, n) => n + from);
const texts = (lines: Iterable<HistoryLine>) => [...lines].map(({ text }) => text);

describe('the history', () => {
  test('gives back lines with their source and stream, in the order in which they came', () => {
    const history = makeHistory();
    history.add('web', 'stdout', 'one\ntwo\n');
    history.add('db', 'stderr', 'three\n');
    history.add('web', 'stderr', '\n');
    const lines = [...history.read({ lines: FAR })];
    assert.deepEqual(
      lines.map(({ source, stream, text }) => [source, stream, text]),
      [
        ['web', 'stdout', 'one'],
        ['web', 'stdout', 'two'],
        ['db', 'stderr', 'three'],
        ['web', 'stderr', ''],
      ],
    );
    for (const { timeMs } of lines) assert.ok(Math.abs(timeMs - Date.now()) < 60_000, `${timeMs}`);
  });

  for (const [what, wanted, expected] of [
    ['the last lines of all', { lines: 2 }, ['b1', 'a2']],
    ['the last lines of some', { lines: 2, sources: ['a', 'c'] }, ['c1', 'a2']],
    ['all lines where there are no more', { lines: 9, sources: ['b'] }, ['b1']],
    ['no line where none is wanted', { lines: 0 }, []],
    ['no line of a source that has said nothing', { lines: 9, sources: ['d'] }, []],
  ] as const) {
    test(`gives ${what}`, () => {
      const history = makeHistory();
      for (const text of ['a1', 'c1', 'b1', 'a2']) history.add(text.charAt(0), 'stdout', `${text}\n`);
      assert.deepEqual(texts(history.read(wanted)), expected);
    });
  }

  test('takes one CR before the newline for a part of the line’s end', () => {
    const history = makeHistory();
    const mark = history.mark('sshd');
    history.add('sshd', 'stderr', 'listening\r\n\r\n50 %\r100 %\r\r\nend\n');
    assert.deepEqual(texts(history.read({ lines: FAR })), ['listening', '', '50 %\r100 %\r', 'end']);
    assert.equal(history.tail('sshd', mark, 100), 'listening\n\n50 %\r100 %\r\nend\n');
  });

  test('shows bytes that are no UTF-8 as U+FFFD, and all others as they are', () => {
    const history = makeHistory();
    history.add('web', 'stdout', 'Zoë → 東京\n');
    history.addBytes('web', 'stdout', Buffer.from('\xff\0\n', 'latin1'));
    assert.deepEqual(texts(history.read({ lines: FAR })), ['Zoë → 東京', '\ufffd\0']);
  });

  test('gives what was said when it was asked, whatever is said while it is taken', () => {
    const history = makeHistory();
    history.add('web', 'stdout', 'one\n\ntwo\n');
    history.add('db', 'stdout', 'three\n');
    const lines = history.read({ lines: 3 });
    for (const n of numbers(9)) history.add('web', 'stdout', `${'x'.repeat(KEPT_BYTES / 2)}${n}\n`);
    assert.deepEqual(texts(lines), ['', 'two', 'three']);
    assert.deepEqual(history.sources(), ['web', 'db']);
  });

  test('keeps what was said, whatever becomes of the bytes that said it', () => {
    const history = makeHistory();
    const bytes = Buffer.from('one\n');
    history.addBytes('web', 'stdout', bytes);
    bytes.fill('x');
    assert.deepEqual(texts(history.read({ lines: FAR })), ['one']);
  });

  test('keeps the last lines that fit, whole', () => {
    const history = makeHistory();
    const line = (n: number) => `${n} ${'x'.repeat(99)}`;
    for (const n of numbers(100))
      history.add(
        'web',
        'stdout',
        `${numbers(50, n * 50)
          .map(line)
          .join('\n')}\n`,
      );
    const kept = texts(history.read({ lines: FAR }));
    const size = kept.join('\n').length;
    assert.ok(size <= 2 * KEPT_BYTES && size > KEPT_BYTES / 2, `${size} bytes`);
    assert.deepEqual(kept, numbers(kept.length, 5050 - kept.length).map(line));
  });

  test('keeps so many pieces at most', () => {
    const history = makeHistory();
    for (const n of numbers(5 * KEPT_CHUNKS)) history.add('web', 'stdout', `${n}\n`);
    const kept = texts(history.read({ lines: FAR }));
    assert.ok(kept.length >= KEPT_CHUNKS && kept.length <= 2 * KEPT_CHUNKS, `${kept.length} pieces`);
    assert.deepEqual(kept, numbers(kept.length, 5 * KEPT_CHUNKS + 1 - kept.length).map(String));
  });

  test('keeps the end of what is too long at once: whole lines, or the end of a single one', () => {
    const history = makeHistory();
    const long = `${'a'.repeat(KEPT_BYTES)}END`;
    history.add('web', 'stdout', `${long}\nlast\n`);
    assert.deepEqual(texts(history.read({ lines: FAR })), ['last']);
    history.add('web', 'stdout', `${long}\n`);
    const [kept = ''] = texts(history.read({ lines: 1 }));
    assert.equal(kept, long.slice(-(KEPT_BYTES - 1)));
  });

  test('lets nobody who floods take anything from the others', () => {
    const history = makeHistory();
    history.add('quiet', 'stdout', 'here\n');
    for (const n of numbers(100)) history.add('loud', 'stdout', `${'x'.repeat(KEPT_BYTES / 2)}${n}\n`);
    assert.deepEqual(texts(history.read({ lines: FAR, sources: ['quiet'] })), ['here']);
    const loud = [...history.read({ lines: FAR, sources: ['loud'] })];
    assert.ok(loud.length <= 4 && loud.at(-1)?.text.endsWith('x100'), `${loud.length} lines`);
  });
});

describe('the end of what a source has said', () => {
  test('since a mark', () => {
    const history = makeHistory();
    history.add('web', 'stdout', 'old\n');
    const mark = history.mark('web');
    assert.equal(history.tail('web', mark, 100), '');
    history.add('web', 'stdout', 'new\n');
    history.add('db', 'stdout', 'other\n');
    history.add('web', 'stderr', 'newer\n');
    assert.equal(history.tail('web', mark, 100), 'new\nnewer\n');
    assert.equal(history.tail('web', 0, 100), 'old\nnew\nnewer\n');
  });

  test('is as long as is wanted at most', () => {
    const history = makeHistory();
    history.add('web', 'stdout', 'one\ntwo\n');
    history.add('web', 'stdout', 'three\n');
    assert.equal(history.tail('web', 0, 8), 'o\nthree\n');
    assert.equal(history.tail('web', 0, 0), '');
  });

  test('is nothing for who has said nothing', () => {
    const history = makeHistory();
    assert.equal(history.mark('web'), 0);
    assert.equal(history.tail('web', 0, 100), '');
  });

  test('never holds what was said before the mark, however little was kept since', () => {
    const history = makeHistory();
    history.add('web', 'stdout', 'of an earlier life\n');
    const mark = history.mark('web');
    history.add('web', 'stdout', `${'x'.repeat(2 * KEPT_BYTES)}\nlast\n`);
    assert.equal(history.tail('web', mark, 4096), 'last\n');
  });

  test('is there after a flood, too', () => {
    const history = makeHistory();
    const mark = history.mark('web');
    for (const n of numbers(5 * KEPT_CHUNKS)) history.add('web', 'stdout', `${n}\n`);
    assert.equal(history.tail('web', mark, 10), '4999\n5000\n');
  });
});

describe('a follower', () => {
  test('is told of each line from now on, until it has enough', () => {
    const history = makeHistory();
    const told: HistoryLine[] = [];
    history.add('web', 'stdout', 'before\n');
    const end = history.follow(line => told.push(line));
    history.add('web', 'stdout', 'one\ntwo\n');
    history.add('db', 'stderr', 'three\n');
    end();
    history.add('web', 'stdout', 'after\n');
    assert.deepEqual(
      told.map(({ source, stream, text }) => `${source} ${stream} ${text}`),
      ['web stdout one', 'web stdout two', 'db stderr three'],
    );
  });

  test('does not disturb the others when it ends, even twice', () => {
    const history = makeHistory();
    const told: string[] = [];
    const first = history.follow(({ text }) => told.push(`first ${text}`));
    history.follow(({ text }) => told.push(`second ${text}`));
    history.add('web', 'stdout', 'one\n');
    first();
    first();
    history.add('web', 'stdout', 'two\n');
    assert.deepEqual(told, ['first one', 'second one', 'second two']);
  });
});
