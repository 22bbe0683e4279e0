import assert from 'node:assert/strict';
import { lstatSync, readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { readFacts } from '../../src/facts/facts.ts';
import type { Environment } from '../../src/launch/environ.ts';
import { makeSettings } from '../facts-fixture.ts';
import { asOrdinaryUser, type Folder, makeFolder, script } from './folder.ts';

function read(root: Folder, environment: Environment = {}, runtimeDir?: string) {
  const given = { LINTEL_ROOT: root.path, ...environment };
  return readFacts({ settings: makeSettings(given), environment: given, openFilesSoft: 1024, runtimeDir });
}

const PASSWD = 'root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/bash\n';

describe('facts', () => {
  test('of an empty machine are complete and without a problem', t => {
    const root = makeFolder(t);
    const facts = read(root);
    assert.equal(facts.root, root.path);
    assert.deepEqual([facts.services, facts.initScripts, facts.problems], [[], [], []]);
    assert.equal(facts.configs.pip.path, root.at('etc/pip.conf'));
  });

  test('come from below LINTEL_ROOT, with and without a last slash', t => {
    const root = makeFolder(t, {
      'etc/passwd': PASSWD,
      'etc/services.d/web/run': script(),
      'etc/cont-init.d/10-a': script(),
      'etc/cont-finish.d/90-z': script(),
    });
    for (const slash of ['', '/', '///']) {
      const facts = read(root, { LINTEL_ROOT: `${root.path}${slash}` });
      assert.equal(facts.root, root.path);
      assert.deepEqual(
        facts.services.map(({ name }) => name),
        ['web'],
      );
      assert.deepEqual(
        facts.initScripts.map(({ name }) => name),
        ['10-a'],
      );
      assert.deepEqual(
        facts.finishScripts.map(({ name }) => name),
        ['90-z'],
      );
      assert.deepEqual(
        facts.accounts.users.map(({ name }) => name),
        ['root', 'ada'],
      );
    }
  });

  test('keep the place of runtime state that this boot has already', t => {
    assert.equal(read(makeFolder(t), {}, '/run/elsewhere').runtimeDir, '/run/elsewhere');
  });

  test('name every problem of the machine at once', t => {
    const root = makeFolder(t, {
      'etc/services.d/a/service.json': '{"comand": ["x"]}',
      'etc/services.d/b/service.json': 'no JSON',
      'etc/services.d/c/run': 'no x bit',
    });
    const facts = read(root, {
      LINTEL_USER: 'nobody-of-that-name',
      PATH_TO_CA_BUNDLE: root.at('missing.pem'),
    });
    assert.deepEqual(
      facts.problems.map(({ what, fatal }) => [what.replace(root.path, '@'), fatal]),
      [
        ['LINTEL_USER', true],
        ['PATH_TO_CA_BUNDLE', false],
        ['@/etc/services.d/a/service.json', true],
        ['@/etc/services.d/b/service.json', true],
        ['@/etc/services.d/c/run', false],
      ],
    );
    assert.deepEqual(facts.services, []);
  });

  test('say which of the files and programs that services wait for are there', t => {
    const when = { file: ['/data/here', '/data/missing'], command: ['there', 'missing-of-that-name'] };
    const root = makeFolder(t, {
      'data/here': '',
      'bin/there': script(),
      'etc/services.d/a/run': script(),
      'etc/services.d/a/service.json': JSON.stringify({ when }),
    });
    const facts = read(root, { PATH: root.at('bin') });
    assert.deepEqual(facts.presentFiles, ['/data/here']);
    assert.equal(facts.programs['there'], root.at('bin/there'));
    assert.equal(facts.programs['missing-of-that-name'], undefined);
  });

  test('know the owner and mode of the folder that HOME names', t => {
    const root = makeFolder(t, { 'home/ada': 'a folder', file: 'x' });
    const stat = lstatSync(root.at('home/ada'));
    const owner = { uid: stat.uid, gid: stat.gid, mode: stat.mode };
    assert.deepEqual(read(root, { HOME: root.at('home/ada') }).givenHome, owner);
    for (const home of [root.at('nothing'), root.at('file'), 'relative', ''])
      assert.equal(read(root, { HOME: home }).givenHome, undefined);
  });

  test('are data: JSON keeps them all', t => {
    const facts = read(makeFolder(t, { 'etc/passwd': PASSWD, 'etc/services.d/web/run': script() }));
    JSON.stringify(facts, (key, value: unknown) => {
      const isPlain =
        value === null ||
        ['undefined', 'string', 'boolean'].includes(typeof value) ||
        Number.isFinite(value) ||
        Array.isArray(value) ||
        Object.getPrototypeOf(value) === Object.prototype;
      assert.ok(isPlain, key);
      return value;
    });
  });

  test('are only read: nothing is made or changed', t => {
    const root = makeFolder(t, { 'etc/passwd': PASSWD, 'etc/services.d/web/run': script(), run: 'a folder' });
    const list = () =>
      readdirSync(root.path, { recursive: true, withFileTypes: true }).map(entry => {
        const path = `${entry.parentPath}/${entry.name}`;
        return [path, lstatSync(path).mtimeMs, lstatSync(path).ctimeMs];
      });
    const before = list();
    read(root, { PATH_TO_CA_BUNDLE: root.at('etc/passwd') });
    assert.deepEqual(list(), before);
  });
});

describe('what an ordinary user may not look at stops no boot', () => {
  for (const [what, environment] of [
    ['HOME', (root: Folder) => ({ HOME: root.at('closed/home') })],
    ['PATH', (root: Folder) => ({ PATH: root.at('closed/bin') })],
    ['XDG_RUNTIME_DIR', (root: Folder) => ({ XDG_RUNTIME_DIR: root.at('closed/run') })],
    ['XDG_CONFIG_HOME', (root: Folder) => ({ XDG_CONFIG_HOME: root.at('closed/config') })],
    ['CONDA_DIR', () => ({ CONDA_DIR: '/closed/conda' })],
    ['R_HOME', () => ({ R_HOME: '/closed/R' })],
    ['PATH_TO_CA_BUNDLE', (root: Folder) => ({ PATH_TO_CA_BUNDLE: root.at('closed/ca.pem') })],
  ] as const) {
    test(`named by ${what}`, t => {
      const root = makeFolder(t, { 'closed/it': 'x' });
      root.close('closed');
      const facts = asOrdinaryUser(() => read(root, environment(root)));
      assert.deepEqual(facts.services, []);
    });
  }

  test('named by a service’s when.file', t => {
    const root = makeFolder(t, {
      'closed/it': 'x',
      'etc/services.d/a/run': script(),
      'etc/services.d/a/service.json': '{"when": {"file": "/closed/it"}}',
    });
    root.close('closed');
    assert.deepEqual(asOrdinaryUser(() => read(root)).presentFiles, []);
  });

  test('in cont-init.d and services.d', t => {
    const root = makeFolder(t, { 'etc/cont-init.d/a': script(), 'etc/services.d/a/run': script() });
    root.close('etc/services.d/a');
    root.close('etc/cont-init.d');
    const facts = asOrdinaryUser(() => read(root));
    assert.deepEqual(facts.initScripts, []);
    assert.deepEqual(
      facts.problems.map(({ what, seen }) => [what, seen]),
      ['etc/cont-init.d', 'etc/services.d/a'].map(path => [`${root.path}/${path}`, 'permission denied']),
    );
  });
});
