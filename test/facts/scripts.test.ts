import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readRunnable, readScripts } from '../../src/facts/scripts.ts';
import { asOrdinaryUser, makeFolder, script } from './folder.ts';

const SHIPPED = 'usr/local/lib/lintel/cont-init.d';
const IMAGE = 'etc/cont-init.d';

describe('scripts', () => {
  test('of both places run in one byte order, and one under /etc replaces a shipped one', t => {
    const root = makeFolder(t, {
      [`${SHIPPED}/50-shipped`]: script(),
      [`${SHIPPED}/10-both`]: script(),
      [`${IMAGE}/10-both`]: script(),
      [`${IMAGE}/9-image`]: script(),
      [`${IMAGE}/60-image`]: script(),
      [`${IMAGE}/.hidden`]: script(),
    });
    assert.deepEqual(readScripts(root.path, 'cont-init.d'), [
      { name: '10-both', path: root.at(`${IMAGE}/10-both`), skipped: undefined, interpreter: 'sh' },
      { name: '50-shipped', path: root.at(`${SHIPPED}/50-shipped`), skipped: undefined, interpreter: 'sh' },
      { name: '60-image', path: root.at(`${IMAGE}/60-image`), skipped: undefined, interpreter: 'sh' },
      { name: '9-image', path: root.at(`${IMAGE}/9-image`), skipped: undefined, interpreter: 'sh' },
    ]);
  });

  test('of the end come from folders of their own', t => {
    const root = makeFolder(t, { [`${IMAGE}/a`]: script(), 'etc/cont-finish.d/b': script() });
    assert.deepEqual(
      readScripts(root.path, 'cont-finish.d').map(({ name }) => name),
      ['b'],
    );
  });

  test('are none where there is no folder', t => {
    assert.deepEqual(readScripts(makeFolder(t).path, 'cont-init.d'), []);
    assert.deepEqual(readScripts(makeFolder(t, { [IMAGE]: 'a file' }).path, 'cont-init.d'), []);
  });

  test('that can’t run keep their place in the order, with the reason', t => {
    const root = makeFolder(t, { [`${IMAGE}/a`]: 'echo\n', [`${IMAGE}/b`]: script() });
    assert.deepEqual(
      readScripts(root.path, 'cont-init.d').map(({ name, skipped }) => [name, skipped]),
      [
        ['a', 'it is not executable (chmod +x)'],
        ['b', undefined],
      ],
    );
  });

  test('under /etc replace a shipped one also when they can’t run', t => {
    const root = makeFolder(t, { [`${SHIPPED}/a`]: script(), [`${IMAGE}/a`]: '' });
    assert.deepEqual(readScripts(root.path, 'cont-init.d'), [
      {
        name: 'a',
        path: root.at(`${IMAGE}/a`),
        skipped: 'it is not executable (chmod +x)',
        interpreter: undefined,
      },
    ]);
  });
});

describe('what keeps a file from running', () => {
  const SHEBANG = 'its first line is no "#!" with an interpreter';
  for (const [what, entries, obstacle] of [
    ['nothing, a script', { it: script() }, undefined],
    ['nothing, a script without a last newline', { it: script('#!/bin/sh') }, undefined],
    ['nothing, a program', { it: { link: process.execPath } }, undefined],
    ['nothing, a link to a script', { real: script(), it: { link: 'real' } }, undefined],
    ['no x bit', { it: '#!/bin/sh\n' }, 'it is not executable (chmod +x)'],
    ['no shebang', { it: script('echo hello\n') }, SHEBANG],
    ['a blank before the shebang', { it: script('\n#!/bin/sh\n') }, SHEBANG],
    ['a byte order mark before the shebang', { it: script('\ufeff#!/bin/sh\n') }, SHEBANG],
    ['nothing in it', { it: script('') }, SHEBANG],
    ['being a directory', { it: 'a folder' }, 'it is a directory, not a file'],
    [
      'being a link to a directory',
      { real: 'a folder', it: { link: 'real' } },
      'it is a directory, not a file',
    ],
    ['being a link to nothing', { it: { link: 'nowhere' } }, 'it is a link to nothing'],
    ['being a fifo', { it: 'a fifo' }, 'it is no regular file'],
  ] as const) {
    test(`is ${what}`, t => {
      assert.equal(readRunnable(makeFolder(t, entries).at('it')).obstacle, obstacle);
    });
  }

  test('is being a link in a circle', t => {
    assert.equal(typeof readRunnable(makeFolder(t, { it: { link: 'it' } }).at('it')).obstacle, 'string');
  });

  test('may be that it is closed to this user', t => {
    const folder = makeFolder(t, { 'closed/it': script() });
    folder.close('closed');
    assert.equal(typeof asOrdinaryUser(() => readRunnable(folder.at('closed/it')).obstacle), 'string');
  });

  test('is for the kernel to say where it may be run but not read', t => {
    const folder = makeFolder(t, { it: { text: 'a program', mode: 0o111 } });
    assert.equal(
      asOrdinaryUser(() => readRunnable(folder.at('it')).obstacle),
      undefined,
    );
  });
});

describe('the interpreter of a script', () => {
  for (const [line, interpreter] of [
    ['#!/bin/sh', 'sh'],
    ['#! /usr/bin/env python3', 'env'],
    ['#!/command/with-contenv bash', 'with-contenv'],
    ['#!/usr/bin/with-contenv\tbash', 'with-contenv'],
    ['#!/command/execlineb -P', 'execlineb'],
    ['#!bash', 'bash'],
    ['#!/bin/sh\r', 'sh\r'],
    ['#!', undefined],
    ['\x7fELF', undefined],
  ] as const) {
    test(`of ${JSON.stringify(line)} is ${interpreter}`, t => {
      const folder = makeFolder(t, { it: script(`${line}\necho\n`) });
      assert.equal(readRunnable(folder.at('it')).interpreter, interpreter?.trim());
    });
  }
});
