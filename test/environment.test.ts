import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeEnvironment, makeServiceEnvironment } from '../src/environment.ts';
import { ADA } from './facts-fixture.ts';

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
});
