import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { readHooks } from '../../src/facts/hooks.ts';
import { startsByStacks } from '../../src/steps/hooks.ts';
import { type BootOptions, type Files, makeRoot } from '../rig.ts';

const START = '/usr/local/bin/start-notebook.d';
const BEFORE = '/usr/local/bin/before-notebook.d';
const ODD = 'it\'s "odd" $(id) `id` \\ and\ntwo lines';
const LINTEL = join(dirname(dirname(import.meta.dirname)), 'dist/lintel.cjs lintel');
const SINGLEUSER = 'command = ["/usr/local/bin/start-singleuser.py"]';
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

  test('are run where docker-stacks’ start script leaves them to an ENTRYPOINT that was start.sh', async t => {
    const root = makeRoot(t, {
      [`${START}/10-a.sh`]: 'export A=1\n',
      '/usr/local/bin/start-notebook.py': `#!/bin/sh\n# ENTRYPOINT is start.sh ${SINGLEUSER}\nexec /usr/bin/env\n`,
    });
    const environment = { PATH: `${root.at('/usr/local/bin')}:/usr/bin:/bin` };
    const { stdout } = await root.boot({ command: ['start-notebook.py'], environment }).end();
    assert.match(stdout, /^A=1$/m);
    assert.match(stdout, /^_START_SH_EXECUTED=1$/m);
  });

  const OLD = ['start.sh', 'start-notebook.sh', 'start-singleuser.sh'];
  const NEW = ['start.sh'];
  const CONDA = 'conda run --no-capture-output -n birdy --cwd /srv /usr/local/bin/start-notebook.sh';
  for (const [words, starters, isTheirs] of [
    ['start.sh', NEW, true],
    ['start-notebook.sh --port 1', OLD, true],
    ['start-notebook.sh --port 1', NEW, false],
    ['start-notebook.py', OLD, false],
    ['/usr/local/bin/start-singleuser.sh', OLD, true],
    ['tini -g -- start-notebook.sh', OLD, true],
    [CONDA, OLD, true],
    [CONDA, NEW, false],
    ['/opt/app/start.sh', OLD, false],
    ['restart.sh', OLD, false],
    ['python start', OLD, false],
    ['', OLD, false],
  ] as const)
    test(`${words === '' ? 'no CMD' : words}: ${isTheirs ? 'runs them itself' : 'leaves them to Lintel'}, where ${starters.length === 1 ? 'only start.sh does' : 'each start script does'}`, () => {
      assert.equal(startsByStacks({ command: words.split(' ') }, { starters }), isTheirs);
    });
});

describe('docker-stacks’ start scripts that run the hooks', () => {
  const CALL_PY = 'exec /usr/local/bin/start-notebook.py "$@"';
  for (const [what, scripts, starters] of [
    ['none where there are none', {}, ['start.sh']],
    [
      'each, until 2023',
      {
        'start.sh': 'exec "$@"',
        'start-notebook.sh': 'exec /usr/local/bin/start-singleuser.sh\n. /usr/local/bin/start.sh jupyter lab',
        'start-singleuser.sh': '. /usr/local/bin/start.sh jupyterhub-singleuser',
      },
      ['start.sh', 'start-notebook.sh', 'start-singleuser.sh'],
    ],
    [
      'by way of another',
      { 'start-notebook.sh': CALL_PY, 'start-notebook.py': 'command = ["/usr/local/bin/start.sh"]' },
      ['start.sh', 'start-notebook.py', 'start-notebook.sh'],
    ],
    [
      'start.sh alone, since 2024',
      {
        'start-notebook.sh': CALL_PY,
        'start-notebook.py': `# Entrypoint is start.sh\n${SINGLEUSER}`,
        'start-singleuser.py': '# Entrypoint is start.sh\ncommand = ["jupyterhub-singleuser"]',
      },
      ['start.sh'],
    ],
  ] as const)
    test(what, t => {
      const files = Object.entries(scripts).map(([name, text]) => [`/usr/local/bin/${name}`, text]);
      assert.deepEqual(readHooks(makeRoot(t, Object.fromEntries(files)).at('')).starters, starters);
    });
});
