import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Terminal } from '../../src/commands/terminal.ts';
import { renderBoot } from '../../src/commands/waterfall.ts';
import { BEFORE, DESKTOP, makeRecord, script, service, wait } from '../timing/records.ts';

const PIPE: Terminal = { isTerminal: false, hasColours: false, columns: undefined, rows: undefined };
const screen = (columns: number, hasColours = false): Terminal => ({
  ...PIPE,
  isTerminal: true,
  hasColours,
  columns,
});

const TROUBLED = makeRecord(
  'incomplete',
  5000,
  [
    ...BEFORE,
    script('20-a-very-long-name-of-a-script', 60, 4000),
    service('late', 4010, undefined, { isFailed: true }),
    wait('web', [4010, undefined], ['late']),
  ],
  { reason: 'late (late to become ready), web (waits for late)' },
);

describe('a boot as text', () => {
  for (const [title, record, terminal, text] of [
    [
      'has bars that begin where it began and are as long as it took',
      DESKTOP,
      PIPE,
      `ready after 2.1 s: 1.7 s jupyter, 0.31 s xvfb, 0.06 s before services

                  START     TOOK
▸ node             0 ms    25 ms  ▋
▸ files           25 ms    15 ms  ▍
  password        40 ms     8 ms  ▎
▸ script 10-xdg   40 ms    20 ms  ▌
▸ xvfb            60 ms   310 ms   ███████▊
  web             61 ms   201 ms   █████▎                                            3 starts
  novnc           62 ms   838 ms   ████████████████████▎
▸ jupyter        370 ms  1700 ms   ░░░░░░░▐████████████████████████████████████████  waited for xvfb

▸ the critical path; ░ waits. Lintel 1.2.3, began 2026-01-02T03:04:05.678Z`,
    ],
    [
      'fits a screen, and says what it can there',
      TROUBLED,
      screen(64),
      `booted after 5.0 s without late (late to become ready), web (waits for late): 3.9 s script 20-a-very-long-name-of-a-script, 0.99 s late, 0.07 s before services

                             START     TOOK
▸ node                        0 ms    25 ms  ▏
▸ files                      25 ms    15 ms  ▏
  password                   40 ms     8 ms  ▏
▸ script 10-xdg              40 ms    20 ms  ▏
▸ script 20-a-very-long-…    60 ms  3940 ms  ███████████████▎
▸ late                     4010 ms   990 ms                 ████
  web                      4010 ms   990 ms                 ░░░░

▸ the critical path; ░ waits. Lintel 1.2.3, began 2026-01-02T03:04:05.678Z`,
    ],
    ['of nothing yet is one line', makeRecord('booting', 20, []), PIPE, 'still booting for 0.02 s'],
  ] as const)
    test(title, () => assert.equal(renderBoot(record, terminal).join('\n'), text));

  test('marks the critical path and what failed by colours too, where there are some', () => {
    const coloured = renderBoot(TROUBLED, screen(80, true));
    // As people read them: colours by their numbers.
    const lines = coloured.map(line => line.replaceAll('\x1b[', '<').replaceAll(/(<\d+)m/g, '$1>'));
    const row = (name: string) => lines.find(line => line.includes(name)) ?? '';
    assert.match(row('▸ node'), /^<33>▸ node<0> .* <33>▏<0>/);
    assert.match(row('▸ late'), /^<31>▸ late<0> .* <31>▐█+<0> +not ready$/);
    assert.match(row('  web'), /^ {2}web .* <2>░+<0> +waits for late$/);
    assert.equal(renderBoot(TROUBLED, screen(80)).join('').includes('\x1b'), false);
  });

  test('is whole where it goes into a file or a pipe', () => {
    const name = `web-${'x'.repeat(60)}`;
    const others = ['xvfb', 'dashboard', 'another-service-that-it-waits-for'];
    const record = makeRecord('ready', 2070, [
      ...BEFORE,
      wait(name, [60, 370], others),
      service(name, 370, 2070),
    ]);
    const row = renderBoot(record, PIPE).find(line => line.startsWith('▸ web-')) ?? '';
    assert.match(
      row,
      new RegExp(`^▸ ${name} +370 ms {2}1700 ms {2} ?░+▐?█{10,}\\S* +waited for ${others.join(', ')}$`),
    );
  });

  test('keeps to the width of every screen, but for its sentence', () => {
    for (let columns = 40; columns <= 200; columns++) {
      const [, ...lines] = renderBoot(TROUBLED, screen(columns));
      const longest = Math.max(...lines.slice(0, -1).map(line => [...line].length));
      assert.ok(longest <= columns, `${longest} characters on ${columns} columns`);
    }
  });
});
