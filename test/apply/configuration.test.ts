import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { removeMarked } from '../../src/tools/marked.ts';
import {
  type BootOptions,
  type End,
  type Files,
  IS_ROOT,
  makeRoot,
  NEEDS_ROOT,
  type Root,
  WORKBENCH,
} from '../rig.ts';

/** What a boot does to the files of a root: once, twice, and when a setting is gone again. */
const SERVICE: Files = {
  '/etc/services.d/web/run':
    '#!/bin/sh\nenv > "$LINTEL_ROOT/tmp/up.new"\nmv "$LINTEL_ROOT/tmp/up.new" "$LINTEL_ROOT/tmp/up"\nexec sleep 9999\n',
};
/** A real certificate (P-256, self-signed), as only those are taken. */
const CERTIFICATE = readFileSync(join(import.meta.dirname, 'private-ca.pem'), 'utf8');
const SYSTEM_CERTIFICATE = '-----BEGIN CERTIFICATE-----\nTHE SYSTEM\n-----END CERTIFICATE-----\n';
const ALL: Readonly<Record<string, string>> = {
  PIP_REPOSITORY: 'https://mirror.example/simple',
  CONDA_REPOSITORY: 'https://mirror.example/conda, conda-forge',
  R_REPOSITORY: 'https://mirror.example/cran',
};
/** What needs a program that this machine may lack is read where the environment says that it is. */
const MORE: Readonly<Record<string, string>> = {
  NPM_REPOSITORY: 'https://mirror.example/npm/',
  NPM_CONFIG_GLOBALCONFIG: '/etc/npmrc',
  PACKAGE_MANAGER_URL: 'https://mirror.example/cran',
  HTTP_PROXY: 'http://proxy.example:3128',
};
const ETC = [
  '/etc/pip.conf',
  '/etc/uv/uv.toml',
  '/etc/conda/.condarc',
  '/etc/R/Rprofile.site',
  '/etc/gitconfig',
];

/** Boots, waits for the service, stops. Returns the service's variables besides. */
async function bootOnce(
  root: Root,
  options: BootOptions = {},
): Promise<End & { environment: Record<string, string> }> {
  rmSync(root.at('/tmp/up'), { force: true });
  const lintel = root.boot(options);
  const lines = (await lintel.waitForFile('/tmp/up')).split('\n');
  const environment = Object.fromEntries(
    lines.map(line => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)]),
  );
  const end = await lintel.stop();
  assert.equal(end.code, 0, end.stderr);
  return { ...end, environment };
}

/** Which file it is, when it changed, and what it says. */
function identify(root: Root, paths: readonly string[]) {
  return paths.map(path => {
    const { ino, mtimeNs, ctimeNs } = statSync(root.at(path), { bigint: true });
    return { path, ino, mtimeNs, ctimeNs, text: root.read(path) };
  });
}

const errorsOf = ({ stderr }: End) => stderr.split('\n').filter(line => line.startsWith('lintel: error: '));

