/** examples/pavics, driven as birdhouse's JupyterHub drives PAVICS' images: by DockerSpawner, with Docker's own init. */
import assert from 'node:assert/strict';
import { chown, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, type TestContext, test } from 'node:test';
import { CHECKOUT, podman, whyNot } from '../../dev/engine.ts';
import { openBrowser, photograph, whyNoBrowser } from '../chromium.ts';
import { buildDockerfile } from './dockerfile.ts';
import { startHub } from './hub.ts';
import { runNotebookCell } from './notebook.ts';
import { runWorkbench } from './workbench.ts';

const skip = whyNot();
const IMAGE_SOURCES = join(import.meta.dirname, 'images');
const WORKSPACE = '/notebook_dir/writable-workspace';
/** An image laid out as PAVICS' are. */
let base: string;
/** examples/pavics on it. */
let image: string;

/** What the spawner takes for the command where the hub names none. */
async function readCommand(of: string): Promise<string[]> {
  const { stdout } = await podman(['image', 'inspect', '--format', '{{json .Config.Cmd}}', of]);
  return JSON.parse(String(stdout)) as string[];
}

/** The user's workspace, which is the home too: the hub makes it 1000:1000. */
async function makeWorkspace(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lintel-pavics-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await chown(folder, 1000, 1000);
  return folder;
}

describe('PAVICS', { skip }, () => {
  before(async () => {
    base = await buildDockerfile('pavics-base', {
      dockerfile: { file: join(IMAGE_SOURCES, 'pavics.Dockerfile') },
      context: IMAGE_SOURCES,
    });
    const context = join(CHECKOUT, 'examples/pavics');
    image = await buildDockerfile('pavics', {
      dockerfile: { file: join(context, 'Dockerfile') },
      context,
      buildArguments: { BASE_IMAGE: base },
    });
  });

  test('a hub’s user works in conda’s environment, hooks run once, and TERM ends Jupyter in order', {
    skip: whyNoBrowser(),
  }, async t => {
    const workspace = await makeWorkspace(t);
    const hub = await startHub(t, {
      command: await readCommand(image),
      environment: {
        HOME: WORKSPACE,
        JUPYTERHUB_SINGLEUSER_APP: 'notebook.notebookapp.NotebookApp',
        DASK_DISTRIBUTED__DASHBOARD__LINK:
          'https://host.example{JUPYTERHUB_SERVICE_PREFIX}proxy/{port}/status',
      },
      spawner: {
        args: ['--FileContentsManager.always_delete_dir=True', '--MappingKernelManager.cull_connected=True'],
        notebook_dir: '/notebook_dir',
        default_url: '/tree',
        disable_user_config: true,
        debug: true,
      },
    });
    const browser = await openBrowser(t, hub.container);
    const page = await browser.newPage();
    const server = await hub.logIn(page, 'ada', {
      image,
      flags: ['--init', '--volume', `${workspace}:${WORKSPACE}`],
    });
    await page.goto(`${new URL(page.url()).origin}/user/ada/tree/writable-workspace`);
    const notebook = await runNotebookCell(
      page,
      'import sys, os, json, subprocess, distributed\n' +
        'print(json.dumps([os.getuid(), sys.prefix, [os.environ.get(n) for n in ("NODE_OPTIONS", "CONDA_DEFAULT_ENV", "PROJ_DATA", "WORKSPACE_HOOK", "RAVENPY_DATA", "HOME")],' +
        ' distributed.utils.format_dashboard_link("h", 8787),' +
        ' subprocess.run(["node", "-p", "process.execPath"], capture_output=True, text=True).stdout]))',
      'birdy',
    );
    await photograph(notebook.page, 'pavics-notebook');
    assert.deepEqual(JSON.parse(notebook.output), [
      1000,
      '/opt/conda/envs/birdy',
      [
        '--openssl-legacy-provider',
        'birdy',
        '/opt/conda/envs/birdy/share/proj',
        '1',
        `${WORKSPACE}/data`,
        WORKSPACE,
      ],
      'https://host.example/user/ada/proxy/8787/status',
      '/usr/bin/node\n',
    ]);
    assert.equal(await readFile(join(workspace, 'hooks'), 'utf8'), '/opt/conda/envs/birdy\n');
    // conda dies of TERM at once and leaves Jupyter behind. What that made for its time is gone all the same.
    const { code, stdout, stderr } = await hub.stop(page, 'ada', server);
    assert.equal(code, 143, stderr);
    assert.deepEqual(await readdir(join(workspace, '.local/share/jupyter/runtime')), []);
    assert.match(stdout + stderr, /Shutting down/);
  });

  test('a developer’s own uid and gid are the user’s, without groupmod and su', async t => {
    const { code, stdout, stderr } = await runWorkbench(
      t,
      ['sh', '-c', 'id -un; id -u; id -g; echo "$NODE_OPTIONS"'],
      {
        image,
        flags: ['--user', '0:0'],
        environment: { NB_UID: '1234', NB_GID: '2345' },
      },
    );
    assert.equal(code, 0, stderr);
    assert.equal(stdout, 'jenkins\n1234\n2345\n--openssl-legacy-provider\n');
  });

  test('what the start script ends with is the container’s exit code', async t => {
    const command = [...(await readCommand(image)), '--no-such-option'];
    const { code, stdout, stderr } = await runWorkbench(t, command, { image });
    assert.equal(code, 2, stdout + stderr);
    assert.match(stderr, /no-such-option/);
  });
});
