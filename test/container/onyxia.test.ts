/** examples/onyxia, driven as Onyxia's charts jupyter-python, vscode-python and rstudio do. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, type TestContext, test } from 'node:test';
import { execa } from 'execa';
import { parse } from 'yaml';
import { CHECKOUT, IMAGES, whyNot } from '../../dev/engine.ts';
import { makeAuthority } from '../authorities.ts';
import { buildDockerfile } from './dockerfile.ts';
import { startWorkbench, type Workbench, waitUntil } from './workbench.ts';

const skip = whyNot();
const EXAMPLE = join(CHECKOUT, 'examples/onyxia');
const PASSWORD = 'a pass-word of the project';

/** What the charts' env and Secrets hold where a user filled nothing in: most are there, and empty. */
const CHART = {
  KUBERNETES_POD_NAME: 'jupyter-python-0',
  IMAGE_NAME: 'registry.example/onyxia-jupyter:1.0',
  NB_USER: 'onyxia',
  PROJECT_USER: 'onyxia',
  PROJECT_GROUP: 'users',
  PASSWORD,
  GIT_USER_NAME: '',
  GIT_USER_MAIL: '',
  GIT_CREDENTIALS_CACHE_DURATION: '',
  GIT_PERSONAL_ACCESS_TOKEN: '',
  GIT_REPOSITORY: '',
  GIT_BRANCH: '',
  AWS_ACCESS_KEY_ID: '',
  AWS_S3_ENDPOINT: '',
  AWS_ENDPOINT_URL: 'https:///',
  S3_ENDPOINT: 'https:///',
  AWS_DEFAULT_REGION: '',
  AWS_SECRET_ACCESS_KEY: '',
  AWS_SESSION_TOKEN: '',
  AWS_PATH_STYLE_ACCESS: '',
  AWS_WORKING_DIRECTORY_PATH: '',
  VAULT_ADDR: '',
  VAULT_TOKEN: '',
  VAULT_RELATIVE_PATH: '',
  VAULT_TOP_DIR: '',
  VAULT_MOUNT: '',
  MLFLOW_TRACKING_URI: '',
  KUBERNETES_SERVICE_HOST: '10.0.0.1',
} as const;

/** What the example's values.yaml says in the charts' own words. */
const values = parse(readFileSync(join(EXAMPLE, 'values.yaml'), 'utf8')) as {
  readonly init: { readonly standardInitPath: string };
  readonly environment: { readonly user: string };
  readonly podSecurityContext: { readonly fsGroup: number };
  readonly securityContext: {
    readonly runAsUser: number;
    readonly runAsGroup: number;
    readonly allowPrivilegeEscalation: boolean;
    readonly capabilities: { readonly drop: readonly string[] };
  };
  readonly certificates: { readonly pathToCaBundle: string };
};
const MOUNTED = values.certificates.pathToCaBundle.replace(/\/$/, '');
const { runAsUser, runAsGroup, allowPrivilegeEscalation, capabilities } = values.securityContext;
const WORK = `/home/${values.environment.user}/work`;
const RESTRICTED = [
  ...capabilities.drop.map(name => `--cap-drop=${name}`),
  ...(allowPrivilegeEscalation ? [] : ['--security-opt=no-new-privileges']),
];

const images = { jupyter: '', codeServer: '', rstudio: '' };
let codeServer = '';

