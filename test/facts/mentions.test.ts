import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMentions } from '../../src/facts/mentions.ts';
import { makeDefinition } from '../facts-fixture.ts';
import { makeFolder, script } from './folder.ts';

const SHIPPED = makeDefinition(
  'jupyter',
  { when: { command: ['jupyter-lab', 'jupyter-server'] } },
  { origin: 'shipped' },
);

for (const [line, found] of [
  ['exec jupyter lab --port=8888', ['jupyter']],
  ['exec /opt/conda/bin/jupyter lab', ['jupyter']],
  ['exec s6-setuidgid jovyan jupyter-lab', ['jupyter-lab']],
  ['CMD="jupyter-server"; exec "$CMD"', ['jupyter-server']],
  ['(jupyter lab && jupyter lab)', ['jupyter']],
  ['# jupyter is not started here\nexec rserver', undefined],
  ['exec jupyter-proxy', undefined],
  ['exec serve --config=/etc/jupyter/jupyter_config.py', undefined],
] as const) {
  test(`a run that says ${JSON.stringify(line)} names ${found ?? 'no program'}`, t => {
    const root = makeFolder(t, { run: script(`#!/bin/sh\n${line}\n`) });
    const own = makeDefinition('lab', { command: [root.at('run')] });
    assert.deepEqual(
      readMentions([SHIPPED, own], ['jupyter-lab']),
      found === undefined ? {} : { lab: found },
    );
    // Nothing is looked for where the shipped one can't run anyway.
    assert.deepEqual(readMentions([SHIPPED, own], []), {});
  });
}

test('what a command names beside run is looked at as run is', t => {
  const root = makeFolder(t, { 'services.d/lab/start': script('#!/bin/sh\nexec jupyter lab\n') });
  const own = makeDefinition('lab', { command: ['./start'] }, { folder: root.at('services.d/lab') });
  assert.deepEqual(readMentions([SHIPPED, own], ['jupyter-lab']), { lab: ['jupyter'] });
});
