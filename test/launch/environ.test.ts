import assert from 'node:assert/strict';
import { fstatSync, openSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { parseEnviron, readOrigin } from '../../src/launch/environ.ts';
import { makeFolder } from '../facts/folder.ts';

/** As the kernel keeps them: each string ends with NUL. */
function bytes(...entries: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(entries.flatMap(entry => [Buffer.from(entry), Buffer.from([0])]));
}

describe('the container’s variables', () => {
  test('are read as they are, in their order', () => {
    const { environment, notUtf8 } = parseEnviron(
      bytes('PATH=/bin', 'EMPTY=', 'EQUALS=a=b==', 'LINES=one\ntwo\n', 'SPACES=  two  ', 'UMLAUT=ä€😀'),
    );
    assert.deepEqual(Object.entries(environment), [
      ['PATH', '/bin'],
      ['EMPTY', ''],
      ['EQUALS', 'a=b=='],
      ['LINES', 'one\ntwo\n'],
      ['SPACES', '  two  '],
      ['UMLAUT', 'ä€😀'],
    ]);
    assert.deepEqual(notUtf8, []);
  });

  test('may be none', () => {
    assert.deepEqual(parseEnviron(Buffer.alloc(0)), { environment: {}, notUtf8: [] });
  });

  for (const name of [
    'a.b',
    'my-var',
    '1st',
    'with blank',
    'ä',
    '%',
    'npm_config_//mirror.example/:_token',
    'constructor',
    'toString',
    'hasOwnProperty',
    '__proto__',
  ]) {
    test(`may have odd names: ${name}`, () => {
      const { environment } = parseEnviron(bytes('A=1', `${name}=value`, 'B=2'));
      assert.deepEqual(Object.entries(environment), [
        ['A', '1'],
        [name, 'value'],
        ['B', '2'],
      ]);
      // As it is handed on, with what the boot adds.
      assert.deepEqual(Object.entries({ ...environment, C: '3' })[1], [name, 'value']);
    });
  }

  test('that come twice count once, the first, also when that is empty', () => {
    const { environment } = parseEnviron(bytes('A=first', 'A=second', 'B=', 'B=second'));
    assert.deepEqual(environment, { A: 'first', B: '' });
  });

  test('are NAME=value, and nothing else is one', () => {
    assert.deepEqual(parseEnviron(bytes('', 'no equals sign', '=nameless', 'A=1')).environment, { A: '1' });
  });

  test('that are not UTF-8 are named, and the others unharmed', () => {
    const { environment, notUtf8 } = parseEnviron(
      bytes(
        'A=ä',
        Buffer.concat([Buffer.from('LATIN1=gr'), Buffer.from([0xfc]), Buffer.from('n')]),
        Buffer.concat([Buffer.from('CUT=x'), Buffer.from([0xe2, 0x82])]),
        'B=€',
      ),
    );
    assert.deepEqual(notUtf8, ['LATIN1', 'CUT']);
    assert.deepEqual(environment, { A: 'ä', LATIN1: 'gr\ufffdn', CUT: 'x\ufffd', B: '€' });
  });
});

/** What the launcher leaves behind an open descriptor. */
function hand(t: TestContext, text: string): string {
  const file = makeFolder(t, { origin: text }).at('origin');
  return String(openSync(file, 'r'));
}

describe('what the launcher hands over', () => {
  const encoded = bytes('A=container', 'a.b=ä', 'EMPTY=')
    .toString('base64')
    .replaceAll(/(.{8})/g, '$1\n');

  test('is the container’s own environment and its soft limit of open files', t => {
    const fd = hand(t, `4096\n${encoded}\n`);
    assert.deepEqual(readOrigin({ LINTEL_ORIGIN_FD: fd, A: 'changed by a shell', PWD: '/' }), {
      environment: { A: 'container', 'a.b': 'ä', EMPTY: '' },
      notUtf8: [],
      openFilesSoft: 4096,
    });
    assert.throws(() => fstatSync(Number(fd)), { code: 'EBADF' }, 'no child may inherit it');
  });

  for (const [limit, soft] of [
    ['1048576', 1_048_576],
    ['unlimited', undefined],
    ['', undefined],
  ] as const) {
    test(`may have a soft limit of ${JSON.stringify(limit)}`, t => {
      const origin = readOrigin({ LINTEL_ORIGIN_FD: hand(t, `${limit}\n${encoded}\n`) });
      assert.deepEqual([origin.openFilesSoft, origin.environment['A']], [soft, 'container']);
    });
  }

  test('is nothing where Node was started by hand: its own variables have to do', () => {
    const own = { A: '1', LINTEL_ROOT: '/x' };
    assert.deepEqual(readOrigin(own), { environment: own, notUtf8: [], openFilesSoft: undefined });
  });

  for (const fd of ['not a number', '-1', '1.5', '1000000']) {
    test(`is nothing where there is no descriptor ${fd}`, () => {
      assert.deepEqual(readOrigin({ LINTEL_ORIGIN_FD: fd, A: '1' }).environment, { A: '1' });
    });
  }

  test('is nothing where it is empty', t => {
    assert.deepEqual(readOrigin({ LINTEL_ORIGIN_FD: hand(t, '\n'), A: '1' }).environment, { A: '1' });
  });
});
