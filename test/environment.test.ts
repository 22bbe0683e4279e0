import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeEnvironment, makeServiceEnvironment } from '../src/environment.ts';
import { environmentOf } from '../src/services/runs.ts';
import { ADA, makeDefinition } from './facts-fixture.ts';

const WHO = { USER: 'ada', LOGNAME: 'ada', SHELL: '/bin/bash', HOME: '/home/ada' };

describe('a process sees', () => {
  test('the container’s variables, what the boot added and who it is, and nothing else', () => {
    const given = { PATH: '/bin', EMPTY: '', 'a.b': 'dot', ADDED: 'before' };
    assert.deepEqual(makeEnvironment(given, { ADDED: 'by the boot', NEW: '1' }, ADA), {
      PATH: '/bin',
      EMPTY: '',
      'a.b': 'dot',
      ADDED: 'by the boot',
      NEW: '1',
      ...WHO,
    });
  });

  test('who it is, whatever the container says of another', () => {
    const root = { USER: 'root', LOGNAME: 'root', SHELL: '/bin/sh', HOME: '/root' };
    assert.deepEqual(makeEnvironment(root, {}, ADA), WHO);
  });
});

describe('a service sees', () => {
  test('PYTHONUNBUFFERED besides, so that Python’s last lines are not lost', () => {
    assert.deepEqual(makeServiceEnvironment({}, {}, ADA), { ...WHO, PYTHONUNBUFFERED: '1' });
  });

  test('PYTHONUNBUFFERED as given, also when it is empty', () => {
    for (const value of ['', '0', 'x'])
      assert.equal(makeServiceEnvironment({ PYTHONUNBUFFERED: value }, {}, ADA)['PYTHONUNBUFFERED'], value);
  });

  const LOADER = { LD_LIBRARY_PATH: '/opt/conda/lib', LD_PRELOAD: 'x.so', LD_AUDIT: 'y.so' };
  const ROOT = { ...ADA, name: 'root', uid: 0, gid: 0 };
  for (const [what, user, origin, json, expected] of [
    ['as the user', ADA, 'shipped', {}, LOADER],
    ['as root, where the image spells that out', ROOT, 'image', { user: 'root' }, LOADER],
    ['as root, where nobody else can be', ROOT, 'shipped', {}, LOADER],
    [
      'of Lintel’s as root: nothing that loads code of the user’s',
      ROOT,
      'shipped',
      { user: 'root' },
      { LINTEL_LD_LIBRARY_PATH: '/opt/conda/lib' },
    ],
  ] as const) {
    test(`what the image says to the loader, ${what}`, () => {
      const planned = { definition: makeDefinition('web', json, { origin }), user };
      const seen = environmentOf(planned, { given: LOADER, added: {} });
      const found = Object.entries(seen).filter(([name]) => /^(LINTEL_)?LD_/.test(name));
      assert.deepEqual(Object.fromEntries(found), expected);
    });
  }
});
