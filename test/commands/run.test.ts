import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeRunEnvironment } from '../../src/commands/run.ts';

type Variables = Parameters<typeof makeRunEnvironment>[1];

const VARIABLES: Variables = (
  [
    { name: 'ADDED', value: 'by the boot' },
    { name: 'CHANGED', given: 'old', value: 'new' },
    { name: 'GONE', given: 'old' },
    { name: 'HOME', given: '/root', value: '/home/ada' },
    { name: 'KEPT', given: 'same', value: 'same' },
    { name: 'PATH', given: '/bin', value: '/opt/conda/bin:/bin' },
    { name: 'TERM', given: 'dumb', value: 'dumb' },
    { name: 'USER', value: 'ada' },
  ] as const
).map(variable => ({ ...variable, source: 'test', isSecret: false }));

describe('a command of lintel run gets', () => {
  test('what the boot added, changed and took away', () => {
    const caller = { PATH: '/bin', CHANGED: 'old', GONE: 'old', KEPT: 'same', HOME: '/root', TERM: 'xterm' };
    assert.deepEqual(makeRunEnvironment(caller, VARIABLES, false), {
      PATH: '/opt/conda/bin:/bin',
      CHANGED: 'new',
      KEPT: 'same',
      HOME: '/root',
      TERM: 'xterm',
      ADDED: 'by the boot',
    });
  });

  test('what its caller chose otherwise, but for what is empty', () => {
    const caller = { PATH: '/mine', CHANGED: 'mine', GONE: 'mine', ADDED: '', EXTRA: 'mine' };
    assert.deepEqual(makeRunEnvironment(caller, VARIABLES, false), {
      PATH: '/mine',
      CHANGED: 'mine',
      GONE: 'mine',
      ADDED: 'by the boot',
      EXTRA: 'mine',
      KEPT: 'same',
    });
  });

  test('with --workbench who the workbench user is', () => {
    const seen = makeRunEnvironment({ HOME: '/root', TERM: 'xterm' }, VARIABLES, true);
    assert.deepEqual([seen['HOME'], seen['USER'], seen['TERM']], ['/home/ada', 'ada', 'xterm']);
  });
});
