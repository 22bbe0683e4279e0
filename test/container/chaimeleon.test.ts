import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, type TestContext, test } from 'node:test';
import { execa } from 'execa';
import { CHECKOUT, IMAGES, podman, whyNot } from '../../dev/engine.ts';
import { runWorkbench, startWorkbench, type Workbench, waitUntil } from './workbench.ts';

/** examples/chaimeleon, driven as that platform's operator, charts and jobman do. */
const skip = whyNot();
const image = (target: string) => `${IMAGES.workbench}-chaimeleon-${target}`;

/** Its operator forces 1000:1000, and adds the group whose ACLs give a user their datasets. */
const DATASETS = 70_001;
const PLATFORM = ['--user', '1000:1000', '--group-add', String(DATASETS)];
/** What its charts set; the two passwords are one Secret. Of what the image would run besides, nothing. */
const SECRET = 'a-Secret-of-16-c';
const CHART = {
  PASSWORD: SECRET,
  VNC_PASSWORD: SECRET,
  SSH_ENABLE_PASSWORD_AUTH: 'true',
  GATEWAY_PORTS: 'true',
  TCP_FORWARDING: 'true',
  LINTEL_SERVICES_DISABLED: 'jupyter novnc',
};

/** A window of a colour that nothing else has, and what a place in it is on a picture, as red,green,blue. */
const WINDOW = {
  colour: '#c82850',
  question: '%[fx:int(255*p{300,300}.r)],%[fx:int(255*p{300,300}.g)],%[fx:int(255*p{300,300}.b)]',
} as const;

before(async () => {
  if (skip !== false) return;
  for (const target of ['batch', 'desktop', 'jupyter'])
    await podman(
      [
        ...['build', '--network', 'host', '--pull=never', '--format', 'docker'],
        ...['--build-arg', `LINTEL_IMAGE=${IMAGES.workbench}`, '--target', target, '--tag', image(target)],
        join(CHECKOUT, 'examples/chaimeleon'),
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
});

/** A new folder of this machine's that is gone with the test. */
function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'lintel-chaimeleon-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The user's volume, which fsGroup made theirs. */
function makePersistentHome(t: TestContext, files: Readonly<Record<string, string>>): string[] {
  const folder = join(makeFolder(t), 'persistent-home');
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text);
    chownSync(join(folder, name), 1000, 1000);
  }
  chownSync(folder, 0, 1000);
  chmodSync(folder, 0o2775);
  return ['--volume', `${folder}:/home/chaimeleon/persistent-home`];
}

