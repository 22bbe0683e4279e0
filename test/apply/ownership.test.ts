import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type Giving, giveOwnership } from '../../src/apply/ownership.ts';
import { NEEDS_ROOT } from '../rig.ts';

const TO = { uid: 2000, gid: 3000 };
const NEVER = new AbortController().signal;

/** A folder of root's that is gone after the test, and in it the home of a user with some trouble in it. */
function makeHome(t: TestContext) {
  const top = mkdtempSync(join(tmpdir(), 'lintel-owner-'));
  t.after(() => rmSync(top, { recursive: true, force: true }));
  chmodSync(top, 0o755);
  const home = join(top, 'home');
  mkdirSync(join(home, 'deep/er'), { recursive: true });
  writeFileSync(join(home, 'deep/er/file'), 'x');
  return {
    top,
    home,
    at: (name: string) => join(home, name),
    give: (difference: Partial<Giving> = {}) =>
      giveOwnership({ path: home, to: TO, isRecursive: true, ...difference }, NEVER),
  };
}

function ownerOf(path: string): string {
  const { uid, gid } = lstatSync(path);
  return `${uid}:${gid}`;
}

describe('what has the wrong owner is given', { skip: NEEDS_ROOT }, () => {
  test('with all that is in it, once', async t => {
    const { home, at, give } = makeHome(t);
    assert.deepEqual(await give(), { changed: 4, seen: 4, failed: 0, linkedElsewhere: 0, cause: undefined });
    for (const name of ['deep', 'deep/er', 'deep/er/file', '']) assert.equal(ownerOf(at(name)), '2000:3000');
    assert.deepEqual((await give()).changed, 0);
    assert.equal(ownerOf(home), '2000:3000');
  });

  test('alone where nothing below it is asked for', async t => {
    const { home, at, give } = makeHome(t);
    assert.equal((await give({ isRecursive: false })).changed, 1);
    assert.deepEqual([ownerOf(home), ownerOf(at('deep'))], ['2000:3000', '0:0']);
  });

  test('whatever it is: a link itself, a fifo, a device, a file with an odd name', async t => {
    const { top, at, give } = makeHome(t);
    writeFileSync(join(top, 'outside'), '');
    symlinkSync(join(top, 'outside'), at('link'));
    symlinkSync('/no/such/place', at('dangling'));
    const { status } = spawnSync(
      'sh',
      ['-c', 'mkfifo fifo; mknod device c 1 3; : > "$(printf "odd\\377")"'],
      {
        cwd: at(''),
      },
    );
    assert.equal(status, 0);
    const { failed, changed } = await give();
    assert.deepEqual({ failed, changed }, { failed: 0, changed: 9 });
    for (const name of ['link', 'dangling', 'fifo', 'device'])
      assert.equal(ownerOf(at(name)), '2000:3000', name);
    assert.equal(ownerOf(join(top, 'outside')), '0:0');
  });

  test('but not by way of a link to a folder', async t => {
    const { top, at, give } = makeHome(t);
    mkdirSync(join(top, 'outside'));
    writeFileSync(join(top, 'outside/file'), '');
    symlinkSync(join(top, 'outside'), at('deep/link'));
    await give();
    assert.deepEqual([ownerOf(join(top, 'outside')), ownerOf(join(top, 'outside/file'))], ['0:0', '0:0']);
  });

  test('but not a file with another name outside, which may be the system’s', async t => {
    const { top, at, give } = makeHome(t);
    writeFileSync(join(top, 'shadow'), 'secret');
    linkSync(join(top, 'shadow'), at('planted'));
    linkSync(join(top, 'shadow'), at('deep/planted'));
    const { changed, linkedElsewhere } = await give();
    assert.deepEqual({ changed, linkedElsewhere }, { changed: 4, linkedElsewhere: 1 });
    assert.equal(ownerOf(join(top, 'shadow')), '0:0');
  });

  test('but a file with all its names inside, as conda makes them', async t => {
    const { at, give } = makeHome(t);
    linkSync(at('deep/er/file'), at('second'));
    linkSync(at('deep/er/file'), at('third'));
    const { linkedElsewhere } = await give();
    assert.deepEqual([linkedElsewhere, ownerOf(at('third'))], [0, '2000:3000']);
  });

  test('only of that owner where one is named, and its group only where it was theirs', async t => {
    const { at, give } = makeHome(t);
    chownSync(at('deep'), 1000, 100);
    chownSync(at('deep/er'), 1000, 44);
    await give({ from: { uid: 1000, gid: 100 } });
    assert.deepEqual(
      ['deep', 'deep/er', 'deep/er/file', ''].map(name => ownerOf(at(name))),
      ['2000:3000', '2000:44', '0:0', '0:0'],
    );
  });

  test('on the way there through a link of root’s, through none of another’s', async t => {
    const { top, home, give } = makeHome(t);
    symlinkSync('home', join(top, 'roots'));
    assert.equal((await give({ path: join(top, 'roots/deep') })).changed, 3);
    symlinkSync(home, join(top, 'theirs'));
    lchownSync(join(top, 'theirs'), 1000, 1000);
    const refused = await give({ path: join(top, 'theirs/deep'), to: { uid: 1, gid: 1 } });
    assert.deepEqual(refused, {
      changed: 0,
      seen: 0,
      failed: 1,
      linkedElsewhere: 0,
      cause: 'theirs is a link that others than root could have made',
    });
    symlinkSync(home, join(home, 'inside'));
    chownSync(home, 1000, 1000);
    assert.equal((await give({ path: join(home, 'inside/deep') })).failed, 1);
  });

  test('and what is not there, or too deep, is said', async t => {
    const { at, give } = makeHome(t);
    assert.equal((await give({ path: at('nothing') })).cause, 'no such file');
    mkdirSync(at(Array(300).fill('d').join('/')), { recursive: true });
    const { failed, cause } = await give();
    assert.deepEqual([failed, cause], [1, 'more than 256 folders in one another']);
  });

  test('while the event loop goes on', async t => {
    const { at, give } = makeHome(t);
    for (let number = 0; number < 3000; number++) writeFileSync(at(`file-${number}`), '');
    let turns = 0;
    const count = setInterval(() => {
      turns += 1;
    }, 1);
    const startMs = performance.now();
    assert.equal((await give()).changed, 3004);
    const tookMs = performance.now() - startMs;
    clearInterval(count);
    assert.ok(turns >= Math.floor(tookMs / 40), `${turns} turns of the loop in ${tookMs} ms`);
  });

  test('until a stop is asked for', async t => {
    const { home } = makeHome(t);
    const { changed } = await giveOwnership({ path: home, to: TO, isRecursive: true }, AbortSignal.abort());
    assert.equal(changed, 0);
  });
});
