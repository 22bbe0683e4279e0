import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'dotenv';
import fc from 'fast-check';
import { locateAssignments, parseEnvList } from '../../src/facts/image/assignments.ts';
import { readElfNeeds } from '../../src/facts/image/elf.ts';
import { findCredentials, findPrivateKey } from '../../src/facts/image/secret-places.ts';
import { openTree } from '../../src/facts/image/tree.ts';
import { makeFolder } from './folder.ts';

describe('lines of an env file', () => {
  const locate = (text: string) => locateAssignments(text, parse(text));

  test('are those on which dotenv’s variables begin', () => {
    const text =
      '\n# one\nA=1\n\nexport B="two\nlines" # and\r\nC: 3\nno assignment\nD=\n  E = five\n"F"=6\n';
    assert.deepEqual(locate(text), {
      set: [
        { name: 'A', value: '1', line: 3 },
        { name: 'B', value: 'two\nlines', line: 5 },
        { name: 'C', value: '3', line: 7 },
        { name: 'D', value: '', line: 9 },
        { name: 'E', value: 'five', line: 10 },
      ],
      stray: [8, 11],
    });
  });

  test('name whatever dotenv reads, and nothing else', () => {
    const piece = fc.constantFrom(
      'A',
      'B_1',
      '=',
      ' ',
      '\n',
      '\r\n',
      '"',
      "'",
      '`',
      '#',
      'export ',
      ': ',
      '\\',
      'é',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), pieces => {
        const text = pieces.join('');
        const { set, stray } = locate(text);
        assert.deepEqual([...new Set(set.map(({ name }) => name))].sort(), Object.keys(parse(text)).sort());
        const lines = text.split(/\r\n?|\n/).length;
        for (const line of [...set.map(one => one.line), ...stray]) assert.ok(line >= 1 && line <= lines);
      }),
    );
  });

  test('of an engine’s list have nothing quoted', () => {
    assert.deepEqual(parseEnvList('A="1"\r\n\n# B=2\nC=a=b\nno\n'), {
      set: [
        { name: 'A', value: '"1"', line: 1 },
        { name: 'C', value: 'a=b', line: 4 },
      ],
      stray: [5],
    });
  });
});

describe('what a program needs', () => {
  test('is read from the pinned Node without starting it', () => {
    const needs = readElfNeeds(openTree(join(import.meta.dirname, '../../dist')), '/node');
    assert.match(needs?.loader ?? '', /^\/lib(64)?\/ld-linux-/);
    for (const name of ['libatomic.so.1', 'libstdc++.so.6', 'libc.so.6'])
      assert.ok(needs?.libraries.includes(name), `${name} of ${needs?.libraries}`);
  });

  test('is nothing for a file that only begins as a program', t => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 58, maxLength: 600 }), bytes => {
        const header = Buffer.from('\x7fELF\x02\x01', 'latin1');
        const root = openTree(makeFolder(t, { program: Buffer.concat([header, bytes]), text: 'text' }).path);
        assert.ok((readElfNeeds(root, '/program')?.libraries.length ?? 0) <= 512);
        assert.equal(readElfNeeds(root, '/text'), undefined);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a secret', () => {
  for (const [what, text, line] of [
    [
      'of an old format',
      '\n-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: x\n\nMIIEpAIBAAKCAQEA\n',
      2,
    ],
    ['of PKCS #8', '-----BEGIN PRIVATE KEY-----\nMIIEvgIBADANBgkqhkiG\n', 1],
    ['that is only spoken of', 'echo "-----BEGIN PRIVATE KEY-----"\n', undefined],
    ['that is public', '-----BEGIN PUBLIC KEY-----\nMIIEvgIBADANBgkqhkiG\n', undefined],
  ] as const) {
    test(`key ${what}`, () => assert.equal(findPrivateKey(text), line));
  }

  for (const [text, line] of [
    ['index-url = https://ada:pw@mirror\n', 1],
    ['# index-url = https://ada:pw@mirror\nx=1\n', undefined],
    ['index-url = https://ada@mirror/simple\n', undefined],
    ['index-url = https://${USER}:${TOKEN}@mirror/simple\n', undefined],
    ['a\nhttps://conda.example/t/abcdef/channel\n', 2],
    ['//npm.example/:_authToken=abc\n', 1],
    ['//npm.example/:_authToken=${NPM_TOKEN}\n', undefined],
    ['machine x login y password z\n', 1],
    ['[user]\n  name = Ada password\n', undefined],
    ['[pypi]\nusername = a\npassword = b\n', 3],
  ] as const) {
    test(`in ${JSON.stringify(text)}`, () => assert.equal(findCredentials(text), line));
  }
});
