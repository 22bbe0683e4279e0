import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Environment } from '../../src/launch/environ.ts';
import { makeSessionLines, renderEnvironmentR, renderRenviron } from '../../src/tools/r-environment.ts';
import { makeFolder } from '../facts/folder.ts';
import { NEEDS_ROOT } from '../rig.ts';
import { ODD_VALUES } from './odd-values.ts';

const R = '/usr/bin/Rscript';
const RUNTIME = { LINTEL_RUNTIME_DIR: '/run/lintel' };

describe('an R session that Lintel did not start', {
  skip: !existsSync(R) && `${R} is not installed`,
}, () => {
  /** What the session sees of `environment`, and of its own. */
  function read(
    t: Parameters<typeof makeFolder>[0],
    own: Environment,
    environment: Environment,
    change: (folder: string) => void = () => undefined,
    [program, ...flags]: readonly [string, ...string[]] = [R],
  ): Environment {
    const folder = makeFolder(t, {}).path;
    writeFileSync(join(folder, 'Renviron'), renderRenviron(environment));
    writeFileSync(join(folder, 'environment.R'), renderEnvironmentR(environment));
    writeFileSync(join(folder, '.Rprofile'), `${makeSessionLines(folder).join('\n')}\n`);
    change(folder);
    // As the site's own file, which no variable names: R reads the user's at the same moment.
    const { stdout, stderr, status } = spawnSync(
      program,
      [...flags, '-e', 'system("exec /usr/bin/env -0")'],
      {
        env: { PATH: '/usr/bin:/bin', HOME: folder, ...own },
      },
    );
    assert.equal(status, 0, stderr.toString());
    assert.equal(stderr.toString(), '');
    const entries = stdout.toString().split('\0').slice(0, -1);
    const seen = new Map(
      entries.map(entry => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
    );
    const names = [...Object.keys(environment), ...Object.keys(own)].filter(name => seen.has(name));
    return Object.fromEntries(names.map(name => [name, seen.get(name) ?? '']));
  }

  for (const [LC_ALL, command] of [
    ['C', [R]],
    ['C.UTF-8', ['/usr/bin/R', '--no-save', '--no-echo']],
  ] as const)
    test(`has every value as it is, in locale ${LC_ALL}: ${command.join(' ')}`, t => {
      const environment = { ...RUNTIME, ...ODD_VALUES };
      const seen = read(t, { LC_ALL }, environment, undefined, command);
      assert.deepEqual(seen, { ...environment, LC_ALL });
      assert.equal(existsSync('/tmp/evaluated'), false);
    });

  test('reads the profile that R would have read, had it known the environment', t => {
    const profile = makeFolder(t, { 'own.R': 'Sys.setenv(FROM_PROFILE = Sys.getenv("A"))\n' }).at('own.R');
    const seen = read(t, {}, { ...RUNTIME, A: 'a', R_PROFILE: profile, FROM_PROFILE: '' });
    assert.deepEqual([seen['FROM_PROFILE'], seen['R_PROFILE']], ['a', profile]);
  });

  test('keeps what it has of its own, and the folders of its PATH behind ours', t => {
    const environment = { ...RUNTIME, A: 'a', B: 'b', PATH: '/opt/conda/bin:/usr/bin' };
    const own = { A: 'own', PATH: '/usr/lib/rstudio-server/bin:/usr/bin:/bin' };
    assert.deepEqual(read(t, own, environment), {
      ...RUNTIME,
      A: 'own',
      B: 'b',
      PATH: '/opt/conda/bin:/usr/lib/rstudio-server/bin:/usr/bin:/bin',
    });
  });

  test('that inherits the environment is left alone', t => {
    const own = { LINTEL_RUNTIME_DIR: '/elsewhere' };
    assert.deepEqual(read(t, own, { ...RUNTIME, A: 'unset on purpose' }), own);
  });

  test('does without the files, and without another user’s', { skip: NEEDS_ROOT }, t => {
    const environment = { ...RUNTIME, A: 'a' };
    const remove = (folder: string) => rmSync(join(folder, 'Renviron'));
    assert.deepEqual(read(t, {}, environment, remove), {});
    const give = (folder: string) => chownSync(join(folder, 'environment.R'), 1234, 1234);
    assert.deepEqual(read(t, {}, environment, give), {});
  });
});
