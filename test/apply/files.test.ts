import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { makeRuntimeFolder, removeFile, writeFile } from '../../src/apply/files.ts';
import { IS_ROOT, NEEDS_ROOT, WORKBENCH } from '../rig.ts';

/** The one writer, on a real file system. */
const SELF = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
const NEW = { text: 'new\n', mode: 0o640, owner: SELF };

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'lintel-files-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const modeOf = (path: string) => lstatSync(path).mode & 0o7777;

test('a new file has its text and mode, and missing folders are made for everybody to read', t => {
  const folder = makeFolder(t);
  const umask = process.umask(0o077);
  try {
    writeFile(`${folder}/a/b/file`, NEW);
    assert.equal(readFileSync(`${folder}/a/b/file`, 'utf8'), 'new\n');
    assert.equal(modeOf(`${folder}/a/b/file`), 0o640);
    assert.equal(modeOf(`${folder}/a/b`), 0o755);
    assert.equal(modeOf(`${folder}/a`), 0o755);
  } finally {
    process.umask(umask);
  }
});

test('a new file belongs to its owner', { skip: NEEDS_ROOT }, t => {
  const path = `${makeFolder(t)}/file`;
  writeFile(path, { ...NEW, owner: WORKBENCH });
  assert.deepEqual([lstatSync(path).uid, lstatSync(path).gid], [WORKBENCH.uid, WORKBENCH.gid]);
});

test('a replaced file keeps its mode and owner', t => {
  const path = `${makeFolder(t)}/file`;
  writeFileSync(path, 'old\n');
  chmodSync(path, 0o604);
  if (IS_ROOT) chownSync(path, 4321, 1234);
  const old = statSync(path);
  writeFile(path, NEW);
  assert.equal(readFileSync(path, 'utf8'), 'new\n');
  assert.equal(modeOf(path), 0o604);
  assert.deepEqual([statSync(path).uid, statSync(path).gid], [old.uid, old.gid]);
});

test('who reads the old file goes on reading it whole, and nothing else is left beside the new one', t => {
  const folder = makeFolder(t);
  const path = `${folder}/file`;
  writeFileSync(path, 'old text, longer than the new one\n');
  const fd = openSync(path, 'r');
  writeFile(path, NEW);
  assert.equal(readFileSync(fd, 'utf8'), 'old text, longer than the new one\n');
  closeSync(fd);
  assert.deepEqual(readdirSync(folder), ['file']);
});

test('a link is replaced, and what it names stays as it was', t => {
  const folder = makeFolder(t);
  writeFileSync(`${folder}/target`, 'precious\n');
  chmodSync(`${folder}/target`, 0o600);
  symlinkSync(`${folder}/target`, `${folder}/link`);
  writeFile(`${folder}/link`, NEW);
  assert.equal(readFileSync(`${folder}/target`, 'utf8'), 'precious\n');
  assert.equal(modeOf(`${folder}/target`), 0o600);
  assert.equal(lstatSync(`${folder}/link`).isFile(), true);
  assert.equal(readFileSync(`${folder}/link`, 'utf8'), 'new\n');
  assert.equal(modeOf(`${folder}/link`), 0o640);
});

test('a link that somebody laid where the temporary file goes is not followed', t => {
  const folder = makeFolder(t);
  writeFileSync(`${folder}/target`, 'precious\n');
  symlinkSync(`${folder}/target`, `${folder}/file.lintel-${process.pid}`);
  writeFile(`${folder}/file`, NEW);
  assert.equal(readFileSync(`${folder}/target`, 'utf8'), 'precious\n');
  assert.equal(readFileSync(`${folder}/file`, 'utf8'), 'new\n');
  assert.deepEqual(readdirSync(folder).sort(), ['file', 'target']);
});

test('a folder in its place makes it fail, and all stays as it was', t => {
  const folder = makeFolder(t);
  mkdirSync(`${folder}/file/inner`, { recursive: true });
  assert.throws(() => writeFile(`${folder}/file`, NEW), { code: 'EISDIR' });
  assert.deepEqual(readdirSync(folder), ['file']);
  assert.deepEqual(readdirSync(`${folder}/file`), ['inner']);
});

test('a write that fails half-way leaves the old file whole, and nothing beside it', t => {
  const folder = makeFolder(t);
  const path = `${folder}/file`;
  writeFileSync(path, 'old\n');
  // A file may not grow beyond 4 KiB there, as on a full disk.
  const script = `import { writeFile } from '${import.meta.resolve('../../src/apply/files.ts')}';
    try { writeFile(process.argv[1], { text: 'new\\n'.repeat(100_000), mode: 0o644, owner: { uid: 0, gid: 0 } }); }
    catch (error) { process.stdout.write(error.code); }`;
  const node = [process.execPath, '--input-type=module', '--eval', script, '--', path];
  const { stdout, stderr } = spawnSync('sh', ['-c', 'ulimit -f 8; exec "$@"', 'sh', ...node], {
    encoding: 'utf8',
  });
  assert.equal(stdout, 'EFBIG', stderr);
  assert.equal(readFileSync(path, 'utf8'), 'old\n');
  assert.deepEqual(readdirSync(folder), ['file']);
});

test('text of any length and any characters is written whole', t => {
  const path = `${makeFolder(t)}/file`;
  const text = 'Zoë → 東京\0\r\n'.repeat(100_000);
  writeFile(path, { ...NEW, text });
  assert.equal(readFileSync(path, 'utf8'), text);
});

test('a file is removed, a link without what it names, and a missing one is no error', t => {
  const folder = makeFolder(t);
  writeFileSync(`${folder}/target`, 'precious\n');
  symlinkSync(`${folder}/target`, `${folder}/link`);
  removeFile(`${folder}/link`);
  removeFile(`${folder}/link`);
  assert.deepEqual(readdirSync(folder), ['target']);
});

test('the runtime folder is emptied without following links, and its secrets are the user’s alone', t => {
  const folder = makeFolder(t);
  mkdirSync(`${folder}/precious`);
  writeFileSync(`${folder}/precious/file`, '');
  mkdirSync(`${folder}/run/lintel/secrets/old`, { recursive: true });
  symlinkSync(`${folder}/precious`, `${folder}/run/lintel/link`);
  const inode = statSync(`${folder}/run/lintel`).ino;
  makeRuntimeFolder(`${folder}/run/lintel`, { mode: 0o755, user: WORKBENCH });
  // Emptied, not made anew: it may be a mount.
  assert.equal(statSync(`${folder}/run/lintel`).ino, inode);
  assert.deepEqual(readdirSync(`${folder}/run/lintel`), ['secrets']);
  assert.deepEqual(readdirSync(`${folder}/run/lintel/secrets`), []);
  assert.equal(modeOf(`${folder}/run/lintel/secrets`), 0o700);
  assert.equal(statSync(`${folder}/run/lintel/secrets`).uid, WORKBENCH.uid);
  assert.deepEqual(readdirSync(`${folder}/precious`), ['file']);
});