/** From inside the container's network, by the password: what a command there says, or undefined where nobody gets in. */
async function ssh(
  t: TestContext,
  workbench: Workbench,
  password: string,
  command: string,
): Promise<string | undefined> {
  const file = join(makeFolder(t), 'password');
  writeFileSync(file, `${password}\n`, { mode: 0o600 });
  const options = [
    ...['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'PubkeyAuthentication=no'],
    ...['NumberOfPasswordPrompts=1', 'ConnectTimeout=10', 'LogLevel=ERROR'],
  ].flatMap(option => ['-o', option]);
  const to = ['-p', '2222', 'chaimeleon@127.0.0.1', command];
  const { code, stdout, stderr } = await workbench.inNetwork([
    'sshpass',
    '-f',
    file,
    'ssh',
    ...options,
    ...to,
  ]);
  if (code === 0) return stdout;
  assert.match(stderr, /Permission denied/, workbench.output());
  return undefined;
}

describe('a desktop', { skip }, () => {
  test('has the Secret’s password and no longer the one of its image, for ssh and for files', async t => {
    const flags = [...PLATFORM, ...makePersistentHome(t, {})];
    const workbench = startWorkbench(t, [], { image: image('desktop'), flags, environment: CHART });
    await workbench.waitFor(/sshd is ready/);
    assert.equal(
      await ssh(t, workbench, SECRET, 'id -u; id -g; id -G; pwd; sudo -n true || echo no root'),
      `1000\n1000\n1000 ${DATASETS}\n/home/chaimeleon\nno root`,
    );
    assert.equal(await ssh(t, workbench, 'chaimeleon', 'id'), undefined);
    // All that runs is the user's.
    const { stdout } = await workbench.exec(['sh', '-c', 'ps -eo uid= | sort -u']);
    assert.deepEqual(stdout.split('\n').map(Number), [1000]);
    assert.doesNotMatch(workbench.output(), new RegExp(SECRET));
    const { code } = await workbench.stop();
    assert.equal(code, 0, workbench.output());
  });

  test('makes up passwords where the image’s variables are empty', async t => {
    const environment = { SSH_ENABLE_PASSWORD_AUTH: 'true', LINTEL_SERVICES_DISABLED: 'jupyter novnc' };
    const workbench = startWorkbench(t, [], { image: image('desktop'), flags: PLATFORM, environment });
    await workbench.waitFor(/sshd is ready/);
    const { stdout: password } = await workbench.exec(['lintel', 'password']);
    assert.match(password, /^\w{24}$/);
    assert.equal(await ssh(t, workbench, password, 'echo in'), 'in');
    assert.equal(await ssh(t, workbench, '', 'echo in'), undefined);
    assert.doesNotMatch(workbench.output(), new RegExp(password));
  });

  test('takes keys only where no chart says otherwise, as the platform’s images', async t => {
    const workbench = startWorkbench(t, [], {
      image: image('desktop'),
      flags: PLATFORM,
      environment: { PASSWORD: SECRET, LINTEL_SERVICES_DISABLED: 'jupyter novnc' },
    });
    await workbench.waitFor(/sshd is ready/);
    assert.equal(await ssh(t, workbench, SECRET, 'echo in'), undefined);
  });

  test('without any capability keeps its image’s password, and sshd takes none', async t => {
    const flags = [...PLATFORM, '--cap-drop', 'ALL'];
    const workbench = startWorkbench(t, [], { image: image('desktop'), flags, environment: CHART });
    await workbench.waitFor(/sshd is ready/);
    assert.match(workbench.output(), /passwd can’t change it without CAP_CHOWN, which this container lacks/);
    assert.equal(await ssh(t, workbench, 'chaimeleon', 'echo in'), undefined);
  });

  test('is seen through VNC by the Secret’s password, with the window that an ssh session opens', async t => {
    const workbench = startWorkbench(t, [], { image: image('desktop'), flags: PLATFORM, environment: CHART });
    for (const service of ['openbox', 'x11vnc', 'sshd'])
      await workbench.waitFor(new RegExp(`${service} is ready`));
    const open = `xterm -T marked -bg '${WINDOW.colour}' -geometry 40x15+200+150 -e sleep 1000 > /dev/null 2>&1 &
      until xwininfo -name marked 2> /dev/null | grep -q IsViewable; do sleep 0.1; done; echo open`;
    assert.equal(await ssh(t, workbench, SECRET, open), 'open', workbench.output());
    const picture = join(makeFolder(t), 'picture.jpg');
    const ask = async (password: string) => {
      const file = join(makeFolder(t), 'vnc');
      await execa('x11vnc', ['-storepasswd', password, file], { stdio: 'ignore' });
      const count = ['-count', '2', '-fps', '1'];
      return workbench.inNetwork(['vncsnapshot', '-passwd', file, ...count, '127.0.0.1:0', picture]);
    };
    await waitUntil('window and panel are on the picture', async () => {
      const { code, stderr } = await ask(SECRET);
      assert.equal(code, 0, stderr);
      const shown = picture.replace('.jpg', '00001.jpg');
      const { stdout: colour } = await execa('convert', [shown, '-format', WINDOW.question, 'info:']);
      const [red = 0, green = 0, blue = 0] = colour.split(',').map(Number);
      const isWindow = Math.hypot(red - 200, green - 40, blue - 80) < 20;
      const panel = ['-crop', '1280x20+0+778', '-unique-colors', '-format', '%w', 'info:'];
      const { stdout: colours } = await execa('convert', [shown, ...panel]);
      return isWindow && Number(colours) > 100;
    });
    assert.notEqual((await ask('chaimele')).code, 0);
    assert.doesNotMatch(workbench.output(), new RegExp(SECRET.slice(0, 8)));
  });
});

/** What of Guacamole's REST interface the script uses, with one group of one user's. It prints each request that it gets. */
const GUACAMOLE = `
import { createServer } from 'node:http';
const [, , password, known] = process.argv;
createServer((request, response) => {
  let body = '';
  request.on('data', chunk => { body += chunk; });
  request.on('end', () => {
    const { method, url } = request;
    console.log(JSON.stringify({ method, url, body }));
    const answer = (code, value) => response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (url === '/guacamole/api/tokens') {
      const form = new URLSearchParams(body);
      if (form.get('username') !== 'ada' || form.get('password') !== password) return answer(403, { message: 'Permission Denied.' });
      return answer(200, { authToken: 'TOKEN', dataSource: 'postgresql' });
    }
    if (!url.endsWith('?token=TOKEN')) return answer(403, {});
    const group = { name: 'ada', identifier: '7', childConnections: known ? [{ name: known, identifier: '42' }] : [] };
    if (url.includes('/connectionGroups/ROOT/tree')) return answer(200, { childConnectionGroups: [{ name: 'eve', identifier: '6' }, group] });
    if (method === 'PUT') return response.writeHead(204).end();
    answer(200, { identifier: '43' });
  });
}).listen(8080, '127.0.0.1', () => console.log('"listens"'));
`;

interface Guacamole {
  /** Of podman: the container's network is the server's. */
  readonly flags: readonly string[];
  readonly requests: () => readonly {
    readonly method: string;
    readonly url: string;
    readonly body: string;
  }[];
}

/** In a network namespace of its own, which the container then joins. */
async function startGuacamole(t: TestContext, password: string, known = ''): Promise<Guacamole> {
  const file = join(makeFolder(t), 'guacamole.mjs');
  writeFileSync(file, GUACAMOLE);
  const script = 'ip link set lo up; exec "$@"';
  const node = [process.execPath, file, password, known];
  const server = spawn('unshare', ['--net', '--', 'sh', '-c', script, 'sh', ...node], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => server.kill());
  let text = '';
  server.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await waitUntil('Guacamole listens', () => text.includes('"listens"'));
  return {
    flags: ['--network', `ns:/proc/${server.pid}/ns/net`],
    requests: () =>
      text
        .split('\n')
        .slice(1, -1)
        .map(line => JSON.parse(line)),
  };
}

describe('the connection in Guacamole', { skip }, () => {
  const password = `it's "Guacamole's" & 100% \\`;
  const environment = {
    ...CHART,
    GUACAMOLE_URL: 'http://127.0.0.1:8080/guacamole/',
    GUACAMOLE_USER: 'ada',
    GUACAMOLE_PASSWORD: password,
    GUACD_HOST: 'guacd.example',
    GUACAMOLE_CONNECTION_NAME: 'my desktop',
    VNC_HOST: 'desktop.user-ada.svc.cluster.local',
    // Of the VNC password, 8 characters count.
    PASSWORD: `q"uote's \\ $(id)`,
  };
  const start = (t: TestContext, more: { flags?: readonly string[]; environment?: Record<string, string> }) =>
    startWorkbench(t, [], {
      image: image('desktop'),
      flags: [...PLATFORM, ...(more.flags ?? [])],
      environment: { ...environment, ...more.environment },
    });

  for (const [what, known, method, path] of [
    ['is made in the user’s group', '', 'POST', '/connections?'],
    ['of that name gets the new passwords', 'my desktop', 'PUT', '/connections/42?'],
  ] as const) {
    test(`${what}, and no password is said`, async t => {
      const guacamole = await startGuacamole(t, password, known);
      const workbench = start(t, guacamole);
      await workbench.waitFor(/sshd is ready/);
      const { body, ...last } = guacamole.requests().at(-1) ?? {};
      assert.deepEqual(last, {
        method,
        url: `/guacamole/api/session/data/postgresql${path}token=TOKEN`,
      });
      const { parameters, ...connection } = JSON.parse(body ?? '{}');
      assert.deepEqual(connection, {
        name: 'my desktop',
        parentIdentifier: '7',
        protocol: 'vnc',
        attributes: { 'guacd-hostname': 'guacd.example', 'guacd-port': '4822' },
      });
      assert.equal(parameters.hostname, environment.VNC_HOST);
      assert.equal(parameters.password, SECRET.slice(0, parameters.password.length));
      assert.equal(parameters['sftp-username'], 'chaimeleon');
      assert.equal(parameters['sftp-disable-download'], 'true');
      assert.equal(parameters['sftp-password'], environment.PASSWORD);
      // And that password is the one that opens.
      assert.equal(await ssh(t, workbench, parameters['sftp-password'], 'echo in'), 'in');
      for (const secret of [password, environment.PASSWORD, SECRET, 'TOKEN'])
        assert.ok(!workbench.output().includes(secret), workbench.output());
      const { stdout } = await workbench.exec(['lintel', 'run', '--', 'env']);
      assert.match(stdout, /^GUACAMOLE_USER=ada$/m);
      assert.doesNotMatch(stdout, /^GUACAMOLE_PASSWORD=/m);
    });
  }

  for (const [what, more, why] of [
    ['refuses the password', { GUACAMOLE_PASSWORD: 'wrong' }, 'it answered 403'],
    ['is not there', { GUACAMOLE_URL: 'http://127.0.0.1:9/guacamole' }, '.*Connection refused'],
    ['has no such group', { GUACAMOLE_USER: 'ada', GUACD_HOST: '' }, 'GUACD_HOST is not set'],
    ['has a URL that is none', { GUACAMOLE_URL: 'guacamole' }, 'unknown url type'],
  ] as const) {
    test(`that ${what} costs a warning, and the desktop starts`, async t => {
      const guacamole = await startGuacamole(t, password);
      const workbench = start(t, { ...guacamole, environment: more });
      await workbench.waitFor(/sshd is ready/);
      assert.match(
        workbench.output(),
        new RegExp(`60-guacamole \\| warning: no connection in Guacamole: ${why}`),
      );
      assert.doesNotMatch(workbench.output(), /TOKEN|Traceback/);
    });
  }
});

describe('a batch job', { skip }, () => {
  const options = { image: image('batch'), flags: PLATFORM };

  test('is what jobman was given after "--", in the home, and its code is the container’s', async t => {
    const { code, stdout } = await runWorkbench(
      t,
      [
        'python3',
        '-c',
        'import os, sys; print(os.getcwd(), os.getuid(), sys.argv[1:]); sys.exit(7)',
        'a b',
        '$(id)',
      ],
      options,
    );
    assert.deepEqual({ code, stdout }, { code: 7, stdout: "/home/chaimeleon 1000 ['a b', '$(id)']\n" });
  });

  test('finds what the user’s init.sh made, which ran before it as the user', async t => {
    const volume = makePersistentHome(t, {
      'init.sh': 'id -u > persistent-home/who\npwd >> persistent-home/who\necho from init.sh\n',
      'job.sh': 'cat persistent-home/who\nexit 3\n',
    });
    const { code, stdout, stderr } = await runWorkbench(t, ['bash', 'persistent-home/job.sh'], {
      ...options,
      flags: [...PLATFORM, ...volume],
    });
    assert.deepEqual({ code, stdout }, { code: 3, stdout: '1000\n/home/chaimeleon\n' }, stderr);
    assert.match(stderr, /50-persistent-home \| from init\.sh/);
  });

  test('runs after an init.sh that fails, which costs a warning', async t => {
    const volume = makePersistentHome(t, { 'init.sh': 'echo no such thing >&2; exit 5\n' });
    const { code, stdout, stderr } = await runWorkbench(t, ['echo', 'the job'], {
      ...options,
      flags: [...PLATFORM, ...volume],
    });
    assert.deepEqual({ code, stdout }, { code: 0, stdout: 'the job\n' });
    assert.match(stderr, /no such thing/);
    assert.match(
      stderr,
      /warning: persistent-home\/init\.sh ended with code 5; everything else starts nevertheless/,
    );
  });

  test('of an image that starts as root runs init.sh with the user’s rights all the same', async t => {
    const volume = makePersistentHome(t, { 'init.sh': 'id -u; id -g\n' });
    const { stderr } = await runWorkbench(t, ['true'], { ...options, flags: ['--user', '0:0', ...volume] });
    assert.match(stderr, /50-persistent-home \| 1000\n.*50-persistent-home \| 1000$/m);
  });

  test('that is killed says so by its code', async t => {
    const { code } = await runWorkbench(t, ['sh', '-c', 'kill -KILL $$'], options);
    assert.equal(code, 137);
  });

  test('finds the platform’s programs in their newest version, and starts without those that fail', async t => {
    const shared = join(makeFolder(t), 'shared');
    for (const name of ['good', 'bad', 'other']) mkdirSync(join(shared, 'apps', name), { recursive: true });
    const install = (name: string, text: string) => {
      const file = join(shared, name);
      writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
      return ['--volume', `${file}:/home/chaimeleon/.local/bin/${name}:ro`];
    };
    const { code, stdout, stderr } = await runWorkbench(t, ['cat', 'installed'], {
      ...options,
      flags: [
        ...PLATFORM,
        ...['--volume', `${shared}:/home/chaimeleon/persistent-shared-folder:ro`],
        ...install('install-good', 'echo good >> installed'),
        ...install('install-bad', 'exit 9'),
        ...install('install-absent', 'echo absent >> installed'),
      ],
    });
    assert.deepEqual({ code, stdout }, { code: 0, stdout: 'good\n' }, stderr);
    assert.match(
      stderr,
      /warning: \.local\/bin\/install-bad ended with code 9; the workbench starts without it/,
    );
  });
});

describe('a desktop with Jupyter', { skip }, () => {
  test('has it for its own browser alone, without a password', async t => {
    const environment = { ...CHART, LINTEL_SERVICES_DISABLED: 'novnc' };
    const workbench = startWorkbench(t, [], { image: image('jupyter'), flags: PLATFORM, environment });
    await workbench.waitFor(/jupyter is ready/);
    const ask = ['curl', '--silent', '--output', '/dev/null', '--write-out', '%{http_code}'];
    const { stdout } = await workbench.inNetwork([...ask, 'http://127.0.0.1:8888/api/contents']);
    assert.equal(stdout, '200');
    const pid = await workbench.pid();
    const listening = readFileSync(`/proc/${pid}/net/tcp`, 'utf8')
      .split('\n')
      .filter(line => / 0A /.test(line))
      .map(line => line.trim().split(/\s+/)[1]);
    const port = (8888).toString(16).toUpperCase();
    assert.deepEqual(
      listening.filter(address => address?.endsWith(`:${port}`)),
      [`0100007F:${port}`],
    );
  });
});
