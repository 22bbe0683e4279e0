/** examples/kubeflow, driven as Kubeflow's notebook controller and the gateway in front of it do. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, type TestContext, test } from 'node:test';
import { CHECKOUT, IMAGES, whyNot } from '../../dev/engine.ts';
import { buildDockerfile } from './dockerfile.ts';
import { startWorkbench, type Workbench } from './workbench.ts';

const skip = whyNot();
/** What the controller makes of a Notebook "ada" in the namespace "team". */
const PREFIX = '/notebook/team/ada';
const URL = `http://127.0.0.1:8888${PREFIX}`;

const JOVYAN = { name: 'jovyan, uid 1000 and gid 0', uid: 1000, flags: ['--user', '1000:0'] };
/** As OpenShift gives out. Without the flag podman itself would add a line to /etc/passwd. */
const ARBITRARY = {
  name: 'an arbitrary uid',
  uid: 1000650000,
  flags: ['--user', '1000650000:0', '--passwd=false'],
};

/** The real one, which test/code-server.sh installs. */
const CODE_SERVER = execFileSync('sh', [join(import.meta.dirname, '../code-server.sh'), '--path'], {
  encoding: 'utf8',
}).trim();
const NEEDS_CODE_SERVER =
  !process.env['CI'] && !existsSync(CODE_SERVER) && 'not installed: code-server (test/code-server.sh)';

