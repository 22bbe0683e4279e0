import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readSecretFiles } from '../../src/facts/secret-files.ts';
import { asOrdinaryUser, type Entry, makeFolder } from './folder.ts';

const EXPECTED = 'the path of a readable file with text for one variable';
const MAX = 128 * 1024 - 1;

describe('a file that a variable names', () => {
  for (const [what, text, value] of [
    ['a word', 'hunter2', 'hunter2'],
    ['a line', 'hunter2\n', 'hunter2'],
    ['two newlines', 'a\n\n', 'a\n'],
    ['lines', 'a\nb\r\n', 'a\nb\r'],
    ['what a shell would evaluate', '$(id) `id` "$HOME"', '$(id) `id` "$HOME"'],
    ['letters of all the world', 'Zoë → 東京', 'Zoë → 東京'],
    ['nothing', '', ''],
    ['as much as fits', 'x'.repeat(MAX - 'TOKEN='.length), 'x'.repeat(MAX - 'TOKEN='.length)],
  ] as const) {
    test(`may hold ${what}`, t => {
      const folder = makeFolder(t, { it: text });
      const { environment, names, problems } = readSecretFiles({ FILE__TOKEN: folder.at('it') });
      assert.deepEqual([environment['TOKEN'], [...names], problems], [value, ['TOKEN'], []]);
    });
  }

  for (const [what, entry, trouble] of [
    ['missing', { link: 'nowhere' }, 'no such file'],
    ['a folder', 'a folder', 'it is a directory'],
    ['a pipe', 'a fifo', 'it is no regular file'],
    ['a link to itself', { link: 'it' }, 'too many symbolic links'],
    [
      'too large',
      'x'.repeat(MAX + 1 - 'TOKEN='.length),
      'it has 131072 bytes with its name, more than 131071',
    ],
    ['no text', Uint8Array.of(0xff, 0xfe), 'it is no valid UTF-8'],
    ['with a NUL', 'hunter2\0', 'it holds a NUL character'],
  ] as const satisfies readonly (readonly [string, Entry, string])[]) {
    test(`that is ${what} is an error line, and the variable stays what it was`, t => {
      const path = makeFolder(t, { it: entry }).at('it');
      const { environment, names, problems } = readSecretFiles({ FILE__TOKEN: path, TOKEN: 'given' });
      assert.deepEqual([environment['TOKEN'], names.size], ['given', 0]);
      const seen = `${JSON.stringify(path)}: ${trouble}`;
      assert.deepEqual(problems, [{ what: 'FILE__TOKEN', seen, expected: EXPECTED, fatal: false }]);
    });
  }

  test('that is closed to this user is an error line', t => {
    const folder = makeFolder(t, { it: 'hunter2' });
    folder.close('it');
    const { problems } = asOrdinaryUser(() => readSecretFiles({ FILE__TOKEN: folder.at('it') }));
    assert.match(problems[0]?.seen ?? '', /: permission denied$/);
  });

  test('is named by its absolute path: a secret put there by mistake is not shown', () => {
    const { problems } = readSecretFiles({ FILE__TOKEN: 'hunter2' });
    assert.deepEqual(problems, [
      { what: 'FILE__TOKEN', seen: 'no absolute path', expected: EXPECTED, fatal: false },
    ]);
  });
});

describe('a variable that names a file', () => {
  test('is FILE__NAME for any name, and NAME_FILE for the secrets that Lintel knows', t => {
    const path = makeFolder(t, { it: 'hunter2\n' }).at('it');
    const given = {
      'FILE__a.b': path,
      PASSWORD_FILE: path,
      AWS_SECRET_ACCESS_KEY_FILE: path,
      SSL_CERT_FILE: path,
      AWS_WEB_IDENTITY_TOKEN_FILE: path,
      MY_PASSWORD_FILE: path,
      FILE__: path,
    };
    const { environment, names } = readSecretFiles(given);
    assert.deepEqual([...names].sort(), ['AWS_SECRET_ACCESS_KEY', 'PASSWORD', 'a.b']);
    const added = { 'a.b': 'hunter2', PASSWORD: 'hunter2', AWS_SECRET_ACCESS_KEY: 'hunter2' };
    assert.deepEqual(environment, { ...given, ...added });
  });

  test('is absent when it is blank', () => {
    const blank = { PASSWORD_FILE: ' \t', FILE__MY_NAME: ' ' };
    const { environment, names, problems, warnings } = readSecretFiles(blank);
    assert.deepEqual([environment, [...names], problems, warnings], [blank, [], [], []]);
  });

  test('is absent when it is empty', () => {
    const given = { FILE__TOKEN: '', PASSWORD_FILE: '' };
    const { environment, names, problems, warnings } = readSecretFiles(given);
    assert.deepEqual([environment, names.size, problems, warnings], [given, 0, [], []]);
  });

  test('wins over the variable itself, and one warning says so', t => {
    const folder = makeFolder(t, { a: 'a', b: 'b' });
    const given = { PASSWORD: 'given', PASSWORD_FILE: folder.at('a'), FILE__PASSWORD: folder.at('b') };
    const all = readSecretFiles(given);
    assert.equal(all.environment['PASSWORD'], 'b');
    assert.deepEqual(all.warnings, [
      'FILE__PASSWORD and PASSWORD are both set: the file wins',
      'PASSWORD_FILE and FILE__PASSWORD are both set: FILE__PASSWORD wins',
    ]);
    const empty = readSecretFiles({ PASSWORD: '', PASSWORD_FILE: folder.at('a') });
    assert.deepEqual([empty.environment['PASSWORD'], empty.warnings], ['a', []]);
    const same = readSecretFiles({ PASSWORD: 'a', PASSWORD_FILE: folder.at('a') });
    assert.deepEqual([same.environment['PASSWORD'], same.warnings], ['a', []]);
  });
});
