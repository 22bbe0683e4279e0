import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readEnvFiles, withDefaults } from '../../src/facts/env-files.ts';
import type { Environment } from '../../src/launch/environ.ts';
import { makeFolder } from './folder.ts';

const readAll = (environment: Environment) => withDefaults(readEnvFiles(environment), environment);

describe('the image’s defaults', () => {
  test('come from lintel.env and env.d, later files over earlier ones, in byte order', t => {
    const root = makeFolder(t, {
      'etc/lintel/lintel.env': 'A=main\nB=main\nC=main\n',
      'etc/lintel/env.d/10-a.env': 'B=ten\nC=ten\n',
      'etc/lintel/env.d/9-b.env': 'C=nine\n',
      'etc/lintel/env.d/Z.env': 'D=upper case comes first\n',
      'etc/lintel/env.d/a.env': 'D=lower case comes last\n',
    });
    assert.deepEqual(readAll({ LINTEL_ROOT: root.path }), {
      LINTEL_ROOT: root.path,
      A: 'main',
      B: 'ten',
      C: 'nine',
      D: 'lower case comes last',
    });
  });

  test('give way to the container’s own variables', t => {
    const root = makeFolder(t, { 'etc/lintel/lintel.env': 'A=file\nB=file\n' });
    const given = { LINTEL_ROOT: `${root.path}/`, A: 'container' };
    assert.deepEqual(readAll(given), { ...given, B: 'file' });
  });

  test('are text: nothing in them is run or replaced', t => {
    const root = makeFolder(t, {
      'etc/lintel/lintel.env': [
        '# a comment',
        'export EXPORTED=yes',
        'SPACES="  two  "',
        "SINGLE='$HOME `id` $(id)'",
        'BARE=$HOME-$(id)',
        'EMPTY=',
        'LINES="one',
        'two"',
        'NOT A VARIABLE',
      ].join('\n'),
    });
    const { LINTEL_ROOT: _, ...read } = readAll({ LINTEL_ROOT: root.path });
    assert.deepEqual(read, {
      EXPORTED: 'yes',
      SPACES: '  two  ',
      SINGLE: '$HOME `id` $(id)',
      BARE: '$HOME-$(id)',
      EMPTY: '',
      LINES: 'one\ntwo',
    });
  });

  test('are only files that end in .env and are not hidden', t => {
    const root = makeFolder(t, {
      'etc/lintel/env.d/a.env': 'A=1\n',
      'etc/lintel/env.d/b.env.bak': 'B=1\n',
      'etc/lintel/env.d/README': 'C=1\n',
      'etc/lintel/env.d/.hidden.env': 'D=1\n',
    });
    assert.deepEqual(readAll({ LINTEL_ROOT: root.path }), { LINTEL_ROOT: root.path, A: '1' });
  });

  for (const [what, entries] of [
    ['nothing is there', {}],
    ['a folder is in their place', { 'etc/lintel/lintel.env': 'a folder' }],
    ['a fifo that nobody writes is in their place', { 'etc/lintel/env.d/a.env': 'a fifo' }],
    ['a link to nothing is in their place', { 'etc/lintel/env.d/a.env': { link: 'nowhere' } }],
    ['env.d is a file', { 'etc/lintel/env.d': 'A=1\n' }],
  ] as const) {
    test(`are none where ${what}`, t => {
      const root = makeFolder(t, entries);
      assert.deepEqual(readAll({ LINTEL_ROOT: root.path }), { LINTEL_ROOT: root.path });
    });
  }
});
