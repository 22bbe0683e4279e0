/** examples/pangeo, driven as a JupyterHub on Kubernetes drives Pangeo's images. */
import assert from 'node:assert/strict';
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, type TestContext, test } from 'node:test';
import { CHECKOUT, whyNot } from '../../dev/engine.ts';
import { openBrowser, photograph, whyNoBrowser } from '../chromium.ts';
import { buildDockerfile } from './dockerfile.ts';
import { startHub } from './hub.ts';
import { runNotebookCell } from './notebook.ts';
import { runWorkbench, startWorkbench } from './workbench.ts';

const skip = whyNot();
const IMAGE_SOURCES = join(import.meta.dirname, 'images');
/** An image laid out as Pangeo's are. */
let base: string;
/** examples/pangeo on it. */
let image: string;

/** What the hubs' charts give a user's pod: runAsUser, fsGroup and no way to more rights. */
const POD = ['--user', '1000:1000', '--group-add', '100', '--cap-drop', 'ALL'];
const RESTRICTED = [...POD, '--security-opt', 'no-new-privileges'];

/** A home that is a new volume, of group 100 by fsGroup. */
async function makeHome(t: TestContext): Promise<string[]> {
  const volume = await mkdtemp(join(tmpdir(), 'lintel-pangeo-'));
  t.after(() => rm(volume, { recursive: true, force: true }));
  await chown(volume, 0, 100);
  await chmod(volume, 0o2775);
  return ['--volume', `${volume}:/home/jovyan`];
}

describe('Pangeo', { skip }, () => {
  before(async () => {
    base = await buildDockerfile('pangeo-base', {
      dockerfile: { file: join(IMAGE_SOURCES, 'pangeo.Dockerfile') },
      context: IMAGE_SOURCES,
    });
    const context = join(CHECKOUT, 'examples/pangeo');
    image = await buildDockerfile('pangeo', {
      dockerfile: { file: join(context, 'Dockerfile') },
      context,
      buildArguments: { BASE_IMAGE: base },
    });
  });

  test('a hub’s user logs in, works in the conda environment and stops the server', {
    skip: whyNoBrowser(),
  }, async t => {
    const hub = await startHub(t, {
      command: ['jupyterhub-singleuser'],
      environment: {
        PANGEO_SCRATCH_PREFIX: 's3://scratch.example/hub',
        PIP_REPOSITORY: 'https://mirror.example/simple',
        // Lab, their default, is none of Debian's packages.
        JUPYTERHUB_SINGLEUSER_APP: 'notebook.notebookapp.NotebookApp',
      },
      spawner: { default_url: '/tree' },
    });
    const browser = await openBrowser(t, hub.container);
    const page = await browser.newPage();
    const server = await hub.logIn(page, 'ada', { image, flags: [...RESTRICTED, ...(await makeHome(t))] });
    const notebook = await runNotebookCell(
      page,
      'import sys, os, json, dask, distributed, subprocess as s\n' +
        'print(json.dumps([os.getuid(), sys.prefix, [os.environ.get(n) for n in ("PANGEO_ENV", "PANGEO_SCRATCH", "PROJ_DATA")],' +
        ' distributed.utils.format_dashboard_link("h", 8787),' +
        ' s.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True).stdout.split()[0]]))',
    );
    await photograph(notebook.page, 'pangeo-notebook');
    assert.deepEqual(JSON.parse(notebook.output), [
      1000,
      '/srv/conda/envs/notebook',
      ['pangeo-notebook', 's3://scratch.example/hub/ada/', '/srv/conda/envs/notebook/share/proj'],
      '/user/ada/proxy/8787/status',
      ":env:.index-url='https://mirror.example/simple'",
    ]);

    const { code, stderr } = await hub.stop(page, 'ada', server);
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /^lintel: (warning|error):/m);
  });

  test('the CMD has the environment that it has below /srv/start as ENTRYPOINT', async t => {
    const options = {
      environment: { PANGEO_SCRATCH_PREFIX: 's3://scratch.example', JUPYTERHUB_USER: 'ada' },
    };
    const [{ PATH: theirPath = '', ...theirs }, { PATH: path = '', ...ours }] = (await Promise.all(
      [base, image].map(async each => {
        const { stdout } = await runWorkbench(t, ['env', '-0'], { ...options, image: each });
        const entries = stdout.split('\0').filter(entry => entry !== '');
        return Object.fromEntries(entries.map(entry => entry.split(/=(.*)/s) as [string, string]));
      }),
    )) as [Record<string, string>, Record<string, string>];
    const common = Object.fromEntries(Object.keys(theirs).map(name => [name, ours[name]]));
    assert.deepEqual(common, theirs);
    assert.deepEqual([theirs['PANGEO_SCRATCH'], theirs['SHELL']], ['s3://scratch.example/ada/', '/bin/bash']);
    const added = Object.keys(ours).filter(name => theirs[name] === undefined && !name.startsWith('LINTEL_'));
    assert.deepEqual(added.sort(), ['LOGNAME', 'USER', 'XDG_RUNTIME_DIR']);
    // A login shell forgets the image's own PATH. Lintel's line in profile.d brings that back.
    assert.match(theirPath, /^\/srv\/conda\/envs\/notebook\/bin:\/usr\/local\/bin:/);
    assert.match(path, /^\/srv\/conda\/envs\/notebook\/bin:.*:\/srv\/conda\/bin:/);
  });

  test('Dask’s scheduler and workers run as the CMD in the conda environment, and end when they are told', async t => {
    const scheduler = startWorkbench(t, ['dask-scheduler', '--no-dashboard'], { image, flags: RESTRICTED });
    await scheduler.waitFor(/Scheduler at:/);
    const worker = startWorkbench(
      t,
      ['dask-worker', 'tcp://127.0.0.1:8786', '--nthreads', '1', '--no-dashboard', '--death-timeout', '60'],
      { image, flags: [...RESTRICTED, '--network', `container:${scheduler.name}`] },
    );
    const code =
      'import sys\nfrom distributed import Client\n' +
      'print(Client("tcp://127.0.0.1:8786").submit(lambda: [sys.prefix, 6 * 7]).result())';
    const { stdout, stderr } = await scheduler.exec(['lintel', 'run', '--', 'python', '-c', code]);
    assert.equal(stdout, "['/srv/conda/envs/notebook', 42]", stderr);
    for (const each of [worker, scheduler]) {
      const { code: exitCode, stderr: log } = await each.stop();
      assert.equal(exitCode, 0, log);
    }
  });

  test('without a CMD Jupyter is the conda environment’s, and so are shells', async t => {
    const workbench = startWorkbench(t, [], {
      image,
      flags: [...RESTRICTED, ...(await makeHome(t))],
      environment: { LINTEL_SERVICES: 'jupyter' },
    });
    await workbench.waitFor(/jupyter is ready/);
    const prefix = ['python', '-c', 'import sys; print(sys.prefix)'];
    for (const command of [
      ['lintel', 'run', '--', ...prefix],
      ['bash', '-lc', prefix.map(word => `'${word}'`).join(' ')],
    ]) {
      const { stdout, stderr } = await workbench.exec(command);
      assert.equal(stdout, '/srv/conda/envs/notebook', stderr);
    }
    const { stdout } = await workbench.exec(['pgrep', '--full', '--list-full', 'jupyter-notebook']);
    assert.match(stdout, /^\d+ \/srv\/conda\/envs\/notebook\/bin\/python /);
  });
});
