import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeWaterfall, type Row } from '../../src/timing/waterfall.ts';
import { BEFORE, DESKTOP, makeRecord, script, service, stage, wait } from './records.ts';

/** A row in few words; times as thousandths of the whole. */
function renderRow(row: Row): string {
  const parts = [
    row.label,
    ...(row.wait === undefined
      ? []
      : [`wait ${thousandths(row.wait.start)}+${thousandths(row.wait.length)}`]),
    `${thousandths(row.start)}+${thousandths(row.length)}`,
    row.isCritical ? 'critical' : '',
    row.isBeside ? 'beside' : '',
    row.isOpen ? 'open' : '',
    row.isFailed ? 'failed' : '',
    row.note === '' ? '' : `(${row.note})`,
  ];
  return parts.filter(part => part !== '').join(' ');
}

const thousandths = (fraction: number) => Math.round(fraction * 1000);

describe('the waterfall', () => {
  test('has a row for each stage, step, script and service, in the order of time', () => {
    const { totalMs, rows } = makeWaterfall(DESKTOP);
    assert.equal(totalMs, 2070);
    assert.deepEqual(rows.map(renderRow), [
      'node 0+12 critical',
      'files 12+7 critical',
      'password 19+4 beside',
      'script 10-xdg 19+10 critical',
      'xvfb 29+150 critical beside',
      'web 29+97 beside (3 starts)',
      'novnc 30+405 beside',
      'jupyter wait 29+150 179+821 critical beside (waited for xvfb)',
    ]);
  });

  test('says who is not ready, who has failed and who still waits', () => {
    const { rows } = makeWaterfall(
      makeRecord('incomplete', 1000, [
        stage('node', 0, 100),
        service('late', 100, undefined, { isFailed: true }),
        service('dead', 100, 500, { isFailed: true, starts: 5 }),
        wait('web', [100, undefined], ['late', 'the password']),
        wait('orphan', [100, 500], ['dead'], { isFailed: true }),
      ]),
    );
    assert.deepEqual(rows.map(renderRow), [
      'node 0+100 critical',
      'late 100+900 critical beside open failed (not ready)',
      'dead 100+400 beside failed (5 starts; failed)',
      'web 100+900 beside open (waits for late, the password)',
      'orphan 100+400 beside failed (waited for dead; failed)',
    ]);
  });

  test('shows what goes on while it boots', () => {
    const { rows } = makeWaterfall(makeRecord('booting', 80, [...BEFORE, script('20-more', 60, undefined)]));
    assert.deepEqual(rows.map(renderRow).at(-1), 'script 20-more 750+250 critical open (goes on)');
  });

  test('leaves out what took no time, but no service', () => {
    const record = makeRecord('ready', 30, [
      stage('node', 0, 20),
      stage('files', 20, 20.4),
      service('web', 21, 21),
    ]);
    assert.deepEqual(
      makeWaterfall(record).rows.map(({ label }) => label),
      ['node', 'web'],
    );
  });

  test('stays within itself whatever a record says', () => {
    const record = makeRecord('ready', 0, [
      stage('b', 90, 10),
      stage('a', 50, undefined),
      service('c', 0, 0),
    ]);
    const { rows } = makeWaterfall(record);
    assert.deepEqual(
      rows.map(({ label }) => label),
      ['c', 'a'],
    );
    for (const { start, length } of rows) assert.ok(start >= 0 && length >= 0 && start + length <= 1);
  });
});
