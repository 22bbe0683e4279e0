import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import {
  isDirectory,
  isExecutableFile,
  isWritableFolder,
  readHead,
  readNames,
  readText,
  readTextIfAny,
} from '../../src/facts/files.ts';
import { asOrdinaryUser, makeFolder, script } from './folder.ts';

describe('a text', () => {
  test('is read as it is', t => {
    const folder = makeFolder(t, { text: 'ä\r\nno newline', empty: '', linked: { link: 'text' } });
    assert.equal(readText(folder.at('text')), 'ä\r\nno newline');
    assert.equal(readText(folder.at('linked')), 'ä\r\nno newline');
    assert.equal(readText(folder.at('empty')), '');
  });

  test('of /proc, whose files say that they are empty, is read to its end', () => {
    const environ = Buffer.from(readText('/proc/self/maps') ?? '');
    assert.ok(environ.length > 4096);
    assert.match(readText('/proc/self/status') ?? '', new RegExp(`^Pid:\\s+${process.pid}$`, 'm'));
  });

  test('is undefined where there is no file', t => {
    const folder = makeFolder(t, { file: 'x', dangling: { link: 'nowhere' } });
    assert.equal(readText(folder.at('nothing')), undefined);
    assert.equal(readText(folder.at('no/such/folder')), undefined);
    assert.equal(readText(folder.at('file/below')), undefined);
    assert.equal(readText(folder.at('dangling')), undefined);
  });

  for (const [what, entry, message] of [
    ['a directory', 'a folder', 'it is a directory'],
    ['a fifo that nobody writes', 'a fifo', 'it is no regular file'],
    ['a device', { link: '/dev/zero' }, 'it is no regular file'],
    ['a link in a circle', { link: 'it' }, /ELOOP/],
  ] as const) {
    test(`is refused, without waiting, where ${what} is in its place`, t => {
      const folder = makeFolder(t, { it: entry });
      assert.throws(() => readText(folder.at('it')), { message });
      assert.equal(readTextIfAny(folder.at('it')), undefined);
    });
  }

  test('is refused where a socket is in its place', async t => {
    const folder = makeFolder(t);
    const server = createServer();
    await new Promise<void>(resolve => server.listen(folder.at('it'), resolve));
    t.after(() => server.close());
    assert.throws(() => readText(folder.at('it')));
    assert.equal(readTextIfAny(folder.at('it')), undefined);
  });

  test('is refused where it is closed to this user', t => {
    const folder = makeFolder(t, { it: 'secret' });
    folder.close('it');
    assert.throws(() => asOrdinaryUser(() => readText(folder.at('it'))), { code: 'EACCES' });
    assert.equal(
      asOrdinaryUser(() => readTextIfAny(folder.at('it'))),
      undefined,
    );
  });

  test('is refused where it is too large to be meant', t => {
    const folder = makeFolder(t, { huge: '' });
    truncateSync(folder.at('huge'), 16 * 1024 * 1024 + 1);
    assert.throws(() => readText(folder.at('huge')), {
      message: 'it has 16777217 bytes, more than 16777216',
    });
  });
});

describe('the first bytes of a file', () => {
  test('are as many as there are, as latin1', t => {
    const folder = makeFolder(t, { it: new Uint8Array([0x7f, 0x45, 0xff, 0x00]), empty: '' });
    assert.equal(readHead(folder.at('it'), 2), '\x7fE');
    assert.equal(readHead(folder.at('it'), 10), '\x7fE\xff\0');
    assert.equal(readHead(folder.at('empty'), 4), '');
    assert.equal(readHead(folder.at('nothing'), 4), undefined);
  });

  test('are unknown where they can’t be read', t => {
    const folder = makeFolder(t, { closed: 'text', fifo: 'a fifo', folder: 'a folder' });
    folder.close('closed');
    assert.equal(
      asOrdinaryUser(() => readHead(folder.at('closed'), 4)),
      undefined,
    );
    assert.equal(readHead(folder.at('fifo'), 4), undefined);
    assert.equal(readHead(folder.at('folder'), 4), undefined);
  });
});

describe('the names in a folder', () => {
  test('come in byte order, without the hidden ones', t => {
    const names = ['10-b', '9-a', 'Z', 'a', 'ä', '😀', '.hidden', '..data'];
    const folder = makeFolder(t, Object.fromEntries(names.map(name => [name, 'x'])));
    assert.deepEqual(readNames(folder.path), ['10-b', '9-a', 'Z', 'a', 'ä', '😀']);
  });

  test('are none where there is no folder, or one that is closed', t => {
    const folder = makeFolder(t, { file: 'x', 'closed/a': 'x' });
    folder.close('closed');
    assert.deepEqual(readNames(folder.at('nothing')), []);
    assert.deepEqual(readNames(folder.at('file')), []);
    assert.deepEqual(
      asOrdinaryUser(() => readNames(folder.at('closed'))),
      [],
    );
  });
});

describe('what can’t be looked at is not there', () => {
  for (const [what, name] of [
    ['a path below a closed folder', 'closed/it'],
    ['a link in a circle', 'circle'],
    ['a name that is too long', 'x'.repeat(5000)],
    ['a path below a file', 'file/it'],
    ['nothing', 'nothing'],
  ] as const) {
    test(`as is ${what}`, t => {
      const folder = makeFolder(t, {
        'closed/it': script(),
        circle: { link: 'circle' },
        file: 'x',
      });
      folder.close('closed');
      const path = folder.at(name);
      assert.equal(
        asOrdinaryUser(() => isDirectory(path)),
        false,
      );
      assert.equal(
        asOrdinaryUser(() => isExecutableFile(path)),
        false,
      );
    });
  }
});

test('a directory is one also by a link', t => {
  const folder = makeFolder(t, { folder: 'a folder', link: { link: 'folder' }, file: 'x' });
  assert.equal(isDirectory(folder.at('folder')), true);
  assert.equal(isDirectory(folder.at('link')), true);
  assert.equal(isDirectory(folder.at('file')), false);
});

test('a file is executable with an x bit and nothing else is', t => {
  const folder = makeFolder(t, {
    script: script(),
    plain: 'x',
    folder: 'a folder',
    link: { link: 'script' },
  });
  assert.equal(isExecutableFile(folder.at('script')), true);
  assert.equal(isExecutableFile(folder.at('link')), true);
  assert.equal(isExecutableFile(folder.at('plain')), false);
  assert.equal(isExecutableFile(folder.at('folder')), false);
});

describe('a folder is writable', () => {
  test('when it is, or when it can be made', t => {
    const folder = makeFolder(t, { here: 'a folder' });
    assert.equal(isWritableFolder(folder.at('here')), true);
    assert.equal(isWritableFolder(folder.at('here/to/be/made')), true);
  });

  test('but not below a file', t => {
    const folder = makeFolder(t, { file: 'x' });
    assert.equal(isWritableFolder(folder.at('file/below')), false);
    assert.equal(isWritableFolder(folder.at('file/far/below')), false);
  });

  // Root may enter and write every folder; test/sandbox/closed.test.ts sees the same as another user.
  if (process.getuid?.() !== 0) {
    test('but not where it is closed to this user', t => {
      const folder = makeFolder(t, { closed: 'a folder' });
      folder.close('closed');
      for (const path of [folder.at('closed'), folder.at('closed/below'), '/no-such-folder'])
        assert.equal(isWritableFolder(path), false, path);
    });
  }
});
