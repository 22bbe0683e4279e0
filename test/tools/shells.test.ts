import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { PROFILE_HOOK, renderProfileHook, shells } from '../../src/tools/shells.ts';
import { makeConfig, makeFacts, makeSettings } from '../facts-fixture.ts';

const HOOK = renderProfileHook('');
const LINE = `if [ -r ${PROFILE_HOOK} ]; then . ${PROFILE_HOOK}; fi`;
const BLOCK = `# lintel: begin (set at every boot; edits here are lost)\n${LINE}\n# lintel: end\n`;
const profile = makeConfig(PROFILE_HOOK);
const closed = { isWritable: false };

const configure = (given: Parameters<typeof makeFacts>[0]) =>
  shells.configure(makeSettings(), makeFacts(given))?.files;

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
