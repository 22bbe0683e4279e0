import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { test } from 'node:test';
import {
  type BootOptions,
  type End,
  IS_ROOT,
  makeRoot,
  NEEDS_ROOT,
  PYTHON,
  type Root,
  WORKBENCH,
} from '../rig.ts';

const SETTINGS = '/home/ada/.local/share/code-server/User/settings.json';
const PROGRAMS = { '/opt/bin/code-server': '#!/bin/sh\n', '/usr/lib/rstudio-server/VERSION': '' };
const NEEDS_JUPYTER =
  spawnSync(PYTHON, ['-c', 'import jupyter_server']).status !== 0 && 'jupyter_server is not installed';

function boot(
  root: Root,
  environment: Readonly<Record<string, string>>,
  options: BootOptions = {},
): Promise<End> {
  const PATH = `${root.at('/opt/bin')}:/usr/local/bin:/usr/bin:/bin`;
  return root.boot({ ...options, command: ['/usr/bin/env'], environment: { PATH, ...environment } }).end();
}

function giveHome(root: Root): void {
  if (IS_ROOT) execFileSync('chown', ['-RPh', `${WORKBENCH.uid}:${WORKBENCH.gid}`, root.at('/home/ada')]);
}

test('DARK_MODE darkens code-server and RStudio in the user’s own files, and lets go of them', async t => {
  const root = makeRoot(t, { ...PROGRAMS, [SETTINGS]: '{\n    // mine\n    "editor.fontSize": 20\n}\n' });
  giveHome(root);
  const { stderr } = await boot(root, { DARK_MODE: 'true' });
  assert.match(stderr, /^lintel: appearance: dark mode for JupyterLab, code-server, rstudio$/m);
  assert.equal(
    root.read(SETTINGS),
    '{\n    // mine\n    "editor.fontSize": 20,\n    "workbench.colorTheme": "Default Dark Modern"\n}\n',
  );
  assert.equal(
    root.read('/home/ada/.config/rstudio/rstudio-prefs.json'),
    '{\n    "editor_theme": "Vibrant Ink"\n}\n',
  );
  for (const path of [SETTINGS, '/home/ada/.config', '/home/ada/.local/state/lintel/appearance.json'])
    assert.equal(lstatSync(root.at(path)).uid, WORKBENCH.uid, path);
  const { ino } = lstatSync(root.at(SETTINGS));
  await boot(root, { DARK_MODE: 'true' });
  assert.equal(lstatSync(root.at(SETTINGS)).ino, ino);
  await boot(root, {});
  assert.equal(root.read(SETTINGS), '{\n    // mine\n    "editor.fontSize": 20\n}\n');
  assert.equal(existsSync(root.at('/home/ada/.local/state/lintel/appearance.json')), false);
  assert.deepEqual(readdirSync(root.at('/etc/jupyter/labconfig/default_setting_overrides.d')), []);
});

for (const isUnprivileged of [false, true]) {
  test(`JupyterLab’s defaults are dark, by its own rules${isUnprivileged ? ', where /etc can’t be written' : ''}`, {
    skip: NEEDS_JUPYTER || (isUnprivileged && NEEDS_ROOT),
  }, async t => {
    const root = makeRoot(t);
    const { stdout } = await boot(root, { DARK_MODE: '1' }, { isUnprivileged });
    const given = /^JUPYTER_CONFIG_PATH=(.*)$/m.exec(stdout)?.[1];
    assert.equal(given === undefined, !isUnprivileged && IS_ROOT);
    // Where the variable is not needed the file stands below this root's /etc, which is not Jupyter's here. The folder
    // of the runtime state is gone with Lintel's next start only.
    const read = spawnSync(PYTHON, [
      '-c',
      'import sys; from jupyter_server.services.config import ConfigManager; print(ConfigManager(read_config_path=[sys.argv[1]]).get("default_setting_overrides"))',
      given === undefined ? root.at('/etc/jupyter/labconfig') : `${given}/labconfig`,
    ]);
    assert.equal(
      read.stdout.toString().trim(),
      "{'@jupyterlab/apputils-extension:themes': {'theme': 'JupyterLab Dark'}}",
      read.stderr.toString(),
    );
  });
}

test('a link in the home leads root nowhere, neither to write nor to read', { skip: NEEDS_ROOT }, async t => {
  const root = makeRoot(t, { ...PROGRAMS, '/srv/private/settings.json': '{"token": "hunter2"}' });
  chmodSync(root.at('/srv/private'), 0o700);
  chmodSync(root.at('/srv/private/settings.json'), 0o600);
  mkdirSync(root.at('/srv/private/User'));
  const private_ = () => readdirSync(root.at('/srv/private'), { recursive: true }).sort();
  const before = private_();
  const links: Readonly<Record<string, string>> = {
    '/home/ada/.local': '/srv/private',
    '/home/ada/.local/share': '/srv/private',
    '/home/ada/.local/share/code-server': '/srv/private',
    '/home/ada/.local/share/code-server/User': '/srv/private',
    [SETTINGS]: '/srv/private/settings.json',
    '/home/ada/.config': '/srv/private',
    '/home/ada/.config/rstudio': '/srv/private',
    '/home/ada/.config/rstudio/rstudio-prefs.json': '/srv/private/settings.json',
    '/home/ada/.local/state': '/srv/private',
    '/home/ada/.local/state/lintel': '/srv/private',
    '/home/ada/.local/state/lintel/appearance.json': '/srv/private/settings.json',
  };
  for (const [link, target] of Object.entries(links)) {
    for (const name of ['.local', '.config'])
      rmSync(root.at(`/home/ada/${name}`), { recursive: true, force: true });
    mkdirSync(root.at(link.slice(0, link.lastIndexOf('/'))), { recursive: true });
    symlinkSync(root.at(target), root.at(link));
    giveHome(root);
    const { code, stderr } = await boot(root, { DARK_MODE: 'true' });
    assert.equal(code, 0, stderr);
    assert.deepEqual(private_(), before, link);
    assert.equal(root.read('/srv/private/settings.json'), '{"token": "hunter2"}', link);
    const { stdout } = spawnSync('grep', ['-rl', 'hunter2', root.at('/home/ada')]);
    assert.equal(stdout.toString(), '', link);
  }
});
