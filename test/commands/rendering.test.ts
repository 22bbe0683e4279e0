import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseDuration, renderDuration } from '../../src/commands/durations.ts';
import { renderTable } from '../../src/commands/tables.ts';
import { paint, type Terminal } from '../../src/commands/terminal.ts';

const PIPE: Terminal = { isTerminal: false, hasColours: false, columns: undefined, rows: undefined };
const screen = (columns: number): Terminal => ({ isTerminal: true, hasColours: true, columns, rows: 24 });

describe('a time', () => {
  for (const [text, durationMs] of [
    ['10s', 10_000],
    ['10', 10_000],
    ['500ms', 500],
    ['0.5s', 500],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['24h', 86_400_000],
    ['0', 0],
  ] as const) {
    test(`may be said as ${text}`, () => assert.equal(parseDuration('--timeout', text), durationMs));
  }

  for (const text of ['', 's', '-1s', '10 s', '1d', '10S', 'ten', '25h', '1e3', '.5s', '9999999999']) {
    test(`may not be said as ${JSON.stringify(text)}`, () =>
      assert.throws(() => parseDuration('--timeout', text), {
        message: `Cannot use --timeout ${JSON.stringify(text)}, expected a time such as 10s, 500ms or 2m`,
        exitCode: 2,
      }));
  }

  for (const [durationMs, text] of [
    [0, '0s'],
    [999, '0s'],
    [59_999, '59s'],
    [192_000, '3m12s'],
    [3_600_000, '1h00m'],
    [86_400_000 * 3 + 3_600_000 * 4, '3d04h'],
  ] as const) {
    test(`is shown in two units: ${text}`, () => assert.equal(renderDuration(durationMs), text));
  }
});

describe('a table', () => {
  const rows = [
    [{ text: 'NAME' }, { text: 'NOTE' }],
    [{ text: 'web', colour: 'green' }, { text: 'a long note' }],
    [{ text: 'jupyter' }, { text: '' }],
  ] as const;

  test('is aligned, without blanks at the ends of lines', () => {
    assert.deepEqual(renderTable(rows, PIPE), ['NAME     NOTE', 'web      a long note', 'jupyter']);
  });

  test('fits the screen, with colours that count for nothing', () => {
    assert.deepEqual(renderTable(rows, screen(15)), [
      'NAME     NOTE',
      '\x1b[32mweb\x1b[0m      a long note',
      'jupyter',
    ]);
    assert.deepEqual(renderTable([[{ text: 'x'.repeat(30) }, { text: 'y' }]], screen(25)), [
      `${'x'.repeat(24)}…`,
    ]);
    assert.deepEqual(renderTable([rows[0], [{ text: 'web' }, { text: 'a rather long note' }]], screen(20)), [
      'NAME  NOTE',
      'web   a rather long…',
    ]);
  });

  test('counts what takes two columns of a terminal, and what takes none', () => {
    const note = (text: string) =>
      renderTable([[{ text }, { text: '|' }], [{ text: 'x'.repeat(12) }]], PIPE)[0];
    for (const [text, blanks] of [
      ['日本語', 6],
      ['한글', 8],
      ['ｗｉｄｅ', 4],
      ['🦆 duck', 5],
      ['cafe\u0301', 8],
      ['ส\u0e35', 11],
      ['soft\u00adly', 5],
      ['a\u200db', 10],
    ] as const)
      assert.equal(note(text), `${text}${' '.repeat(blanks)}  |`, text);
    assert.deepEqual(renderTable([[{ text: '日'.repeat(12) }]], screen(20)), [`${'日'.repeat(9)}…`]);
  });

  test('is one line a row, whatever stands in it', () => {
    assert.deepEqual(renderTable([[{ text: 'a\nb\x1b[2J' }]], PIPE), ['a\\x0ab\\x1b[2J']);
  });
});

test('colours are for terminals that have them', () => {
  assert.equal(paint('up', 'green', screen(80)), '\x1b[32mup\x1b[0m');
  assert.equal(paint('up', 'green', PIPE), 'up');
  assert.equal(paint('up', undefined, screen(80)), 'up');
});
