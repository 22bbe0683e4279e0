import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { explainNotFound, findBinaryFault } from '../../src/processes/exec-error.ts';
import { type Entry, makeFolder, script } from '../facts/folder.ts';
import { begin, SPAWNERS } from './starting.ts';

const [[, NATIVE]] = SPAWNERS;
const OTHER_MACHINE = process.arch === 'x64' ? 183 : 62;
const OWN_MACHINE = process.arch === 'x64' ? 62 : 183;
const OTHER = process.arch === 'x64' ? 'aarch64' : 'x86_64';
const OWN = process.arch === 'x64' ? 'x86_64' : 'aarch64';

/** The first bytes of a 64-bit program that nobody can run. */
function elf(machine: number, order: 'little' | 'big' = 'little'): Entry {
  const header = Buffer.alloc(64);
  header.write('\x7fELF\x02', 'latin1');
  header[5] = order === 'little' ? 1 : 2;
  if (order === 'little') header.writeUInt16LE(machine, 18);
  else header.writeUInt16BE(machine, 18);
  return { bytes: header, mode: 0o755 };
}

describe('what is wrong with a file that the kernel takes for no program', () => {
  for (const [what, entry, fault] of [
    ['another machine’s program', elf(OTHER_MACHINE), `it is built for ${OTHER}, this machine is ${OWN}`],
    ['one of big-endian bytes', elf(22, 'big'), `it is built for s390x, this machine is ${OWN}`],
    ['one of a machine without a name', elf(9999), `it is built for machine 9999, this machine is ${OWN}`],
    ['a damaged program', elf(OWN_MACHINE), 'it is a damaged program'],
    ['the beginning of one', script('\x7fELF'), 'it is a damaged program'],
    ['bytes of no meaning', script('PK\x03\x04\0\0\0'), 'it is neither a program nor a script'],
    ['a text without a first line for it', script('exit 0\n'), undefined],
    ['nothing at all', script(''), undefined],
  ] as const) {
    test(`${what}: ${fault ?? 'nothing, sh runs it'}`, t => {
      assert.equal(findBinaryFault(makeFolder(t, { it: entry }).at('it')), fault);
    });
  }
});

describe('the hint for exit code 127', () => {
  const MISSING = 'its first line asks env for no-such-program, which is not on PATH';
  const CRLF = 'its first line ends in CRLF, expected a plain newline';
  for (const [line, hint] of [
    ['#!/usr/bin/env no-such-program', MISSING],
    ['#! /usr/bin/env no-such-program -x', MISSING],
    ['#!/usr/bin/env -S no-such-program -x', MISSING],
    ['#!/usr/bin/env -S A=1 no-such-program', MISSING],
    ['#!/usr/bin/env sh', undefined],
    ['#!/usr/bin/env sh\r', CRLF],
    ['#!/usr/bin/env', undefined],
    ['#!/bin/sh', undefined],
    ['#!/opt/environment no-such-program', undefined],
    ['echo /usr/bin/env no-such-program', undefined],
    ['#!/usr/bin/env A=1', undefined],
  ] as const) {
    test(`of ${JSON.stringify(line)} is ${hint ?? 'none'}`, t => {
      const path = makeFolder(t, { it: script(`${line}\nexit 127\n`) }).at('it');
      const found = explainNotFound({ code: 127 }, path, { PATH: '/usr/bin:/bin' });
      assert.equal(found, hint);
    });
  }
});

test('no other end needs that hint', t => {
  const path = makeFolder(t, { it: script('#!/usr/bin/env no-such-program\n') }).at('it');
  for (const exit of [{ code: 0 }, { code: 126 }, { signal: 'SIGKILL' }, { error: 'x', code: 127 }] as const)
    assert.equal(explainNotFound(exit, path, {}), undefined);
});

describe('a program that can’t be started', () => {
  for (const [what, entry, error, code] of [
    ['of another machine', elf(OTHER_MACHINE), `it is built for ${OTHER}, this machine is ${OWN}`, 126],
    ['of no meaning', script('PK\x03\x04\0\0\0'), 'it is neither a program nor a script', 126],
    [
      'with a CRLF',
      script('#!/bin/sh\r\nexit 0\r\n'),
      'its first line ends in CRLF, expected a plain newline',
      127,
    ],
    [
      'without its interpreter',
      script('#!/no/such/sh -e\n'),
      'its interpreter /no/such/sh does not exist',
      127,
    ],
    ['without x bit', '#!/bin/sh\n', 'it is not executable (chmod +x)', 126],
    ['that is a folder', 'a folder', 'it is a directory, not a file', 126],
  ] as const) {
    test(`${what} is explained`, async t => {
      const path = makeFolder(t, { it: entry }).at('it');
      assert.deepEqual(await begin(t, NATIVE, { argv: [path] }).ended, { error: `${path}: ${error}`, code });
    });
  }

  test('for its arguments is explained', async t => {
    const end = await begin(t, NATIVE, { argv: ['true', 'x'.repeat(200_000)] }).ended;
    assert.deepEqual(end, {
      error: 'its arguments and variables are too large for the kernel (128 KiB for one, about 2 MiB in all)',
      code: 126,
    });
  });

  test('where it shall work is explained', async t => {
    const end = await begin(t, NATIVE, { argv: ['true'], cwd: '/no/such/folder' }).ended;
    assert.deepEqual(end, { error: 'its working directory /no/such/folder does not exist', code: 126 });
  });
});

test('a text without a first line for it is run by sh, as everywhere', async t => {
  const path = makeFolder(t, { it: script('exit 42\n') }).at('it');
  assert.deepEqual(await begin(t, NATIVE, { argv: [path] }).ended, { code: 42 });
});

test('where libc can’t be called, a missing interpreter is explained all the same', async t => {
  const [, [, byNode]] = SPAWNERS;
  const path = makeFolder(t, { it: script('#!/no/such/sh\n') }).at('it');
  const end = await begin(t, byNode, { argv: [path] }).ended;
  assert.deepEqual(end, { error: `${path}: its interpreter /no/such/sh does not exist`, code: 127 });
});