before(async () => {
  if (skip !== false) return;
  // Dockerfile.base with Onyxia's user, on real programs, as the example's first line builds it on Ubuntu.
  const base = await buildDockerfile('onyxia-base', {
    dockerfile: { file: join(CHECKOUT, 'Dockerfile.base') },
    context: CHECKOUT,
    buildArguments: { BASE_IMAGE: IMAGES.programs, LINTEL_USERNAME: 'onyxia' },
    isInstalling: true,
  });
  images.jupyter = await buildDockerfile('onyxia', {
    dockerfile: { file: join(EXAMPLE, 'Dockerfile') },
    context: EXAMPLE,
    buildArguments: { LINTEL_IMAGE: base },
    isInstalling: true,
  });
  const { stdout } = await execa(join(CHECKOUT, 'test/code-server.sh'), { stderr: 'inherit' });
  codeServer = stdout.trim();
  images.codeServer = await buildDockerfile('onyxia-vscode', {
    dockerfile: {
      text: `FROM ${images.jupyter}\nUSER root\nRUN ln -s /opt/code-server/bin/code-server /usr/bin/code-server\nUSER 1000:100\nEXPOSE 8080\n`,
    },
    context: EXAMPLE,
  });
  images.rstudio = await buildDockerfile('onyxia-rstudio', {
    dockerfile: {
      text: `FROM ${images.jupyter}\nUSER root\nCOPY --chmod=755 rserver rserver-pam rsession /usr/lib/rstudio-server/bin/\nRUN printf '@include common-auth\\n@include common-account\\n' >/etc/pam.d/rstudio\nENV DEFAULT_USER=onyxia PATH=/usr/lib/rstudio-server/bin:$PATH\nUSER 1000:100\nEXPOSE 8787\n`,
    },
    context: join(CHECKOUT, 'test/sandbox/fixtures/rstudio'),
  });
});

interface Pod {
  /** What stands behind `init.standardInitPath` in the chart. */
  readonly command: string;
  readonly image: string;
  readonly standardInitPath?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  /** Contents of the certificates' folder. */
  readonly certificates?: Readonly<Record<string, string>>;
}

/** A pod of the chart's StatefulSet: a shell that starts the script with the command, and a volume for ~/work. */
async function startPod(
  t: TestContext,
  pod: Pod,
): Promise<{ readonly workbench: Workbench; readonly work: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'lintel-onyxia-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const work = join(folder, 'work');
  await mkdir(work);
  // A volume that is new, after fsGroup: root's, group 100, which may write.
  await chown(work, 0, values.podSecurityContext.fsGroup);
  await chmod(work, 0o2775);
  const certificates = join(folder, 'cacerts');
  await mkdir(certificates);
  for (const [name, text] of Object.entries(pod.certificates ?? {}))
    await writeFile(join(certificates, name), text);
  const { standardInitPath = values.init.standardInitPath, command, image } = pod;
  const workbench = startWorkbench(t, ['-c', `${standardInitPath} ${command}`], {
    image,
    flags: [
      ...['--entrypoint', '/bin/sh', '--user', `${runAsUser}:${runAsGroup}`],
      ...['--group-add', String(values.podSecurityContext.fsGroup), '--volume', `${work}:${WORK}`],
      ...(pod.certificates === undefined ? [] : ['--volume', `${certificates}:${MOUNTED}:ro`]),
      ...(pod.flags ?? RESTRICTED),
    ],
    environment: {
      ...CHART,
      ROOT_PROJECT_DIRECTORY: WORK,
      LINTEL_SERVICES_DISABLED: 'sshd',
      ...pod.environment,
    },
  });
  return { workbench, work };
}

/** As the kubelet asks: GET /, follows nothing, and takes 200 to 399 for well. */
function probe(workbench: Workbench, port: number): Promise<number> {
  return waitUntil(`an answer on ${port}; ${workbench.output()}`, async () => {
    const { stdout } = await workbench.inNetwork([
      ...['curl', '--silent', '--output', '/dev/null', '--write-out', '%{http_code}', '--max-time', '2'],
      `http://127.0.0.1:${port}/`,
    ]);
    const status = Number(stdout);
    return status >= 200 && status < 400 && status;
  });
}

async function ask(
  workbench: Workbench,
  url: string,
  flags: readonly string[] = [],
): Promise<[number, string]> {
  const { stdout } = await workbench.inNetwork([
    'curl',
    '--silent',
    '--write-out',
    '\n%{http_code}',
    ...flags,
    url,
  ]);
  const end = stdout.lastIndexOf('\n');
  return [Number(stdout.slice(end + 1)), stdout.slice(0, end)];
}