test('a second boot changes no file, and one without the settings takes our part out again', async t => {
  const given: Files = {
    '/etc/pip.conf': '[global]\ntimeout = 60\nindex-url = https://old.example/simple\n[install]\nuser = no\n',
    '/etc/conda/.condarc': 'channels:\n  - defaults\nshow_channel_urls: true\n',
    '/etc/R/Rprofile.site': 'options(digits = 5)\n',
    '/etc/gitconfig': '[user]\n\tname = Ada\n',
  };
  const root = makeRoot(t, {
    ...SERVICE,
    ...given,
    '/srv/ca.pem': CERTIFICATE,
    '/etc/ssl/certs/ca-certificates.crt': SYSTEM_CERTIFICATE,
  });
  const environment = { ...ALL, PATH_TO_CA_BUNDLE: root.at('/srv/ca.pem') };

  await bootOnce(root, { environment });
  const first = identify(root, ETC);
  for (const { path, text } of first) assert.match(text, /# lintel: begin[\s\S]*\n# lintel: end\n/, path);

  await bootOnce(root, { environment });
  assert.deepEqual(identify(root, ETC), first);

  await bootOnce(root, { environment: { ...environment, PIP_REPOSITORY: 'https://other.example/simple' } });
  assert.match(root.read('/etc/pip.conf'), /other\.example/);
  assert.doesNotMatch(root.read('/etc/pip.conf'), /mirror\.example/);

  const { environment: seen } = await bootOnce(root);
  for (const [path, text] of Object.entries(given)) assert.equal(readAsGiven(root, path), text, path);
  // A file that was all ours is gone.
  assert.equal(existsSync(root.at('/etc/uv/uv.toml')), false);
  for (const name of Object.keys(seen)) assert.doesNotMatch(name, /CA_BUNDLE|SSL_CERT|CAINFO|EXTRA_CA/);

  const without = identify(root, Object.keys(given));
  await bootOnce(root);
  assert.deepEqual(identify(root, Object.keys(given)), without);
});

test('a changed file keeps its mode and owner', async t => {
  const root = makeRoot(t, { ...SERVICE, '/etc/pip.conf': '[global]\n' });
  chmodSync(root.at('/etc/pip.conf'), 0o604);
  if (IS_ROOT) chownSync(root.at('/etc/pip.conf'), 4321, 1234);
  const before = statSync(root.at('/etc/pip.conf'));
  await bootOnce(root, { environment: ALL });
  const after = statSync(root.at('/etc/pip.conf'));
  assert.match(root.read('/etc/pip.conf'), /mirror\.example/);
  assert.deepEqual([after.mode, after.uid, after.gid], [before.mode, before.uid, before.gid]);
  // A new one is for everybody.
  assert.equal(statSync(root.at('/etc/uv/uv.toml')).mode & 0o777, 0o644);
});

test('the certificates are added to the system’s, and every client is told of the sum', async t => {
  const root = makeRoot(t, {
    ...SERVICE,
    '/srv/ca.pem': `${CERTIFICATE}-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----\n`,
    '/etc/ssl/certs/ca-certificates.crt': SYSTEM_CERTIFICATE,
  });
  const { environment } = await bootOnce(root, {
    environment: { PATH_TO_CA_BUNDLE: root.at('/srv/ca.pem') },
  });
  const bundle = root.at('/run/lintel/ca-bundle.pem');
  for (const name of ['SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'GIT_SSL_CAINFO'])
    assert.equal(environment[name], bundle, name);
  assert.equal(readFileSync(bundle, 'utf8'), SYSTEM_CERTIFICATE + CERTIFICATE);
  assert.equal(readFileSync(environment['NODE_EXTRA_CA_CERTS'] ?? '', 'utf8'), CERTIFICATE);
  assert.match(root.read('/etc/pip.conf'), new RegExp(`^cert = ${bundle}$`, 'm'));
  assert.match(root.read('/etc/gitconfig'), new RegExp(`sslCAInfo = ${bundle}$`, 'm'));
  assert.equal(readFileSync(root.at('/srv/ca.pem'), 'utf8').includes('SECRET'), true);
});

test('a variable that the container has already is left alone, unless the operator enforces the settings', async t => {
  const root = makeRoot(t, { ...SERVICE, '/srv/ca.pem': CERTIFICATE });
  const environment = { PATH_TO_CA_BUNDLE: root.at('/srv/ca.pem'), REQUESTS_CA_BUNDLE: '/my/own.pem' };
  const polite = await bootOnce(root, { environment });
  assert.equal(polite.environment['REQUESTS_CA_BUNDLE'], '/my/own.pem');
  assert.match(polite.stderr, /warning: ca: REQUESTS_CA_BUNDLE is already set in the container: left alone/);
  const firm = await bootOnce(root, { environment: { ...environment, LINTEL_ENFORCE: '1' } });
  assert.equal(firm.environment['REQUESTS_CA_BUNDLE'], root.at('/run/lintel/ca-bundle.pem'));
});

test('a link that leads out of the root is not written through', async t => {
  const outside = mkdtempSync(join(tmpdir(), 'lintel-outside-'));
  t.after(() => rmSync(outside, { recursive: true, force: true }));
  writeFileSync(join(outside, 'pip.conf'), '[global]\ntimeout = 60\n');
  const root = makeRoot(t, SERVICE);
  symlinkSync(join(outside, 'pip.conf'), root.at('/etc/pip.conf'));
  await bootOnce(root, { environment: ALL });
  assert.equal(readFileSync(join(outside, 'pip.conf'), 'utf8'), '[global]\ntimeout = 60\n');
  assert.deepEqual(readdirSync(outside), ['pip.conf']);
});

test('a link within the root stays one, and the file that it names is changed', async t => {
  const root = makeRoot(t, { ...SERVICE, '/etc/R/site': 'options(digits = 5)\n' });
  symlinkSync('site', root.at('/etc/R/Rprofile.site'));
  await bootOnce(root, { environment: ALL });
  assert.equal(lstatSync(root.at('/etc/R/Rprofile.site')).isSymbolicLink(), true);
  assert.match(root.read('/etc/R/site'), /^options\(digits = 5\)\n# lintel: begin/);
});

test('a folder where a file should be is named, and the other tools are set', async t => {
  const root = makeRoot(t, { ...SERVICE, '/etc/pip.conf/inner': '' });
  const { stderr } = await bootOnce(root, { environment: ALL });
  const lines = stderr.split('\n').filter(line => line.includes('/etc/pip.conf'));
  assert.equal(lines.length, 1, stderr);
  assert.match(lines[0] ?? '', /pip\.conf is left alone: it is a directory/);
  assert.deepEqual(readdirSync(root.at('/etc/pip.conf')), ['inner']);
  assert.match(root.read('/etc/conda/.condarc'), /mirror\.example/);
});

test('what can’t be written costs one error line each, in plain words, and the rest is written', async t => {
  const root = makeRoot(t, { ...SERVICE, '/etc/uv': '#!/bin/sh\n', '/etc/conda': '#!/bin/sh\n' });
  const end = await bootOnce(root, { environment: ALL });
  const errors = errorsOf(end).sort();
  assert.equal(errors.length, 2, end.stderr);
  for (const [index, path] of ['/etc/conda/.condarc', '/etc/uv/uv.toml'].entries()) {
    assert.ok(errors[index]?.includes(`Cannot write ${root.at(path)}: `), end.stderr);
    assert.doesNotMatch(errors[index] ?? '', /\bE[A-Z]{4,}\b/);
  }
  assert.match(root.read('/etc/pip.conf'), /mirror\.example/);
  assert.equal(root.read('/etc/uv'), '#!/bin/sh\n');
});

test('nothing but the named files changes in /etc, and nothing temporary is left', async t => {
  const root = makeRoot(t, { ...SERVICE, '/etc/R/Renviron': '' });
  const before = readdirSync(root.at('/etc'), { recursive: true }).map(String);
  await bootOnce(root, { environment: ALL });
  const added = readdirSync(root.at('/etc'), { recursive: true })
    .map(String)
    .filter(name => !before.includes(name));
  assert.deepEqual(added.sort(), [
    'R/Rprofile.site',
    'conda',
    'conda/.condarc',
    'pip.conf',
    'uv',
    'uv/uv.toml',
  ]);
});

test('the state of an earlier run is gone, and nobody else can read the secrets of this one', async t => {
  const root = makeRoot(t, {
    ...SERVICE,
    '/run/lintel/old/file': 'old\n',
    '/run/lintel/secrets/condarc': 'old\n',
  });
  const environment = {
    PIP_REPOSITORY: 'https://ada:hunter2@mirror.example/simple',
    CONDA_REPOSITORY: 'https://ada:hunter2@mirror.example/conda',
  };
  const end = await bootOnce(root, { environment });
  assert.equal(existsSync(root.at('/run/lintel/old')), false);
  assert.equal(existsSync(root.at('/etc/pip.conf')), false);
  assert.equal(end.environment['PIP_INDEX_URL'], environment.PIP_REPOSITORY);
  assert.equal(end.environment['CONDARC'], root.at('/run/lintel/secrets/condarc'));
  const secret = statSync(root.at('/run/lintel/secrets/condarc'));
  assert.deepEqual([secret.mode & 0o777, secret.uid], [0o600, WORKBENCH.uid]);
  assert.match(root.read('/run/lintel/secrets/condarc'), /hunter2/);
  assert.doesNotMatch(end.stderr + end.stdout, /hunter2/);
});

test('who can’t write /etc gets variables instead', async t => {
  const root = makeRoot(t, SERVICE);
  const etc = root.at('/etc');
  if (!IS_ROOT) chmodSync(etc, 0o555);
  const { environment, stderr } = await bootOnce(root, { environment: ALL, isUnprivileged: true });
  if (!IS_ROOT) chmodSync(etc, 0o755);
  const runtimeDir = environment['LINTEL_RUNTIME_DIR'] ?? '';
  assert.equal(environment['CONDARC'], `${runtimeDir}/condarc`, stderr);
  assert.equal(environment['R_PROFILE'], `${runtimeDir}/Rprofile.site`);
  assert.equal(environment['PIP_INDEX_URL'], 'https://mirror.example/simple');
  assert.equal(environment['UV_DEFAULT_INDEX'], 'https://mirror.example/simple');
  assert.match(readFileSync(`${runtimeDir}/condarc`, 'utf8'), /mirror\.example/);
  assert.equal(existsSync(root.at('/etc/pip.conf')), false);
});

test('a user’s own key wins, and that is said', async t => {
  const root = makeRoot(t, {
    ...SERVICE,
    '/home/ada/.config/pip/pip.conf': '[global]\nindex-url = https://mine.example/simple\n',
  });
  mkdirSync(root.at('/etc/pip'), { recursive: true });
  const { stderr } = await bootOnce(root, { environment: ALL });
  assert.match(
    stderr,
    /warning: pip: \S+\/home\/ada\/\.config\/pip\/pip\.conf has index-url of its own, which wins/,
  );
  assert.equal(
    root.read('/home/ada/.config/pip/pip.conf'),
    '[global]\nindex-url = https://mine.example/simple\n',
  );
});

test('files of every style are as they were before, byte by byte, when the settings are gone', async t => {
  const given: Files = {
    '/etc/pip.conf':
      '  [global]\r\ntimeout = 60\r\n\r\n[install]\r\nindex_url: https://old.example\r\n  https://more.example',
    '/etc/conda/.condarc': '# mine\n{channels: [defaults], show_channel_urls: true} # flow',
    '/etc/R/Rprofile.site': 'options(digits = 5)',
    '/etc/npmrc': 'registry=https://old.example/\n; mine\nfund=false',
    '/etc/wgetrc': '',
  };
  const root = makeRoot(t, { ...SERVICE, ...given, '/etc/os-release': 'VERSION_CODENAME=bookworm\n' });
  const paths = Object.keys(given).filter(path => path !== '/etc/npmrc' || existsSync('/usr/bin/npm'));
  const before = identify(root, paths);
  for (let boot = 0; boot < 2; boot++) {
    const { stderr } = await bootOnce(root, { environment: { ...ALL, ...MORE } });
    assert.deepEqual(errorsOf({ stderr } as End), []);
    assert.match(root.read('/etc/conda/.condarc'), /^\{ channels: \[ https:\/\/mirror\.example/m);
    assert.match(root.read('/etc/R/Rprofile.site'), /latest\/bin\/linux\/bookworm-/);
  }
  const changed = identify(root, paths);
  await bootOnce(root, { environment: { ...ALL, ...MORE } });
  assert.deepEqual(identify(root, paths), changed);
  const { NPM_CONFIG_GLOBALCONFIG = '' } = MORE;
  await bootOnce(root, { environment: { NPM_CONFIG_GLOBALCONFIG } });
  for (const { path, text } of before) assert.equal(readAsGiven(root, path), text, path);
});

test('conda’s file in a folder of the workbench user’s is written with their rights, and a link there leads nowhere', {
  skip: NEEDS_ROOT,
}, async t => {
  const folder = '/opt/conda';
  const root = makeRoot(t, {
    ...SERVICE,
    [`${folder}/conda-meta/x`]: '',
    [`${folder}/.condarc`]: 'channels: [a]\n',
  });
  const own = (path: string) => lchownSync(root.at(path), WORKBENCH.uid, WORKBENCH.gid);
  own(folder);
  own(`${folder}/.condarc`);
  const { environment } = await bootOnce(root, { environment: ALL });
  assert.match(root.read(`${folder}/.condarc`), /mirror\.example/);
  assert.equal(statSync(root.at(`${folder}/.condarc`)).uid, WORKBENCH.uid);
  assert.equal(environment['CONDARC'], undefined);
  await bootOnce(root);
  assert.equal(root.read(`${folder}/.condarc`), 'channels: [a]\n');

  root.write({ '/etc/precious': 'channels: [precious]\n' });
  rmSync(root.at(`${folder}/.condarc`));
  symlinkSync(root.at('/etc/precious'), root.at(`${folder}/.condarc`));
  own(`${folder}/.condarc`);
  const end = await bootOnce(root, { environment: ALL });
  assert.equal(root.read('/etc/precious'), 'channels: [precious]\n');
  assert.equal(end.environment['CONDARC'], root.at('/run/lintel/condarc'));
  assert.doesNotMatch(root.read('/run/lintel/condarc'), /precious/);
});

test('files that can’t be understood are left as they are, named with the line, and variables are set instead', async t => {
  const given: Files = {
    '/etc/pip.conf': '[global]\nwords\n',
    '/etc/conda/.condarc': 'channels:\n  - a\n b: [\n',
  };
  const root = makeRoot(t, { ...SERVICE, ...given });
  mkdirSync(root.at('/etc/uv'));
  const latin1 = Buffer.from('# caf\xe9\n', 'latin1');
  writeFileSync(root.at('/etc/uv/uv.toml'), latin1);
  const { environment, stderr } = await bootOnce(root, { environment: ALL });
  for (const [path, text] of Object.entries(given)) assert.equal(root.read(path), text);
  assert.deepEqual(readFileSync(root.at('/etc/uv/uv.toml')), latin1);
  assert.match(stderr, /warning: pip: \S+\/etc\/pip\.conf is left alone: line 2: neither a \[section\]/);
  assert.match(stderr, /warning: conda: \S+\/\.condarc is left alone: line 3: /);
  assert.match(stderr, /warning: uv: \S+\/uv\.toml is left alone: it is not UTF-8 text/);
  assert.equal(environment['PIP_INDEX_URL'], ALL['PIP_REPOSITORY']);
  assert.equal(environment['UV_DEFAULT_INDEX'], ALL['PIP_REPOSITORY']);
  assert.equal(environment['CONDARC'], root.at('/run/lintel/condarc'));
});

/** What R's sessions need stays in its site file, whatever the settings are. */
function readAsGiven(root: Root, path: string): string {
  const text = root.read(path);
  return path.endsWith('Rprofile.site') ? removeMarked(text) : text;
}

test('an empty variable is an absent one for every tool', async t => {
  const root = makeRoot(t, SERVICE);
  const names = [...Object.keys(ALL), 'NPM_REPOSITORY', 'PACKAGE_MANAGER_URL', 'HTTP_PROXY', 'NO_PROXY'];
  const before = readdirSync(root.at('/etc'), { recursive: true });
  const empty = Object.fromEntries(names.map(name => [name, '']));
  const { stderr } = await bootOnce(root, { environment: empty });
  const after = readdirSync(root.at('/etc'), { recursive: true, encoding: 'utf8' });
  assert.deepEqual(
    after.filter(path => !/^R\b/.test(path)),
    before,
  );
  assert.doesNotMatch(stderr, /warning|error/);
});
