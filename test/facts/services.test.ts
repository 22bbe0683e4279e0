import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readServices } from '../../src/facts/services.ts';
import { makeFolder, script } from './folder.ts';

const SHIPPED = 'usr/local/lib/lintel/services.d';
const IMAGE = 'etc/services.d';

describe('services', () => {
  test('are the folders of the image and the shipped ones, by name', t => {
    const root = makeFolder(t, {
      [`${SHIPPED}/shipped/service.json`]: '{}',
      [`${IMAGE}/image/run`]: script(),
      [`${IMAGE}/image/finish`]: script(),
    });
    assert.deepEqual(readServices(root.path), [
      {
        name: 'image',
        folder: root.at(`${IMAGE}/image`),
        origin: 'image',
        run: { path: root.at(`${IMAGE}/image/run`), obstacle: undefined, interpreter: 'sh' },
        finish: { path: root.at(`${IMAGE}/image/finish`), obstacle: undefined, interpreter: 'sh' },
        json: undefined,
        s6: {},
        hasLogger: false,
      },
      {
        name: 'shipped',
        folder: root.at(`${SHIPPED}/shipped`),
        origin: 'shipped',
        run: undefined,
        finish: undefined,
        json: { text: '{}' },
        s6: {},
        hasLogger: false,
      },
    ]);
  });

  test('under /etc replace a shipped one of the same name, whole', t => {
    const root = makeFolder(t, {
      [`${SHIPPED}/both/service.json`]: '{}',
      [`${SHIPPED}/both/finish`]: script(),
      [`${IMAGE}/both/run`]: script(),
    });
    const [both] = readServices(root.path);
    assert.deepEqual([both?.origin, both?.finish, both?.json], ['image', undefined, undefined]);
  });

  test('are no files, no hidden folders and none where there is no folder', t => {
    const root = makeFolder(t, {
      [`${IMAGE}/README`]: 'x',
      [`${IMAGE}/.hidden/run`]: script(),
      [`${IMAGE}/linked`]: { link: '../elsewhere' },
      'etc/elsewhere/run': script(),
      [`${IMAGE}/dangling`]: { link: 'nowhere' },
      [`${IMAGE}/circle`]: { link: 'circle' },
    });
    assert.deepEqual(
      readServices(root.path).map(({ name }) => name),
      ['linked'],
    );
    assert.deepEqual(readServices(makeFolder(t).path), []);
  });

  test('say why a run or a finish can’t run', t => {
    const root = makeFolder(t, {
      [`${IMAGE}/a/run`]: 'no x bit',
      [`${IMAGE}/a/finish`]: 'a folder',
      [`${IMAGE}/b/run`]: { link: 'nowhere' },
    });
    const [a, b] = readServices(root.path);
    assert.equal(a?.run?.obstacle, 'it is not executable (chmod +x)');
    assert.equal(a?.finish?.obstacle, 'it is a directory, not a file');
    assert.equal(b?.run?.obstacle, 'it is a link to nothing');
  });

  test('hold what s6’s own files say, and nothing of other files', t => {
    const root = makeFolder(t, {
      [`${IMAGE}/a/run`]: script(),
      [`${IMAGE}/a/down`]: '',
      [`${IMAGE}/a/down-signal`]: 'SIGINT\n',
      [`${IMAGE}/a/timeout-kill`]: 'a fifo',
      [`${IMAGE}/a/notification-fd`]: 'x'.repeat(5000),
      [`${IMAGE}/a/producer-for`]: 'log\n',
    });
    assert.deepEqual(readServices(root.path)[0]?.s6, {
      down: { text: '' },
      'down-signal': { text: 'SIGINT\n' },
      'timeout-kill': { trouble: 'it is no regular file' },
      'notification-fd': { trouble: 'it has 5000 bytes, more than 4096' },
    });
  });

  test('say why a service.json can’t be read, without waiting', t => {
    const root = makeFolder(t, {
      [`${IMAGE}/a/service.json`]: 'a folder',
      [`${IMAGE}/b/service.json`]: 'a fifo',
      [`${IMAGE}/c/service.json`]: { link: 'service.json' },
    });
    assert.deepEqual(
      readServices(root.path).map(({ json }) => json),
      [
        { trouble: 'it is a directory' },
        { trouble: 'it is no regular file' },
        { trouble: 'too many symbolic links' },
      ],
    );
  });
});
