import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Environment } from '../../src/launch/environ.ts';
import { renderEnvSh } from '../../src/tools/shell-environment.ts';
import { makeFolder } from '../facts/folder.ts';
import { ODD_VALUES } from './odd-values.ts';

const DEBIANS = '/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games';
const OURS = '/opt/conda/bin:/usr/bin:/bin';
const RUNTIME = { LINTEL_RUNTIME_DIR: '/run/lintel' };

/** Command lines that read the file $1 and then show their environment. */
const LINE = '. "$1" && exec /usr/bin/env -0';
const SHELLS = [
  ['/bin/dash', '-eu'],
  ['/bin/bash', '-eu'],
  ['/usr/bin/busybox', 'sh', '-eu'],
  ['/bin/zsh', '-f'],
  ['/bin/ksh'],
].filter(([program = '']) => existsSync(program));

for (const shell of SHELLS) {
  describe(`env.sh in ${shell.join(' ')}`, () => {
    const read = (
      t: Parameters<typeof makeFolder>[0],
      own: Environment,
      environment: Environment,
      given: Environment = {},
    ): Environment => {
      const file = join(makeFolder(t, {}).path, 'env.sh');
      writeFileSync(file, renderEnvSh(given, environment));
      const [program = '', ...flags] = shell;
      const { stdout, stderr, status } = spawnSync(program, [...flags, '-c', LINE, 'sh', file], { env: own });
      assert.equal(status, 0, stderr.toString());
      const {
        PWD: _,
        OLDPWD: __,
        SHLVL: ___,
        _: ____,
        ...seen
      } = Object.fromEntries(
        stdout
          .toString()
          .split('\0')
          .slice(0, -1)
          .map(entry => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
      );
      return seen;
    };

    test('sets every value as it is, and evaluates none', t => {
      const environment = { ...RUNTIME, ...ODD_VALUES };
      assert.deepEqual(read(t, { PATH: '/bin' }, environment), { PATH: '/bin', ...environment });
      assert.equal(existsSync('/tmp/evaluated'), false);
    });

    test('sets only what is unset or empty', t => {
      const seen = read(t, { PATH: '/bin', A: 'own', B: '' }, { ...RUNTIME, A: 'a', B: 'b', C: '' });
      assert.deepEqual(seen, { PATH: '/bin', ...RUNTIME, A: 'own', B: 'b', C: '' });
    });

    test('sets nothing where the environment has been handed on already', t => {
      const own = { PATH: '/bin', LINTEL_RUNTIME_DIR: '/elsewhere' };
      assert.deepEqual(read(t, own, { ...RUNTIME, A: 'unset on purpose' }), own);
    });

    test('leaves who somebody is, where and on what, and names that are no shell’s', t => {
      const theirs = { HOME: '/h', USER: 'u', LOGNAME: 'l', SHELL: '/s', TERM: 't', PWD: '/p', SHLVL: '9' };
      const odd = { 'a.b': 'dot', 'BASH_FUNC_f%%': '() { id; }', LINTEL_PREVIOUS_PASSWORD: 'x', IFS: ',' };
      assert.deepEqual(read(t, { PATH: '/bin' }, { ...RUNTIME, ...theirs, ...odd }), {
        PATH: '/bin',
        ...RUNTIME,
      });
    });

    test('brings PATH back where /etc/profile has reset it, and only there', t => {
      const environment = { ...RUNTIME, PATH: OURS };
      assert.equal(read(t, { PATH: DEBIANS }, environment)['PATH'], OURS);
      assert.equal(read(t, { PATH: DEBIANS, ...RUNTIME }, environment)['PATH'], OURS);
      assert.equal(read(t, { PATH: `/mine:${DEBIANS}` }, environment)['PATH'], `/mine:${DEBIANS}`);
      assert.equal(read(t, { PATH: '/usr/bin:/bin', ...RUNTIME }, environment)['PATH'], '/usr/bin:/bin');
      const given = { PATH: '/image/bin:/bin' };
      assert.equal(read(t, { PATH: '/image/bin:/bin' }, environment, given)['PATH'], OURS);
    });
  });
}
