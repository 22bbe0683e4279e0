import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { findFreePort } from '../../dev/free-port.ts';
import {
  type BootOptions,
  type End,
  type Files,
  findProcesses,
  IS_ROOT,
  isAlive,
  makeRoot,
  NEEDS_ROOT,
  type Root,
  WORKBENCH,
} from '../rig.ts';
import { makeRepositories, startGitServer } from './git-server.ts';

/** Real git, a real server that wants a token, and the real Lintel. */
const TOKEN = 'glpat-hunter2-hunter2-hunter2';
const NEEDS_SSHD = (!existsSync('/usr/sbin/sshd') && 'sshd is not installed') || NEEDS_ROOT;
const OTHER_HOST_KEY = 'AAAAC3NzaC1lZDI1NTE5AAAAIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIII';
/** The CMD says that the boot is done, so no service has to be waited for. */
const COMMAND = ['/bin/true'];

async function boot(
  root: Root,
  environment: Readonly<Record<string, string>>,
  more: BootOptions = {},
): Promise<End> {
  return root.boot({ command: COMMAND, environment: { ...environment, ...more.environment } }).end();
}

/** Every file below a folder that holds the text, by path in the root. */
function findFiles(root: Root, text: string, folder = ''): string[] {
  return readdirSync(root.at(folder || '/'), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => `${entry.parentPath}/${entry.name}`)
    .filter(path => readFileSync(path).includes(text))
    .map(path => path.slice(root.at('/').length - 1));
}

/** Not synchronous: the server lives in this process. */
async function git(root: Root, ...argv: readonly string[]): Promise<string> {
  const ids = IS_ROOT ? { uid: WORKBENCH.uid, gid: WORKBENCH.gid } : {};
  const { stdout } = await promisify(execFile)('git', argv, {
    ...ids,
    cwd: root.at('/home/ada'),
    env: {
      PATH: process.env['PATH'],
      HOME: root.at('/home/ada'),
      GIT_CONFIG_SYSTEM: root.at('/etc/gitconfig'),
      GIT_TERMINAL_PROMPT: '0',
    },
    timeout: 20_000,
  });
  return stdout.trim();
}

