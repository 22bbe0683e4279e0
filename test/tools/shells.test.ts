import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { PROFILE_HOOK, renderProfileHook, shells } from '../../src/tools/shells.ts';
import { makeFolder } from '../facts/folder.ts';
import { makeConfig, makeFacts, makeSettings } from '../facts-fixture.ts';
import { NEEDS_ROOT } from '../rig.ts';

const SHELLS = [['/bin/dash'], ['/bin/bash'], ['/usr/bin/busybox', 'sh'], ['/bin/ksh']].filter(
  ([program = '']) => existsSync(program),
);
const HOOK = renderProfileHook('');
const LINE = `if [ -r ${PROFILE_HOOK} ]; then . ${PROFILE_HOOK}; fi`;
const BLOCK = `# lintel: begin (set at every boot; edits here are lost)\n${LINE}\n# lintel: end\n`;
const profile = makeConfig(PROFILE_HOOK);
const closed = { isWritable: false };

const configure = (given: Parameters<typeof makeFacts>[0]) =>
  shells.configure(makeSettings(), makeFacts(given))?.files;

describe('the hook of login shells reads env.sh', { skip: NEEDS_ROOT }, () => {
  const ADAS = { uid: 1000, gid: 1000 };
  const ROOTS = { uid: 0, gid: 0 };
  const OTHERS = { uid: 1234, gid: 1234 };
  const rows = [
    ['/run/lintel', ROOTS, ADAS, true],
    ['/run/lintel', ROOTS, ROOTS, true],
    ['/run/lintel', ADAS, ADAS, true],
    ['/run/lintel', ADAS, ROOTS, false],
    ['/tmp/lintel-1000', ADAS, ADAS, true],
    ['/tmp/lintel-1000', ADAS, ROOTS, false],
    ['/tmp/lintel-1000', OTHERS, ADAS, false],
    ['/dev/shm/lintel-0', ROOTS, ADAS, false],
  ] as const;
  const read = (root: string, who: { uid: number; gid: number }) => {
    const script = join(root, 'hook.sh');
    writeFileSync(script, renderProfileHook(root));
    const line = `. ${script}; echo "$FOUND\${lintel__folder-}"`;
    return SHELLS.map(([program = '', ...flags]) => {
      const { stdout, stderr } = spawnSync(program, [...flags, '-euc', line], {
        ...who,
        env: { FOUND: '' },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      return `${stdout}${stderr}`;
    });
  };
  for (const [folder, owner, reader, isRead] of rows)
    test(`of uid ${owner.uid} in ${folder} ${isRead ? 'for' : 'never for'} uid ${reader.uid}`, t => {
      const root = makeFolder(t, { [`${folder.slice(1)}/env.sh`]: 'FOUND=yes\n' });
      for (const path of [root.at(folder), join(root.at(folder), 'env.sh')])
        chownSync(path, owner.uid, owner.gid);
      for (const said of read(root.path, reader)) assert.equal(said, isRead ? 'yes\n' : '\n');
    });

  test('of nobody who put a link there', t => {
    const root = makeFolder(t, { 'home/project/env.sh': 'FOUND=yes\n', tmp: 'a folder' });
    chownSync(root.at('home/project'), 1000, 1000);
    chownSync(root.at('home/project/env.sh'), 1000, 1000);
    symlinkSync(root.at('home/project'), root.at('tmp/lintel-trap'));
    for (const said of read(root.path, ADAS)) assert.equal(said, '\n');
  });
});

describe('shells find the environment', () => {
  test('by files of /etc, where those can be written', () => {
    const bashrc = makeConfig('/etc/bash.bashrc', '[ -z "$PS1" ] && return\n');
    assert.deepEqual(configure({ shells: { profile, bashrc, userBashrc: undefined } }), [
      { path: PROFILE_HOOK, text: HOOK, mode: 0o644, owner: 'lintel' },
      { path: bashrc.path, text: `${BLOCK}${bashrc.text}`, mode: 0o644, owner: 'lintel' },
    ]);
  });

  test('by the user’s own ~/.bashrc, where /etc is closed', () => {
    const shellFacts = {
      profile: makeConfig(PROFILE_HOOK, HOOK, closed),
      bashrc: makeConfig('/etc/bash.bashrc', 'theirs\n', closed),
      userBashrc: makeConfig('/home/ada/.bashrc', 'own\n'),
    };
    assert.deepEqual(configure({ shells: shellFacts }), [
      { path: '/home/ada/.bashrc', text: `${BLOCK}own\n`, mode: 0o644, owner: 'workbench' },
    ]);
  });

  test('by “lintel run” alone, where neither can be written: that is said', () => {
    const shellFacts = {
      profile: makeConfig(PROFILE_HOOK, HOOK, closed),
      bashrc: makeConfig('/etc/bash.bashrc', 'theirs\n', closed),
      userBashrc: makeConfig('/home/ada/.bashrc', 'own\n'),
    };
    const home = { uid: 1000, gid: 1000, mode: 0o40755, isMount: false, isReadOnly: false, isEmpty: false };
    for (const shut of [
      { ...home, isReadOnly: true },
      { ...home, uid: 0, gid: 0 },
    ]) {
      const facts = makeFacts({ shells: shellFacts, home: shut });
      assert.deepEqual(shells.configure(makeSettings(), facts), {
        files: [],
        env: {},
        notes: [],
        warnings: [
          'a bash that Lintel does not start lacks what the boot adds, since neither /etc/bash.bashrc nor /home/ada/.bashrc can be written: start it by "lintel run -- bash"',
        ],
      });
    }
  });

  test('by what the image’s bash.bashrc holds since it was built, and ~/.bashrc is left alone', () => {
    const bashrc = makeConfig('/etc/bash.bashrc', `${BLOCK}theirs\n`, closed);
    const userBashrc = makeConfig('/home/ada/.bashrc', 'own\n');
    const there = makeConfig(PROFILE_HOOK, HOOK, closed);
    assert.deepEqual(configure({ shells: { profile: there, bashrc, userBashrc } }), []);
  });

  test('and nothing is written that is there already, or would lead nowhere, or can’t be read', () => {
    const done = makeConfig('/etc/bash.bashrc', `${BLOCK}theirs\n`);
    const there = makeConfig(PROFILE_HOOK, HOOK);
    assert.deepEqual(configure({ shells: { profile: there, bashrc: done, userBashrc: undefined } }), []);
    const fresh = makeConfig('/home/ada/.bashrc', 'own\n');
    const missing = makeConfig(PROFILE_HOOK, undefined, closed);
    assert.deepEqual(configure({ shells: { profile: missing, bashrc: undefined, userBashrc: fresh } }), []);
    const odd = makeConfig('/home/ada/.bashrc', undefined, { trouble: 'it is a link' });
    assert.deepEqual(configure({ shells: { profile: there, bashrc: undefined, userBashrc: odd } }), []);
  });

  test('by the hook that an image has from rootfs', () => {
    const shipped = join(dirname(dirname(import.meta.dirname)), 'rootfs', PROFILE_HOOK);
    assert.equal(readFileSync(shipped, 'utf8'), HOOK);
  });
});
