import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { startsByStacks } from '../../src/steps/hooks.ts';
import { type BootOptions, type Files, makeRoot } from '../rig.ts';

const START = '/usr/local/bin/start-notebook.d';
const BEFORE = '/usr/local/bin/before-notebook.d';
const ODD = 'it\'s "odd" $(id) `id` \\ and\ntwo lines';
const LINTEL = join(dirname(dirname(import.meta.dirname)), 'dist/lintel.cjs lintel');
const SHOW = ['/usr/bin/env', '-0'];

describe('hooks of docker-stacks', () => {
  type Test = Parameters<typeof makeRoot>[0];
  async function run(t: Test, files: Files, options: BootOptions = {}) {
    const lintel = makeRoot(t, files).boot({ command: SHOW, ...options });
    const { stdout, stderr, code } = await lintel.end();
    const entries = stdout.split('\0').filter(entry => entry.includes('='));
    const seen: Record<string, string | undefined> = Object.fromEntries(
      entries.map(entry => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
    );
    return { seen, stderr, code };
  }

  test('are sourced in one shell, folder by folder, and their environment is everybody’s', async t => {
    const { seen, stderr } = await run(
      t,
      {
        [`${START}/10-a.sh`]: 'local_one=1; export A=1 GONE_TOO=; unset DOOMED; set -eu; set -a\n',
        [`${START}/20-b.sh`]: 'export B="$A$local_one"; export COPY="$ODD"; echo "said by b"; false\n',
        [`${START}/30-run`]: '#!/bin/sh\necho "run with B=$B"; export B=lost\n',
        [`${BEFORE}/10-c.sh`]: 'export C="$B" PATH="/opt/new/bin:$PATH"; cd /tmp\n',
      },
      { environment: { ODD, DOOMED: '1', 'a.b': 'kept' } },
    );
    const { A, B, C, COPY, DOOMED, PATH = '' } = seen;
    assert.deepEqual({ A, B, C, COPY, DOOMED }, { A: '1', B: '11', C: '11', COPY: ODD, DOOMED: undefined });
    assert.deepEqual([seen['a.b'], seen['_START_SH_EXECUTED']], ['kept', '1']);
    assert.match(PATH, /^\/opt\/new\/bin:/);
    assert.deepEqual(
      Object.keys(seen).filter(name => name.startsWith('lintel__')),
      [],
    );
    assert.match(stderr, /^start-notebook\.d \| said by b$/m);
    assert.match(stderr, /^start-notebook\.d \| run with B=11$/m);
    assert.match(stderr, /warning: hooks of .*start-notebook\.d have failed: 20-b\.sh \(exit code 1\)$/m);
    assert.match(stderr, /hooks of .*before-notebook\.d done/);
  });

  test('that decide nothing of the tools make the boot say nothing of them again', async t => {
    const script = '#!/bin/sh\necho PIP_REPOSITORY=https://mirror.example/simple >> "$LINTEL_ENV"\n';
    const { stderr } = await run(t, {
      '/etc/cont-init.d/10-mirror': script,
      [`${START}/10-a.sh`]: 'export DARK_MODE=0\n',
    });
    assert.equal(stderr.split('lintel: pip: index').length, 2, stderr);
  });

  test('are named as the source of what they set', async t => {
    const { stdout } = await makeRoot(t, { [`${START}/10-a.sh`]: 'export COLOUR=blue\n' })
      .boot({
        command: ['sh', '-c', `${LINTEL} ready --timeout 20s >&2; exec ${LINTEL} env explain COLOUR`],
        environment: { COLOUR: 'red' },
      })
      .end();
    assert.equal(
      stdout,
      'COLOUR=blue\n  container set it to red\n  hooks start-notebook.d replaced that by blue\n',
    );
  });

  test('that fail, end the shell or are none are named, and the boot goes on', async t => {
    const { seen, stderr, code } = await run(t, {
      [`${START}/10-a.sh`]: 'export A=1\n',
      [`${START}/20-text`]: 'no hook\n',
      [`${START}/30-run`]: '#!/bin/sh\nexit 3\n',
      [`${START}/40-end.sh`]: 'export B=1; exit 7\n',
      [`${START}/50-never.sh`]: 'export C=1\n',
    });
    assert.equal(code, 0);
    assert.deepEqual(
      [seen['A'], seen['B'], seen['C'], seen['_START_SH_EXECUTED']],
      ['1', '1', undefined, '1'],
    );
    assert.match(
      stderr,
      /have failed: 20-text \(neither a \.sh file nor executable\) 30-run \(exit code 3\) 40-end\.sh \(ended the shell with 7, those after it were not run\)$/m,
    );
  });

  test('are not run where docker-stacks’ own start script does it, or has done it', async t => {
    const files = { [`${START}/10-a.sh`]: 'export A=1\n' };
    const done = await run(t, files, { environment: { _START_SH_EXECUTED: '1' } });
    assert.equal(done.seen['A'], undefined);
    const own = { ...files, '/opt/start.sh': '#!/bin/sh\nexec /usr/bin/env -0\n' };
    const root = makeRoot(t, own);
    const { stdout } = await root
      .boot({
        command: ['start.sh'],
        environment: { PATH: `${root.at('/opt')}:/usr/bin:/bin`, JUPYTER_ENV_VARS_TO_UNSET: 'X', X: '1' },
      })
      .end();
    assert.doesNotMatch(stdout, /A=1|_START_SH_EXECUTED/);
    assert.match(stdout, /\0X=1\0/, 'its own start script takes it away');
  });

  test('see what JUPYTER_ENV_VARS_TO_UNSET takes from services and CMD', async t => {
    const root = makeRoot(t, {
      [`${START}/10-a.sh`]: 'export SEEN="$ADMIN_TOKEN"\n',
      '/etc/services.d/web/run':
        '#!/bin/sh\n/usr/bin/env > "$HOME/part"; mv "$HOME/part" "$HOME/service"\nexec sleep 9999\n',
    });
    const lintel = root.boot({
      command: ['sh', '-c', 'while ! [ -e "$HOME/service" ]; do sleep 0.05; done; exec /usr/bin/env'],
      environment: { JUPYTER_ENV_VARS_TO_UNSET: 'ADMIN_TOKEN,OTHER', ADMIN_TOKEN: 'hunter2' },
    });
    const { stdout } = await lintel.end();
    for (const seen of [stdout, root.read('/home/ada/service'), root.read('/run/lintel/env.sh')]) {
      assert.doesNotMatch(seen, /^(ADMIN_TOKEN|JUPYTER_ENV_VARS_TO_UNSET)=|export ADMIN_TOKEN/m);
      assert.match(seen, /SEEN='?hunter2/);
    }
    assert.equal(existsSync(root.at('/run/lintel/hooks.env')), false);
  });

  for (const [words, isTheirs] of [
    ['start.sh', true],
    ['start-notebook.py --port 1', true],
    ['/usr/local/bin/start-singleuser.sh', true],
    ['tini -g -- start-notebook.sh', true],
    ['/opt/app/start.sh', false],
    ['restart.sh', false],
    ['python start', false],
    ['', false],
  ] as const)
    test(`${words === '' ? 'no CMD' : words}: ${isTheirs ? 'runs them itself' : 'leaves them to Lintel'}`, () => {
      assert.equal(startsByStacks({ command: words.split(' ') }), isTheirs);
    });
});