/** A real sshd that lets whoever runs the test in, with a key that the workbench user has. Returns its port. */
async function startSshServer(t: TestContext, root: Root): Promise<number> {
  const at = (name: string) => root.at(`/srv/ssh/${name}`);
  root.write({ '/srv/ssh/.keep': '', '/home/ada/.ssh/.keep': '' });
  for (const key of [at('host'), root.at('/home/ada/.ssh/id_ed25519')])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  const publicKey = root.read('/home/ada/.ssh/id_ed25519.pub');
  root.write({ '/srv/ssh/authorized': publicKey, '/home/ada/.ssh/config': '' });
  execFileSync('chown', ['-R', `${WORKBENCH.uid}`, root.at('/home/ada')]);
  const port = await findFreePort();
  const options = {
    HostKey: at('host'),
    AuthorizedKeysFile: at('authorized'),
    ListenAddress: '127.0.0.1',
    StrictModes: 'no',
    UsePAM: 'no',
    PidFile: 'none',
    PermitRootLogin: 'yes',
  };
  mkdirSync('/run/sshd', { recursive: true });
  const sshd = spawn(
    '/usr/sbin/sshd',
    [
      '-D',
      '-e',
      '-f',
      '/dev/null',
      '-p',
      String(port),
      ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  t.after(() => sshd.kill());
  await once(sshd.stderr, 'data');
  // OpenSSH takes the home from /etc/passwd, whatever HOME is: so its files are named, and the rest is Lintel's.
  const files = `-i ${root.at('/home/ada/.ssh/id_ed25519')} -o UserKnownHostsFile=${root.at('/home/ada/.ssh/known_hosts')}`;
  root.write({ '/srv/bin/ssh': `#!/bin/sh\nexec /usr/bin/ssh -F /dev/null ${files} "$@"\n` });
  return port;
}

test('a repository is cloned as the workbench user, and a second boot leaves it alone', async t => {
  const server = await startGitServer(t);
  const root = makeRoot(t);
  const environment = { GIT_REPOSITORY: `${server.url}/tiny.git` };
  const { code, stderr } = await boot(root, environment);
  assert.equal(code, 0, stderr);
  assert.match(
    stderr,
    /^lintel: clone: http:\/\/127\.0\.0\.1:\d+\/tiny\.git is in .*\/home\/ada\/tiny \(ms=\d+\)$/m,
  );
  assert.equal(root.read('/home/ada/tiny/README'), 'main\n');
  assert.equal(statSync(root.at('/home/ada/tiny/README')).uid, WORKBENCH.uid);
  root.write({ '/home/ada/tiny/README': 'my work\n' });
  const again = await boot(root, environment);
  assert.match(again.stderr, /clone: .*\/home\/ada\/tiny is there already and left alone/);
  assert.equal(root.read('/home/ada/tiny/README'), 'my work\n');
  assert.deepEqual(readdirSync(root.at('/home/ada')), ['tiny']);
});

test('GIT_BRANCH and ROOT_PROJECT_DIRECTORY decide what is cloned where, else ~/work does', async t => {
  const server = await startGitServer(t);
  const root = makeRoot(t, { '/home/ada/work/.keep': '' });
  const { GIT_REPOSITORY } = { GIT_REPOSITORY: `${server.url}/tiny` };
  if (IS_ROOT) execFileSync('chown', ['-R', `${WORKBENCH.uid}`, root.at('/home/ada')]);
  await boot(root, { GIT_REPOSITORY, GIT_BRANCH: 'other', ROOT_PROJECT_DIRECTORY: root.at('/tmp/project/') });
  assert.equal(root.read('/tmp/project/tiny/README'), 'other\n');
  const { stderr } = await boot(root, { GIT_REPOSITORY });
  assert.equal(existsSync(root.at('/home/ada/work/tiny/README')), true, stderr);
});

test('a token opens the repository and stands in no argv, no .git/config, no log, and in no file that others read', async t => {
  const server = await startGitServer(t, { token: TOKEN });
  const root = makeRoot(t);
  const seen = new Set<string>();
  let looks = 0;
  const watch = setInterval(() => {
    looks += 1;
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      try {
        const line = readFileSync(`/proc/${name}/cmdline`, 'utf8');
        if (line.includes(TOKEN)) seen.add(line);
      } catch {
        // It has ended.
      }
    }
  }, 1);
  let processes: string[] = [];
  server.onLetIn = async () => {
    processes = findProcesses('git-remote-http').map(pid => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
    await new Promise(resolve => setTimeout(resolve, 50));
  };
  const environment = {
    GIT_REPOSITORY: `${server.url}/private.git`,
    GIT_PERSONAL_ACCESS_TOKEN: TOKEN,
  };
  const { code, stdout, stderr } = await boot(root, environment);
  clearInterval(watch);
  assert.equal(code, 0, stderr);
  assert.equal(root.read('/home/ada/private/README'), 'main\n', stderr);
  assert.ok(looks > 10 && processes.length > 0, 'nobody looked');
  assert.deepEqual([...seen], []);
  assert.doesNotMatch(stdout + stderr, /hunter2/);
  assert.match(stderr, /is no https: whoever is on the way can read the credentials/);
  assert.ok(server.credentials.every(given => given === `oauth2:${TOKEN}`));
  assert.match(root.read('/home/ada/private/.git/config'), /url = http:\/\/127\.0\.0\.1:\d+\/private\.git\n/);
  assert.deepEqual(findFiles(root, TOKEN, '/home'), []);
  for (const path of findFiles(root, TOKEN)) {
    assert.deepEqual({ path, mode: lstatSync(root.at(path)).mode & 0o007 }, { path, mode: 0 });
  }
  // The user's own git has it too, without the variable.
  const me = ['-c', 'user.name=ada', '-c', 'user.email=ada@git.example'];
  await git(root, '-C', 'private', ...me, 'commit', '--allow-empty', '--quiet', '--message', 'mine');
  await git(root, '-C', 'private', 'push', '--quiet');
});

for (const isUnprivileged of [false, true]) {
  test(`git knows who the user is${isUnprivileged ? ' and has the token, where /etc can’t be written' : ''}`, {
    skip: isUnprivileged && NEEDS_ROOT,
  }, async t => {
    const server = await startGitServer(t, { token: TOKEN });
    const root = makeRoot(t, { '/etc/gitconfig': '[alias]\n\tmine = status\n' });
    const lintel = root.boot({
      isUnprivileged,
      command: [
        '/bin/sh',
        '-c',
        'git var GIT_AUTHOR_IDENT; git config alias.mine; git -C "$HOME/private" fetch && echo fetched',
      ],
      environment: {
        GIT_USER_NAME: 'Ada "Countess" Lovelace; #1',
        GIT_USER_MAIL: 'ada@math.example',
        GIT_REPOSITORY: `${server.url}/private.git`,
        GIT_PERSONAL_ACCESS_TOKEN: TOKEN,
      },
    });
    const { stdout, stderr } = await lintel.end();
    assert.match(
      stdout,
      /^Ada "Countess" Lovelace; #1 <ada@math\.example> \d+ .*\nstatus\nfetched\n$/,
      stderr,
    );
    assert.equal(root.read('/etc/gitconfig').includes('lintel'), !isUnprivileged && IS_ROOT);
  });
}

test('the token goes to no other server, not even to another port', async t => {
  const server = await startGitServer(t, { token: TOKEN });
  const other = await startGitServer(t, { token: TOKEN });
  const root = makeRoot(t);
  await boot(root, { GIT_REPOSITORY: `${server.url}/private.git`, GIT_PERSONAL_ACCESS_TOKEN: TOKEN });
  await assert.rejects(
    git(root, 'clone', `${other.url}/private.git`, 'elsewhere'),
    /terminal prompts disabled/,
  );
  assert.deepEqual(other.credentials, []);
});

test('credentials in the URL are taken out of it', async t => {
  const server = await startGitServer(t, { token: TOKEN });
  const root = makeRoot(t);
  const GIT_REPOSITORY = `http://ada:${TOKEN}@127.0.0.1:${server.port}/private.git`;
  const { stdout, stderr } = await boot(root, {
    GIT_REPOSITORY,
    GIT_PERSONAL_ACCESS_TOKEN: 'of-another-forge',
  });
  assert.equal(root.read('/home/ada/private/README'), 'main\n', stderr);
  assert.doesNotMatch(stdout + stderr, /hunter2|another-forge/);
  assert.deepEqual([...new Set(server.credentials)], [`ada:${TOKEN}`]);
  assert.deepEqual(findFiles(root, TOKEN, '/home'), []);
});

for (const [part, makeUrl] of [
  ['a password', host => `http://ada:${TOKEN}@${host}/nothing.git`],
  ['a password with an @', host => `http://ada:a@${TOKEN}@${host}/nothing.git`],
  ['the name of a user', host => `http://${TOKEN}:x-oauth-basic@${host}/nothing.git`],
  ['a query', host => `http://${host}/nothing.git?a=b&private_token=${TOKEN}`],
  ['a fragment', host => `http://${host}/nothing.git#access_token=${TOKEN}`],
] as const satisfies readonly (readonly [string, (host: string) => string])[]) {
  test(`a token as ${part} of a URL that can’t be cloned is shown nowhere`, async t => {
    const server = await startGitServer(t);
    const GIT_REPOSITORY = makeUrl(`127.0.0.1:${server.port}`);
    for (const LINTEL_LOG_FORMAT of ['text', 'json']) {
      const root = makeRoot(t, {
        '/dev/termination-log': '',
        '/etc/services.d/web/run': '#!/bin/sh\nexec sleep 9999\n',
      });
      const lintel = root.boot({ environment: { GIT_REPOSITORY, LINTEL_LOG_FORMAT } });
      await lintel.waitForText(/booted after|ready after/);
      const status = await root.boot({ command: ['lintel', 'status', '--json'] }).end();
      const { stdout, stderr } = await lintel.stop();
      const strict = await boot(root, { GIT_REPOSITORY, LINTEL_LOG_FORMAT, LINTEL_STRICT: '1' });
      assert.equal(strict.code, 2, strict.stderr);
      assert.match(root.read('/dev/termination-log'), /Cannot clone .*not found/);
      assert.match(status.stdout, /"web"/);
      const said = [status.stdout, stdout, stderr, strict.stderr, root.read('/dev/termination-log')];
      assert.doesNotMatch(said.join('\n'), /hunter2/);
      assert.deepEqual(
        findFiles(root, 'hunter2').filter(path => !/\/(env|secrets)\//.test(path)),
        [],
      );
    }
  });
}

for (const [what, environment, words] of [
  [
    'a wrong token',
    { path: '/private.git', GIT_PERSONAL_ACCESS_TOKEN: 'wrong-hunter2' },
    /Authentication failed for/,
  ],
  ['no token', { path: '/private.git' }, /could not read Username for .*terminal prompts disabled/],
  ['a repository that is not there', { path: '/nothing.git' }, /repository '.*' not found/],
  [
    'a branch that is not there',
    { path: '/tiny.git', GIT_BRANCH: 'nowhere' },
    /Remote branch nowhere not found/,
  ],
  [
    'a branch that looks like an option',
    { path: '/tiny.git', GIT_BRANCH: '--upload-pack=touch /tmp/x' },
    /Remote branch --upload-pack=touch \/tmp\/x not found/,
  ],
] as const) {
  test(`${what} costs one warning with git's own words, and the boot goes on`, async t => {
    const server = await startGitServer(t, { token: TOKEN, echo: 'you said wrong-hunter2' });
    const root = makeRoot(t);
    const { path, ...rest } = environment;
    const { code, stderr } = await boot(root, { GIT_REPOSITORY: server.url + path, ...rest });
    assert.equal(code, 0, stderr);
    const lines = stderr.split('\n').filter(line => line.includes('Cannot clone'));
    assert.equal(lines.length, 1, stderr);
    assert.match(lines[0] ?? '', words);
    assert.doesNotMatch(stderr, /hunter2/);
    assert.deepEqual(readdirSync(root.at('/home/ada')), []);
    const strict = await boot(root, { GIT_REPOSITORY: server.url + path, ...rest, LINTEL_STRICT: '1' });
    assert.equal(strict.code, 2, strict.stderr);
  });
}

test('a server that is yet to come up is asked again', async t => {
  const server = await startGitServer(t);
  Object.assign(server, { failures: 2 });
  const root = makeRoot(t);
  const { stderr } = await boot(root, { GIT_REPOSITORY: `${server.url}/tiny.git` });
  assert.equal(root.read('/home/ada/tiny/README'), 'main\n', stderr);
  assert.match(stderr, /clone: .*error: 503; it is tried again for 30 s/);
});

test('a stop ends a clone that hangs, and what it leaves is no clone to the next boot', async t => {
  const { promise: connected, resolve: onConnected } = Promise.withResolvers<void>();
  const silent = createServer(() => onConnected());
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve));
  t.after(() => silent.close());
  const { port } = silent.address() as { port: number };
  const root = makeRoot(t, { '/home/ada/.tiny.lintel-clone/.git/HEAD': 'half' });
  if (IS_ROOT) execFileSync('chown', ['-R', `${WORKBENCH.uid}`, root.at('/home/ada')]);
  const lintel = root.boot({ environment: { GIT_REPOSITORY: `http://127.0.0.1:${port}/tiny.git` } });
  await connected;
  const { code } = await lintel.stop();
  assert.equal(code, 0);
  assert.deepEqual(findProcesses(`127.0.0.1:${port}`).filter(isAlive), []);
  assert.equal(existsSync(root.at('/home/ada/tiny')), false);
  const server = await startGitServer(t);
  await boot(root, { GIT_REPOSITORY: `${server.url}/tiny.git` });
  assert.equal(root.read('/home/ada/tiny/README'), 'main\n');
  assert.deepEqual(readdirSync(root.at('/home/ada')), ['tiny']);
});

test('what stands in the way of a clone is left alone', async t => {
  const server = await startGitServer(t);
  const files: Files = { '/home/ada/tiny/thesis.txt': 'three years\n', '/srv/elsewhere/.keep': '' };
  const root = makeRoot(t, files);
  const { stderr } = await boot(root, { GIT_REPOSITORY: `${server.url}/tiny.git` });
  assert.match(
    stderr,
    /warning: Cannot clone .*\/home\/ada\/tiny is there already and is no clone: left alone/,
  );
  assert.deepEqual(readdirSync(root.at('/home/ada/tiny')), ['thesis.txt']);
  // A link that leads to a folder of somebody else's: git writes with the user's own rights.
  symlinkSync(root.at('/srv/elsewhere'), root.at('/home/ada/private'));
  const linked = await boot(root, { GIT_REPOSITORY: `${server.url}/private` });
  assert.match(linked.stderr, /Cannot clone/);
  assert.deepEqual(readdirSync(root.at('/srv/elsewhere')), ['.keep']);
});

test('a repository is cloned over ssh, without a question', { skip: NEEDS_SSHD }, async t => {
  const folder = makeRepositories(t);
  const root = makeRoot(t);
  const port = await startSshServer(t, root);
  const PATH = `${root.at('/srv/bin')}:${process.env['PATH']}`;
  const url = `ssh://${userInfo().username}@127.0.0.1:${port}${folder}/tiny.git`;
  const { stderr } = await boot(root, { GIT_REPOSITORY: url, GIT_PERSONAL_ACCESS_TOKEN: TOKEN, PATH });
  assert.equal(root.read('/home/ada/tiny/README'), 'main\n', stderr);
  assert.match(stderr, /git: the token is not used: GIT_REPOSITORY is no https URL/);
  assert.match(root.read('/home/ada/.ssh/known_hosts'), /^\[127\.0\.0\.1\]:\d+ ssh-ed25519 /m);
  // Another key than the one that was met before.
  root.write({
    '/home/ada/.ssh/known_hosts': readFileSync(root.at('/home/ada/.ssh/known_hosts'), 'utf8').replace(
      /AAAA\S+/,
      OTHER_HOST_KEY,
    ),
  });
  rmSync(root.at('/home/ada/tiny'), { recursive: true });
  const changed = await boot(root, { GIT_REPOSITORY: url, PATH });
  assert.match(changed.stderr, /Cannot clone ssh:.*Host key verification failed/);
});

test('without git, that is said', async t => {
  const root = makeRoot(t);
  const { code, stderr } = await boot(
    root,
    { GIT_REPOSITORY: 'https://git.example/a/b.git', PATH: '/nowhere' },
    {},
  );
  assert.equal(code, 0, stderr);
  assert.match(stderr, /Cannot clone https:\/\/git\.example\/a\/b\.git: git is not installed/);
});