interface NotebookOptions {
  readonly image: string;
  readonly flags: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * A container as the controller's pod has it: NB_PREFIX, the home as its working directory, and there a volume that is
 * new: root's, but for fsGroup 100.
 */
async function startNotebook(t: TestContext, options: NotebookOptions) {
  const volume = await mkdtemp(join(tmpdir(), 'lintel-kubeflow-'));
  t.after(() => rm(volume, { recursive: true, force: true }));
  await chown(volume, 0, 100);
  await chmod(volume, 0o2775);
  const notebook = startWorkbench(t, [], {
    image: options.image,
    flags: [
      '--volume',
      `${volume}:/home/jovyan`,
      '--group-add',
      '100',
      '--workdir',
      '/home/jovyan',
      ...options.flags,
    ],
    environment: {
      NB_PREFIX: PREFIX,
      KUBERNETES_SERVICE_HOST: '10.0.0.1',
      ...options.environment,
    },
  });
  return { notebook, volume };
}

/** The restricted Pod Security Standard, as Kubeflow's profiles and workspaces ask for. */
const RESTRICTED = ['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];

/** What the culling controller asks for once a minute, without any login. */
async function askKernels(notebook: Workbench): Promise<string> {
  const { stdout } = await notebook.inNetwork([
    'curl',
    '--silent',
    '--show-error',
    '--fail',
    `${URL}/api/kernels`,
  ]);
  return stdout;
}

/**
 * What the gateway passes on of a browser's request below PREFIX to code-server and RStudio: the prefix is gone. RStudio
 * gets it in a header.
 */
async function passOn(notebook: Workbench, path: string, ...flags: readonly string[]): Promise<string> {
  const header = `X-RStudio-Root-Path: ${PREFIX}/`;
  const { stdout } = await notebook.inNetwork([
    ...['curl', '--silent', '--show-error', '--include', '--header', header, ...flags],
    `http://127.0.0.1:8888${path}`,
  ]);
  return stdout.replaceAll('\r', '');
}

/** Opens RStudio as a browser behind the gateway does; returns what R code prints in its session. */
async function useRstudio(notebook: Workbench, code: string): Promise<string> {
  const first = await passOn(notebook, '/');
  assert.match(first, new RegExp(`^Location: ${PREFIX}/auth-sign-in`, 'm'));
  const [, cookie = ''] = /^Set-Cookie: ([^;]*);/m.exec(await passOn(notebook, '/auth-sign-in')) ?? [];
  const page = await passOn(notebook, '/', '--cookie', cookie);
  assert.match(page, /<title>RStudio<\/title>/);
  const answer = await passOn(notebook, '/rpc/console_input', '--cookie', cookie, '--data', code);
  return answer.slice(answer.indexOf('\n\n')).trim();
}

const KUBEFLOW = join(CHECKOUT, 'examples/kubeflow');
const STAND_INS = join(import.meta.dirname, 'images/kubeflow');

/** A stand-in for an image of Kubeflow's own, by the name of its Dockerfile. */
function buildOwn(name: string, images: Readonly<Record<string, string>> = {}): Promise<string> {
  const file = join(STAND_INS, `${name}.Dockerfile`);
  return buildDockerfile(`kubeflow-own-${name}`, { dockerfile: { file }, context: STAND_INS, images });
}

function buildExisting(name: string, image: string): Promise<string> {
  return buildDockerfile(`kubeflow-existing-${name}`, {
    dockerfile: { file: join(KUBEFLOW, 'existing.Dockerfile') },
    context: KUBEFLOW,
    buildArguments: { BASE_IMAGE: image, ...(name === 'rstudio' ? { SERVICES: 'rstudio' } : {}) },
  });
}

function buildNew(service: string, image: string): Promise<string> {
  return buildDockerfile(`kubeflow-${service}`, {
    dockerfile: { file: join(KUBEFLOW, 'Dockerfile') },
    context: KUBEFLOW,
    buildArguments: { BASE_IMAGE: image, SERVICE: service },
  });
}

const buildRstudioPrograms = () =>
  buildDockerfile('programs-rstudio', {
    dockerfile: { file: join(import.meta.dirname, 'images/rstudio.Dockerfile') },
    context: join(import.meta.dirname, '../sandbox/fixtures/rstudio'),
  });

/** Tags, as soon as they are built. */
const image = { existing: '', existingRstudio: '', root: '', jupyter: '', codeServer: '', rstudio: '' };

describe('an image of Kubeflow’s own, its scripts as they are', { skip }, () => {
  before(async () => {
    const jupyter = await buildOwn('jupyter');
    const programs = await buildRstudioPrograms();
    image.existing = await buildExisting('jupyter', jupyter);
    image.root = await buildOwn('root', { 'kubeflow-jupyter': image.existing });
    const rstudio = await buildOwn('rstudio', { 'kubeflow-jupyter': jupyter, 'rstudio-programs': programs });
    image.existingRstudio = await buildExisting('rstudio', rstudio);
  });

  for (const { name, uid, flags } of [JOVYAN, ARBITRARY]) {
    test(`as ${name}`, async t => {
      const { notebook, volume } = await startNotebook(t, {
        image: image.existing,
        flags: [...flags, ...RESTRICTED],
      });
      await notebook.waitFor(/^jupyterlab \| INFO: jupyter starts as jovyan$/m);
      await notebook.waitFor(/Jupyter Notebook .* is running at:/);
      assert.equal(await askKernels(notebook), '[]');
      const { stdout: line } = await notebook.exec(['getent', 'passwd', String(uid)]);
      assert.equal(line, `jovyan:x:${uid}:0::/home/jovyan:/bin/bash`);
      const notes = await stat(join(volume, 'examples/first.ipynb'));
      assert.deepEqual([notes.uid, notes.gid], [uid, 100]);
      const { code, stdout, stderr } = await notebook.stop();
      assert.equal(code, 0, stderr);
      assert.match(
        stdout,
        /^01-copy-tmp-home \| INFO: \/home\/jovyan gets what it lacks of \/tmp_home\/jovyan$/m,
      );
      assert.match(stderr, /script 02-r-environment done/);
      assert.doesNotMatch(stderr, /warning|error/);
    });
  }

  for (const { name, flags } of [JOVYAN, ARBITRARY]) {
    test(`RStudio behind the gateway, as ${name}`, async t => {
      const { notebook } = await startNotebook(t, {
        image: image.existingRstudio,
        flags: [...flags, ...RESTRICTED],
      });
      await notebook.waitFor(/^rstudio \| INFO: rserver starts as jovyan$/m);
      await notebook.waitFor(/^rstudio \| .*listening as jovyan/m);
      const code = 'cat(Sys.info()[["user"]], getwd())';
      assert.equal(await useRstudio(notebook, code), 'jovyan /home/jovyan');
      const end = await notebook.stop();
      assert.equal(end.code, 0, end.stderr);
      // Lintel has done that before.
      assert.doesNotMatch(end.stdout, /INFO: jovyan becomes/);
      assert.doesNotMatch(end.stderr, /warning|error/);
    });
  }

  test('a second start leaves the home as it is, and brings what a newer image adds', async t => {
    const { notebook, volume } = await startNotebook(t, { image: image.existing, flags: JOVYAN.flags });
    await notebook.waitFor(/Jupyter Notebook .* is running at:/);
    await notebook.exec(['sh', '-c', 'echo mine >~/.bashrc; rm -r ~/examples']);
    await notebook.stop();
    const again = startWorkbench(t, ['sh', '-c', 'cat ~/.bashrc; ls ~/examples'], {
      image: image.existing,
      flags: ['--volume', `${volume}:/home/jovyan`, '--group-add', '100', ...JOVYAN.flags],
    });
    const { stdout, stderr } = await again.end();
    assert.match(stdout, /^mine\nfirst\.ipynb$/m);
    assert.doesNotMatch(stderr, /copied into/);
  });

  test('with USER root, a service of root’s and s6-setuidgid for the user’s', async t => {
    const { notebook, volume } = await startNotebook(t, { image: image.root, flags: [] });
    await notebook.waitFor(/^nginx \| Serving HTTP on 127\.0\.0\.1 port 80 /m);
    await notebook.waitFor(/Jupyter Notebook .* is running at:/);
    assert.equal(await askKernels(notebook), '[]');
    const { stdout } = await notebook.exec(['ps', '-e', '-o', 'uid=,gid=,supgid=,args=']);
    assert.match(stdout, /^ *1000 +0 0,100 .*jupyter-lab /m);
    assert.match(stdout, /^ *0 +0 0,100 .* -m http\.server 80 /m);
    assert.equal((await stat(join(volume, 'examples'))).uid, 1000);
    const { code, stderr } = await notebook.stop();
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /warning|error/);
  });
});

describe('an image made for Kubeflow with Lintel’s services', { skip }, () => {
  before(async () => {
    image.jupyter = await buildNew('jupyter', IMAGES.programs);
    const file = join(STAND_INS, 'code-server.Dockerfile');
    const programs = await buildDockerfile('programs-code-server', {
      dockerfile: { file },
      context: STAND_INS,
    });
    image.codeServer = await buildNew('code-server', programs);
    image.rstudio = await buildNew('rstudio', await buildRstudioPrograms());
  });

  for (const { name, flags } of [JOVYAN, ARBITRARY]) {
    test(`rstudio behind the gateway, as ${name}`, async t => {
      const { notebook } = await startNotebook(t, {
        image: image.rstudio,
        flags: [...flags, ...RESTRICTED],
      });
      await notebook.waitFor(/rstudio is ready/);
      const code = 'cat(Sys.info()[["user"]], getwd(), Sys.getenv("NB_PREFIX"))';
      assert.equal(await useRstudio(notebook, code), `jovyan /home/jovyan ${PREFIX}`);
      const end = await notebook.stop();
      assert.equal(end.code, 0, end.stderr);
      assert.match(end.stderr, /warning: LINTEL_AUTH=none: rstudio let/);
      assert.match(end.stderr, /services: public rstudio; not: .*jupyter/);
    });
  }

  test('code-server behind the gateway', { skip: NEEDS_CODE_SERVER }, async t => {
    const { notebook } = await startNotebook(t, {
      image: image.codeServer,
      flags: [...JOVYAN.flags, ...RESTRICTED, '--volume', `${CODE_SERVER}:/opt/code-server:ro`],
    });
    await notebook.waitFor(/code-server is ready/);
    // Relative to where the browser is: the gateway's prefix stays before it.
    const first = await passOn(notebook, '/');
    assert.match(first, /^Location: \.\/\?folder=\/home\/jovyan$/m);
    const page = await passOn(notebook, '/?folder=/home/jovyan');
    const [, script = 'none'] = /src="([^"]*\/workbench\/workbench\.js)"/.exec(page) ?? [];
    assert.doesNotMatch(script, /^\/|^https?:/);
    assert.match(
      await passOn(notebook, `/${script}`, '--output', '/dev/null', '--dump-header', '-'),
      /^HTTP\/1\.1 200 /,
    );
    const { code, stderr } = await notebook.stop();
    assert.equal(code, 0, stderr);
    assert.match(stderr, /warning: LINTEL_AUTH=none: code-server let/);
  });

