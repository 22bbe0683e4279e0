import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ResponseOf } from '../../src/control/routes.ts';
import { bootWorkbench, LASTING, WAIT } from './workbench.ts';

const ODD = 'it\'s "quoted" $(id) `id` \\ and\ntwo lines';
const FILES = {
  '/etc/services.d/web/run': LASTING,
  '/etc/lintel/lintel.env': 'COLOUR=red\nSHAPE=round\n',
  '/etc/lintel/env.d/10-more.env': 'SHAPE=square\n',
  '/etc/cont-init.d/10-first': '#!/bin/sh\necho COLOUR=blue >> "$LINTEL_ENV"\n',
  '/etc/cont-init.d/20-second': '#!/bin/sh\n: > "$LINTEL_RUNTIME_DIR/env/DOOMED"\n',
  '/srv/note': 'hunter2',
};

describe('lintel env', () => {
  test('shows what a process of the workbench user gets, byte for byte, and masks secrets', async t => {
    const { root, run } = bootWorkbench(
      t,
      { ...FILES, '/etc/services.d/web/run': '#!/bin/sh\nenv -0 > "$HOME/seen"\nexec sleep 9999\n' },
      { environment: { ODD, HF_TOKEN: 'hunter1', COLOUR: 'green', DOOMED: '1' } },
    );
    assert.equal((await run(WAIT)).stdout, 'ready\n');
    const { stdout, code } = await run(['env', '--json', '--reveal']);
    assert.equal(code, 0);
    const { variables } = JSON.parse(stdout) as ResponseOf<'environment'>;
    const shown = Object.fromEntries(variables.map(({ name, value = '' }) => [name, value]));
    const seen = Object.fromEntries(
      root
        .read('/home/ada/seen')
        .split('\0')
        .slice(0, -1)
        .map(entry => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
    );
    // A service's own, and its shell's.
    const { LINTEL_SERVICE: _service, PYTHONUNBUFFERED: _python, PWD: _pwd, ...common } = seen;
    assert.deepEqual(shown, common);
    assert.equal(shown['ODD'], ODD);

    const masked = (await run(['env'])).stdout;
    assert.doesNotMatch(masked, /hunter/);
    assert.match(masked, /^HF_TOKEN=\*\*\*$/m);
    assert.match(masked, /^COLOUR=blue$/m);
    assert.doesNotMatch(masked, /DOOMED/);
    assert.match((await run(['env', '--reveal'])).stdout, /^HF_TOKEN=hunter1$/m);
  });

  test('explain says which file, variable or script set one, and what it replaced', async t => {
    const { root, run } = bootWorkbench(t, FILES, {
      environment: { COLOUR: 'green', DOOMED: '1', FILE__NOTE: undefined },
    });
    assert.equal((await run(WAIT)).stdout, 'ready\n');
    const explain = async (name: string) => {
      const { stdout, code } = await run(['env', 'explain', name]);
      return { stdout: stdout.replaceAll(root.at(''), ''), code };
    };
    assert.deepEqual(await explain('COLOUR'), {
      code: 0,
      stdout: [
        'COLOUR=blue',
        '  /etc/lintel/lintel.env set it to red',
        '  container replaced that by green',
        '  script 10-first replaced that by blue',
        '',
      ].join('\n'),
    });
    assert.match((await explain('SHAPE')).stdout, /lintel\.env set it to round\n.*10-more\.env replaced/);
    assert.deepEqual(await explain('DOOMED'), {
      code: 0,
      stdout: 'DOOMED is not set\n  container set it to 1\n  script 20-second took it away\n',
    });
    assert.deepEqual(await explain('LINTEL_RUNTIME_DIR'), {
      code: 0,
      stdout: 'LINTEL_RUNTIME_DIR=/run/lintel\n  Lintel set it to /run/lintel\n',
    });
    assert.deepEqual(await explain('COLOR'), {
      code: 1,
      stdout: 'COLOR is not set: nobody set it; perhaps COLOUR is meant\n',
    });
    assert.deepEqual(await explain('LINTEL_STRICT'), {
      code: 1,
      stdout: 'LINTEL_STRICT is not set: nobody set it\n  what it would do: lintel help LINTEL_STRICT\n',
    });
    assert.match((await explain('CONDA_REPOSITRY')).stdout, /; perhaps CONDA_REPOSITORY is meant\n$/);
    const json = await run(['env', 'explain', 'COLOUR', '--json']);
    assert.equal((JSON.parse(json.stdout) as ResponseOf<'explanation'>).changes.length, 3);
  });

  test('explain names the file where a tool has set the same', async t => {
    const { root, run } = bootWorkbench(t, FILES, {
      environment: { PIP_REPOSITORY: 'https://mirror.example/simple' },
    });
    assert.equal((await run(WAIT)).stdout, 'ready\n');
    const { stdout, code } = await run(['env', 'explain', 'PIP_INDEX_URL']);
    assert.deepEqual(
      [stdout.replaceAll(root.at(''), ''), code],
      [
        [
          'PIP_INDEX_URL is not set: nobody set it',
          '  tool pip has set that elsewhere: index https://mirror.example/simple (/etc/pip.conf)',
          '',
        ].join('\n'),
        1,
      ],
    );
  });

  test('takes the place of a secret for none', async t => {
    const { run } = bootWorkbench(t, FILES, { environment: { HF_TOKEN: 'hunter1' } });
    assert.equal((await run(WAIT)).stdout, 'ready\n');
    const { variables } = JSON.parse((await run(['env', '--json'])).stdout) as ResponseOf<'environment'>;
    const secrets = variables.filter(({ isSecret }) => isSecret).map(({ name }) => name);
    assert.deepEqual(secrets, ['HF_TOKEN']);
  });

  test('knows who a variable came from when settings were read again', async t => {
    const { root, run } = bootWorkbench(
      t,
      {
        ...FILES,
        '/etc/cont-init.d/30-mirror':
          '#!/bin/sh\necho PIP_REPOSITORY=https://mirror.example/simple >> "$LINTEL_ENV"\necho FILE__LATE=/proc/self/comm >> "$LINTEL_ENV"\n',
      },
      { environment: { COLOUR: 'green', FILE__NOTE: '/proc/self/comm' } },
    );
    assert.equal((await run(WAIT)).stdout, 'ready\n');
    const explain = async (name: string) =>
      (await run(['env', 'explain', name])).stdout.replaceAll(root.at(''), '');
    assert.match(await explain('COLOUR'), /container replaced that by green\n {2}script 10-first/);
    assert.match(await explain('PIP_REPOSITORY'), /^ {2}script 30-mirror set it to https/m);
    assert.equal(await explain('NOTE'), 'NOTE=***\n  FILE__NOTE=/proc/self/comm set it to ***\n');
    assert.equal(await explain('LATE'), 'LATE=***\n  FILE__LATE=/proc/self/comm set it to ***\n');
    assert.match(await explain('HOME'), /^ {2}workbench user /m);
  });

  test('says in which way it is used wrongly, and that nothing runs', async t => {
    const { run, lintel } = bootWorkbench(t, FILES);
    assert.equal((await run(WAIT)).stdout, 'ready\n');
    assert.equal((await run(['env', 'explain'])).code, 2);
    assert.equal((await run(['env', 'COLOUR'])).code, 2);
    assert.equal((await run(['env', 'explain', 'A', '--reveal'])).code, 2);
    await lintel.stop();
    assert.equal((await run(['env'])).code, 3);
  });
});
