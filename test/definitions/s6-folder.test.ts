import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseDefinition } from '../../src/definitions/definitions.ts';
import type { ServiceFact } from '../../src/definitions/folder.ts';
import { makeDefinition, makeServiceFact, SIGNAL_NAMES } from '../facts-fixture.ts';

type S6 = ServiceFact['s6'];

const FOLDER = '/etc/services.d/web';
const run = (interpreter: string) => ({ path: `${FOLDER}/run`, obstacle: undefined, interpreter });

/** A folder without service.json. */
function parse(s6: S6, difference: Partial<ServiceFact> = {}) {
  return parseDefinition(makeServiceFact('web', { s6, ...difference }), SIGNAL_NAMES);
}

/** What the file with that text says; undefined when it is refused. */
const DAY_MS = 86_400_000;
const SAYS: readonly (readonly [file: keyof S6, text: string, field: string, value: unknown])[] = [
  ['down', '', 'isDownAtStart', true],
  ['down', 'whatever\n', 'isDownAtStart', true],
  ['down-signal', 'SIGINT\n', 'stopSignal', 'SIGINT'],
  ['down-signal', 'INT', 'stopSignal', 'SIGINT'],
  ['down-signal', 'hup', 'stopSignal', 'SIGHUP'],
  ['down-signal', '15', 'stopSignal', 'SIGTERM'],
  ['down-signal', ' 3 \n', 'stopSignal', 'SIGQUIT'],
  ['down-signal', '31', 'stopSignal', 'SIGSYS'],
  ['timeout-kill', '1500\n', 'stopTimeoutMs', 1500],
  ['timeout-kill', '0', 'stopTimeoutMs', DAY_MS],
  ['timeout-kill', String(DAY_MS), 'stopTimeoutMs', DAY_MS],
  ['timeout-finish', '250', 'finishTimeoutMs', 250],
  ['timeout-finish', '0\n', 'finishTimeoutMs', DAY_MS],
  ['max-death-tally', '0', 'deathTally', 0],
  ['max-death-tally', '4096', 'deathTally', 4096],
];

const TIME = `a whole number of milliseconds from 0 (for ever) to ${DAY_MS}`;
const SIGNAL = 'a signal by name or number, such as INT';
const DEATHS = 'a whole number from 0 to 4096';
const FD = 'a whole number from 3 to 1023';
const REFUSED: readonly (readonly [file: keyof S6, text: string, expected: string])[] = [
  ['down-signal', '', SIGNAL],
  ['down-signal', 'SIGNONE', SIGNAL],
  ['down-signal', '0', SIGNAL],
  ['down-signal', '32', SIGNAL],
  ['down-signal', '-9', SIGNAL],
  ['down-signal', 'TERM INT', SIGNAL],
  ['timeout-kill', '', TIME],
  ['timeout-kill', '3s', TIME],
  ['timeout-kill', '-1', TIME],
  ['timeout-kill', '1.5', TIME],
  ['timeout-kill', '1e3', TIME],
  ['timeout-kill', String(DAY_MS + 1), TIME],
  ['timeout-finish', '99999999999', TIME],
  ['notification-fd', '2', FD],
  ['notification-fd', '1024', FD],
  ['notification-fd', 'three', FD],
  ['max-death-tally', '4097', DEATHS],
  ['max-death-tally', '', DEATHS],
];

describe('a file of s6’s', () => {
  for (const [file, text, field, value] of SAYS) {
    test(`${file} with ${JSON.stringify(text)} means ${field} ${value}`, () => {
      const { definition, problems } = parse({ [file]: { text } });
      assert.deepEqual(problems, []);
      assert.equal({ ...definition, ...definition?.policy }[field as 'name'], value);
    });
  }

  for (const [file, text, expected] of REFUSED) {
    test(`${file} with ${JSON.stringify(text)} is refused`, () => {
      assert.deepEqual(parse({ [file]: { text } }).problems, [
        { what: `${FOLDER}/${file}`, seen: JSON.stringify(text), expected, fatal: true },
      ]);
    });
  }

  test('that can’t be read is refused with the reason', () => {
    assert.deepEqual(parse({ 'timeout-kill': { trouble: 'it is a directory' } }).problems, [
      { what: `${FOLDER}/timeout-kill`, seen: 'it is a directory', expected: TIME, fatal: true },
    ]);
  });

  test('is refused together with all others', () => {
    const wrong = { text: 'x' };
    const { problems } = parse({ 'timeout-kill': wrong, 'down-signal': wrong, 'max-death-tally': wrong });
    assert.equal(problems.length, 3);
  });

  test('notification-fd says when the service is ready', () => {
    const ready = (json: Readonly<Record<string, unknown>>) =>
      makeDefinition('web', json, { s6: { 'notification-fd': { text: '5\n' } } }).ready?.probe;
    assert.deepEqual(ready({}), { notifyFd: 5 });
    assert.deepEqual(ready({ ready: { tcp: 80 } }), { tcp: 80 });
    assert.equal(makeDefinition('web').ready, undefined);
  });

  test('gives way to service.json where both speak', () => {
    const s6 = {
      'down-signal': { text: 'INT' },
      'timeout-kill': { text: '100' },
      'timeout-finish': { text: '200' },
    };
    const { policy } = makeDefinition('web', { stopSignal: 'SIGQUIT', stopTimeoutMs: 7 }, { s6 });
    assert.deepEqual([policy.stopSignal, policy.stopTimeoutMs, policy.finishTimeoutMs], ['SIGQUIT', 7, 200]);
  });
});

describe('the time that a service has to stop', () => {
  const file = { 'timeout-kill': { text: '100' } };
  for (const [what, s6, given, stopTimeoutMs] of [
    ['5 s', {}, undefined, 5000],
    ['what the operator gives to all', {}, 7000, 7000],
    ['its own', file, 7000, 100],
    ['5 s where the operator gives none', {}, 0, 5000],
  ] as const) {
    test(`is ${what}`, () => {
      const { definition } = parseDefinition(makeServiceFact('web', { s6 }), SIGNAL_NAMES, given);
      assert.equal(definition?.policy.stopTimeoutMs, stopTimeoutMs);
    });
  }
});

describe('a service’s folder', () => {
  const json = { text: '{}' };
  for (const [what, difference, cwd, runsAsSelf] of [
    ['with an ordinary run', { run: run('bash') }, undefined, false],
    ['with a run for with-contenv', { run: run('with-contenv') }, FOLDER, true],
    ['with a run in execline', { run: run('execlineb') }, FOLDER, true],
    ['with a file of s6’s', { run: run('bash'), s6: { down: { text: '' } } }, FOLDER, false],
    [
      'with service.json too',
      { run: run('with-contenv'), json, s6: { down: { text: '' } } },
      undefined,
      false,
    ],
    [
      'with a finish for with-contenv',
      { finish: { ...run('with-contenv'), path: `${FOLDER}/finish` } },
      undefined,
      false,
    ],
  ] as const) {
    test(`${what} runs in ${cwd ?? 'HOME'}, as ${runsAsSelf ? 'Lintel’s own' : 'the workbench'} user`, () => {
      const { definition, problems } = parse({}, difference);
      assert.deepEqual(problems, []);
      assert.deepEqual([definition?.cwd, definition?.runsAsSelf], [cwd, runsAsSelf]);
    });
  }

  test('may name another folder and user in service.json', () => {
    const definition = makeDefinition('web', { cwd: '/srv', user: 'www' }, { run: run('with-contenv') });
    assert.deepEqual([definition.cwd, definition.user], ['/srv', 'www']);
  });
});
