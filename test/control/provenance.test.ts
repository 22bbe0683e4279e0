import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { explainVariable, listVariables } from '../../src/control/provenance.ts';
import type { Layer } from '../../src/environment.ts';

const layer = (source: string, set: Record<string, string>, rest: Partial<Layer> = {}): Layer => ({
  source,
  set,
  unset: [],
  ...rest,
});

const LAYERS: readonly Layer[] = [
  layer('/etc/lintel/lintel.env', { COLOUR: 'red', SHAPE: 'round' }),
  layer('container', { COLOUR: 'green', DOOMED: '1', EMPTY: '' }),
  layer('NOTE_FILE=/run/secrets/note', { NOTE: 'hunter2' }, { isSecret: true }),
  layer('tool pip', { COLOUR: 'blue' }),
  layer('script 10-a', { NOTE: 'hunter3' }, { unset: ['DOOMED', 'NEVER'] }),
];

const VIEW = {
  layers: LAYERS,
  notes: [
    {
      tool: 'pip',
      text: 'index https://mirror.example (/etc/pip.conf)',
      insteadOf: ['PIP_INDEX_URL', 'PIP_CERT'],
    },
  ],
} as const;

describe('the list of variables', () => {
  test('has each with its last value and who set it, in byte order; secrets masked', () => {
    assert.deepEqual(listVariables(LAYERS, false), [
      { name: 'COLOUR', source: 'tool pip', isSecret: false, value: 'blue', given: 'green' },
      { name: 'DOOMED', source: 'script 10-a', isSecret: false, given: '1' },
      { name: 'EMPTY', source: 'container', isSecret: false, value: '', given: '' },
      { name: 'NOTE', source: 'script 10-a', isSecret: true, value: '***' },
      { name: 'SHAPE', source: '/etc/lintel/lintel.env', isSecret: false, value: 'round' },
    ]);
  });

  test('shows secrets to whoever asks for them', () => {
    const note = listVariables(LAYERS, true).find(({ name }) => name === 'NOTE');
    assert.equal(note?.value, 'hunter3');
  });
});

describe('the explanation of a variable', () => {
  test('names everybody who set it, and what each replaced', () => {
    assert.deepEqual(explainVariable(VIEW, 'COLOUR'), {
      name: 'COLOUR',
      changes: [
        { source: '/etc/lintel/lintel.env', value: 'red', replaced: undefined },
        { source: 'container', value: 'green', replaced: 'red' },
        { source: 'tool pip', value: 'blue', replaced: 'green' },
      ],
    });
  });

  test('says who took it away', () => {
    assert.deepEqual(explainVariable(VIEW, 'DOOMED').changes.at(-1), {
      source: 'script 10-a',
      value: undefined,
      replaced: '1',
    });
  });

  test('shows no secret, whoever holds it by then', () => {
    assert.deepEqual(explainVariable(VIEW, 'NOTE').changes, [
      { source: 'NOTE_FILE=/run/secrets/note', value: '***', replaced: undefined },
      { source: 'script 10-a', value: '***', replaced: '***' },
    ]);
  });

  test('is empty for what nobody set, with a name like it', () => {
    assert.deepEqual(explainVariable(VIEW, 'COLOR'), { name: 'COLOR', changes: [], meant: 'COLOUR' });
    assert.deepEqual(explainVariable(VIEW, 'NEVER'), { name: 'NEVER', changes: [] });
  });

  test('says where else a tool has set the same', () => {
    const instead = { tool: 'pip', text: 'index https://mirror.example (/etc/pip.conf)' };
    assert.deepEqual(explainVariable(VIEW, 'PIP_INDEX_URL'), { name: 'PIP_INDEX_URL', changes: [], instead });
  });
});
