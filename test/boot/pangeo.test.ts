import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { describe, test } from 'node:test';
import { type BootOptions, type Files, makeRoot } from '../rig.ts';

/** As repo2docker's: says that it was there, and hands on. */
const START = '#!/bin/sh\necho "started: $*" >> "$HOME/starts"\nWRAPPED=yes exec "$@"\n';
const SHIPPED = '/usr/local/lib/lintel/services.d';
const LASTING = '#!/bin/sh\necho "wrapped: $WRAPPED, $LINTEL_SERVICE"\nexec sleep 9999\n';
const SHOW = ['/usr/bin/env'];

type Test = Parameters<typeof makeRoot>[0];

async function run(t: Test, files: Files, options: BootOptions = {}) {
  const root = makeRoot(t, files);
  const { stdout, code, stderr } = await root.boot({ command: SHOW, ...options }).end();
  assert.equal(code, 0, stderr);
  const lines = stdout.trimEnd().split('\n');
  const seen: Record<string, string | undefined> = Object.fromEntries(
    lines.map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  return { root, seen, stderr };
}

describe('/srv/start', () => {
  test('is around the CMD and each shipped service, once, and around no service of the image’s', async t => {
    const root = makeRoot(t, {
      '/srv/start': START,
      [`${SHIPPED}/shipped/run`]: LASTING,
      '/etc/services.d/own/run': LASTING,
    });
    const lintel = root.boot({ environment: { LINTEL_SERVICES: '*' } });
    await lintel.waitForText(/^shipped \| wrapped: yes, shipped$/m);
    await lintel.waitForText(/^own \| wrapped: , own$/m);
    await lintel.stop();
    assert.equal(root.read('/home/ada/starts'), `started: ${root.at(`${SHIPPED}/shipped/run`)}\n`);
  });

  test('is around the CMD, unless that begins with it', async t => {
    const { root, seen } = await run(t, { '/srv/start': START });
    assert.equal(seen['WRAPPED'], 'yes');
    const own = root.boot({ command: [root.at('/srv/start'), ...SHOW] });
    assert.match((await own.end()).stdout, /^WRAPPED=yes$/m);
    assert.equal(root.read('/home/ada/starts').split('\n').length, 3, 'two lines, one for each boot');
  });

  test('is repo2docker’s entry program where there is no other', async t => {
    const entry = '/usr/local/bin/repo2docker-entrypoint';
    const { root, seen } = await run(t, { [entry]: START });
    assert.equal(seen['WRAPPED'], 'yes');
    assert.match((await root.boot({ command: [root.at(entry), ...SHOW] }).end()).stdout, /^WRAPPED=yes$/m);
    assert.equal(root.read('/home/ada/starts').split('\n').length, 3, 'two lines, one for each boot');
    const both = await run(t, { [entry]: START, '/srv/start': START.replace('yes', 'here') });
    assert.equal(both.seen['WRAPPED'], 'here');
    assert.equal(both.root.read('/home/ada/starts').split('\n').length, 2, 'one line');
  });

  test('is nothing where it is no program, or Lintel itself', async t => {
    assert.equal((await run(t, { '/srv/start': 'a text' })).seen['WRAPPED'], undefined);
    const root = makeRoot(t, { '/opt/lintel.cjs': START, '/srv/here': '' });
    symlinkSync(root.at('/opt/lintel.cjs'), root.at('/srv/start'));
    assert.doesNotMatch((await root.boot({ command: SHOW }).end()).stdout, /WRAPPED/);
  });
});

describe('the conda environment of Pangeo’s images', () => {
  const FILES = {
    '/srv/conda/envs/notebook/conda-meta/history': '',
    '/opt/conda/envs/other/conda-meta/history': '',
    '/opt/conda/conda-meta/history': '',
  };
  const rows: readonly (readonly [Readonly<Record<string, string>>, string | undefined])[] = [
    [{ CONDA_ENV: 'notebook' }, '/srv/conda/envs/notebook'],
    [{ PANGEO_ENV: 'other', CONDA_ENV: 'notebook' }, '/opt/conda/envs/other'],
    [{ PANGEO_ENV: 'pangeo-notebook', CONDA_ENV: 'notebook' }, '/srv/conda/envs/notebook'],
    [{ CONDA_ENV: 'base' }, '/opt/conda'],
    [{ CONDA_ENV: 'notebook', CONDA_DIR: '/opt/conda' }, undefined],
    [{ CONDA_ENV: '../../conda' }, undefined],
    [{ CONDA_ENV: '' }, undefined],
  ];
  for (const [environment, prefix] of rows)
    test(`${JSON.stringify(environment)}: ${prefix ?? 'none'}`, async t => {
      const { root, seen } = await run(t, FILES, { environment });
      const [first] = (seen['PATH'] ?? '').split(':');
      assert.equal(seen['CONDA_PREFIX'], prefix && root.at(prefix));
      if (prefix === undefined) assert.equal(first, '/usr/local/sbin');
      else assert.equal(first, root.at(`${prefix}/bin`));
    });

  test('comes once on PATH, also where a script has changed that', async t => {
    const { root, seen } = await run(
      t,
      {
        ...FILES,
        '/etc/cont-init.d/10-path':
          '#!/bin/sh\necho "PATH=/opt/new:$PATH" >> "$LINTEL_ENV"\necho PIP_REPOSITORY=https://mirror.example/simple >> "$LINTEL_ENV"\n',
      },
      { environment: { CONDA_ENV: 'notebook' } },
    );
    const folders = (seen['PATH'] ?? '').split(':');
    assert.deepEqual(folders.slice(0, 2), ['/opt/new', root.at('/srv/conda/envs/notebook/bin')]);
    assert.equal(new Set(folders).size, folders.length);
  });
});

test('PANGEO_SCRATCH is the user’s folder below PANGEO_SCRATCH_PREFIX', async t => {
  const prefix = { PANGEO_SCRATCH_PREFIX: 'gs://scratch.example/all/' };
  const { seen } = await run(t, {}, { environment: { ...prefix, JUPYTERHUB_USER: 'ada' } });
  assert.equal(seen['PANGEO_SCRATCH'], 'gs://scratch.example/all/ada/');
  assert.equal((await run(t, {}, { environment: prefix })).seen['PANGEO_SCRATCH'], undefined);
});