function complaints(workbench: Workbench): string[] {
  return workbench
    .output()
    .split('\n')
    .filter(line => /^lintel: (warning|error): /.test(line));
}

describe('Onyxia', { skip }, () => {
  // Debian has no JupyterLab: its notebook takes the same command, but for the names of two settings.
  const JUPYTER = `jupyter notebook --no-browser --ip '0.0.0.0' --NotebookApp.token='${PASSWORD}' --ContentsManager.allow_hidden=True`;

  test('jupyter: answers the probe, lets in by the chart’s token, and writes to the volume', async t => {
    const { workbench, work } = await startPod(t, { command: JUPYTER, image: images.jupyter });
    assert.equal(await probe(workbench, 8888), 302);
    assert.deepEqual(complaints(workbench), []);
    const files = 'http://127.0.0.1:8888/api/contents/new.txt';
    assert.equal((await ask(workbench, files))[0], 403);
    const body = JSON.stringify({ type: 'file', format: 'text', content: 'kept' });
    const login = ['--header', `Authorization: token ${PASSWORD}`];
    const [status] = await ask(workbench, files, [...login, '--request', 'PUT', '--data', body]);
    assert.equal(status, 201);
    // Theirs by the folder's setgid bit: whoever mounts the volume next may write it.
    const { uid, gid } = await stat(join(work, 'new.txt'));
    assert.deepEqual([uid, gid], [1000, 100]);
    const { code } = await workbench.stop();
    assert.equal(code, 0, workbench.output());
  });

  test('jupyter under the chart’s own standardInitPath: it serves, and says what the shell costs', async t => {
    const { workbench } = await startPod(t, {
      command: JUPYTER,
      image: images.jupyter,
      standardInitPath: '/opt/onyxia-init.sh',
      flags: [...RESTRICTED, '--stop-timeout', '1'],
    });
    assert.equal(await probe(workbench, 8888), 302);
    assert.deepEqual(complaints(workbench).length, 1);
    assert.match(complaints(workbench)[0] ?? '', /PID 1 is sh, which keeps a stop to itself/);
    assert.equal((await workbench.stop()).code, 137);
  });

  test('jupyter as Lintel’s own service, the chart’s command behind a comment: the password is in no argument', async t => {
    const standardInitPath = 'exec /opt/onyxia-init.sh /init #';
    const { workbench } = await startPod(t, { command: JUPYTER, image: images.jupyter, standardInitPath });
    assert.equal(await probe(workbench, 8888), 302);
    await workbench.waitFor(/jupyter is ready/);
    assert.deepEqual(complaints(workbench), []);
    const { stdout } = await workbench.exec(['sh', '-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" " "']);
    assert.match(stdout, /jupyter-notebook/);
    assert.ok(!stdout.includes(PASSWORD), stdout);
    const login = ['--header', `Authorization: token ${PASSWORD}`];
    assert.equal((await ask(workbench, 'http://127.0.0.1:8888/api/contents', login))[0], 200);
    assert.equal((await ask(workbench, 'http://127.0.0.1:8888/api/contents'))[0], 403);
  });

  test('code-server: answers the probe, opens the volume and asks for the chart’s password', async t => {
    const { workbench } = await startPod(t, {
      command: '/usr/bin/code-server --host 0.0.0.0 /home/onyxia/work',
      image: images.codeServer,
      flags: [...RESTRICTED, '--volume', `${codeServer}:/opt/code-server:ro`],
    });
    assert.equal(await probe(workbench, 8080), 302);
    assert.deepEqual(complaints(workbench), []);
    const login = async (password: string) => {
      const flags = [
        '--data-urlencode',
        `password=${password}`,
        '--dump-header',
        '-',
        '--output',
        '/dev/null',
      ];
      const { stdout } = await workbench.inNetwork([
        ...['curl', '--silent', '--location-trusted', '--max-redirs', '0', ...flags],
        'http://127.0.0.1:8080/login',
      ]);
      return /^HTTP\/1\.1 (\d+)/.exec(stdout)?.[1];
    };
    assert.equal(await login('wrong'), '200');
    assert.equal(await login(PASSWORD), '302');
    const { code } = await workbench.stop();
    assert.equal(code, 0, workbench.output());
  });

  for (const [who, flags] of [
    ['as the workbench user', RESTRICTED],
    ['as root, as their older images start', ['--user', '0']],
  ] as const)
    test(`rstudio ${who}: /init behind the script starts it, and the chart’s password signs in`, async t => {
      const { workbench, work } = await startPod(t, { command: '/init', image: images.rstudio, flags });
      assert.equal(await probe(workbench, 8787), 302);
      assert.deepEqual(complaints(workbench), []);
      const jar = join(work, '../cookies');
      const cookies = ['--cookie', jar, '--cookie-jar', jar];
      const signIn = async (password: string) => {
        await rm(jar, { force: true });
        const [, form] = await ask(workbench, 'http://127.0.0.1:8787/auth-sign-in', cookies);
        const token = /name="csrf-token" value="(\w+)"/.exec(form)?.[1] ?? '';
        const fields = { username: 'onyxia', password, 'csrf-token': token };
        const data = Object.entries(fields).flatMap(([name, value]) => [
          '--data-urlencode',
          `${name}=${value}`,
        ]);
        await ask(workbench, 'http://127.0.0.1:8787/auth-do-sign-in', [...cookies, ...data]);
        return (await ask(workbench, 'http://127.0.0.1:8787/', cookies))[0];
      };
      assert.equal(await signIn('wrong'), 302);
      assert.equal(await signIn(PASSWORD), 200);
      const { code } = await workbench.stop();
      assert.equal(code, 0, workbench.output());
    });

  test('the command has every variable as the Secrets hold it, empty ones too', async t => {
    const { workbench } = await startPod(t, { command: 'env', image: images.jupyter });
    const { code, stdout } = await workbench.end();
    assert.equal(code, 0, workbench.output());
    const given = stdout.split('\n');
    for (const [name, value] of Object.entries(CHART)) assert.ok(given.includes(`${name}=${value}`), name);
    assert.ok(given.includes('HOME=/home/onyxia'));
    assert.ok(given.includes('USER=onyxia'));
  });

  describe('certificates of the chart, cert.0.crt with nothing in it among them', () => {
    const authority = makeAuthority('Onyxia’s own');
    const certificates = { 'cert.0.crt': '\n', 'cert.1.crt': authority.pem };
    const VERIFY = `sh -c 'openssl verify -CAfile "$CURL_CA_BUNDLE" ${MOUNTED}/cert.1.crt && openssl verify ${MOUNTED}/cert.1.crt; ls ~'`;

    for (const [how, environment] of [
      ['mounted where update-ca-certificates looks', {}],
      ['named by PATH_TO_CA_BUNDLE', { PATH_TO_CA_BUNDLE: `${MOUNTED}/` }],
    ] as const) {
      test(`${how}: trusted, the cluster forbidding sudo`, async t => {
        const { workbench } = await startPod(t, {
          command: VERIFY,
          image: images.jupyter,
          certificates,
          environment,
        });
        const { stdout } = await workbench.end();
        assert.match(stdout, /^\/usr\/local\S*cert\.1\.crt: OK\n/m, workbench.output());
        assert.match(workbench.output(), /ca: 1 certificate\(s\) of \/usr\/local\/share\/ca-certificates/);
        assert.deepEqual(
          complaints(workbench).filter(line => line.includes('error')),
          [],
        );
      });
    }

    test('in the system’s own store too, where sudo works', async t => {
      const { workbench } = await startPod(t, {
        command: VERIFY,
        image: images.jupyter,
        certificates,
        flags: [],
      });
      const { stdout } = await workbench.end();
      assert.equal(stdout.match(/cert\.1\.crt: OK/g)?.length, 2, workbench.output());
      assert.deepEqual(complaints(workbench), []);
    });
  });
});