  for (const { name, uid, flags } of [JOVYAN, ARBITRARY]) {
    test(`jupyter below NB_PREFIX, as ${name}`, async t => {
      const { notebook, volume } = await startNotebook(t, {
        image: image.jupyter,
        flags: [...flags, ...RESTRICTED],
      });
      await notebook.waitFor(/jupyter is ready/);
      assert.equal(await askKernels(notebook), '[]');
      const page = await notebook.inNetwork(['curl', '--silent', '--location', `${URL}/`]);
      assert.match(page.stdout, /data-base-url="\/notebook\/team\/ada\/"/);
      const { stdout: who } = await notebook.exec([
        'lintel',
        'run',
        '--',
        'sh',
        '-c',
        'whoami; echo "$PUBLIC_PATH"',
      ]);
      assert.equal(who, `jovyan\n${PREFIX}/proxy/8890/`);
      assert.equal((await stat(join(volume, '.bashrc'))).uid, uid);
      const { code, stderr } = await notebook.stop();
      assert.equal(code, 0, stderr);
      assert.match(stderr, /home: 3 entries of \/tmp_home\/jovyan copied into \/home\/jovyan/);
      assert.match(stderr, /warning: LINTEL_AUTH=none: jupyter let/);
      assert.match(stderr, /services: jupyter public; not: /);
    });
  }
});
