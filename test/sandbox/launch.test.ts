import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { execa } from 'execa';
import { CONTAINER_PATH, runContainer, STARTS, type WORKBENCH_USER, whyNot } from './container.ts';

/** The program starts whatever the container's variables say, hands them on as they are, and runs from anywhere. */
const CHECKOUT = join(import.meta.dirname, '../..');
const DIST = join(CHECKOUT, 'dist');

/** Each of these would stop Node, slow it down or change what it loads. */
const HOSTILE = {
  NODE_OPTIONS: '--no-such-flag',
  NODE_EXTRA_CA_CERTS: '/nonexistent',
  NODE_CHANNEL_FD: '3',
  NODE_PATH: '/x',
  NODE_V8_COVERAGE: '/x',
  LD_LIBRARY_PATH: '/y',
  OPENSSL_CONF: '/nonexistent',
  SSL_CERT_FILE: '/nonexistent',
  UV_THREADPOOL_SIZE: '1',
};
/** What a shell would lose, change or take for its own. */
const ODD = {
  'a.b': 'dot',
  'my-var': 'dash',
  '1st': 'digit',
  EMPTY: '',
  SPACES: '  two  ',
  QUOTES: `'"$(exit 3)\`exit 4\`\\`,
  UMLAUT: 'ä€😀',
  IFS: 'x',
  ENV: '/nonexistent',
  PS4: '$(exit 5)',
  LINTEL_ORIGIN_FD: '1',
};
const MULTILINE = { MULTILINE: 'one\ntwo\n' };
const GIVEN = { ...HOSTILE, ...ODD };

for (const { how, options, isRoot } of STARTS) {
  test(`services and CMD get every variable as given, and nothing that a shell adds, ${how}`, {
    skip: whyNot({ isRoot }),
  }, async t => {
    const seen = await readEnvironments(t, { ...GIVEN, ...MULTILINE }, options);
    const who = { USER: 'lintel', LOGNAME: 'lintel', SHELL: '/bin/bash', HOME: '/home/lintel' };
    const { LINTEL_ORIGIN_FD: _, ...given } = GIVEN;
    const expected = { PATH: CONTAINER_PATH, ...given, ...who };
    assert.deepEqual(withoutOurs(seen.cmd), { ...expected, ...MULTILINE });
    assert.deepEqual(withoutOurs(seen.service), { ...expected, MULTILINE: 'one', PYTHONUNBUFFERED: '1' });
  });

  test(`an empty variable stays empty and an unset one unset, ${how}`, {
    skip: whyNot({ isRoot }),
  }, async t => {
    const names = [...Object.keys(HOSTILE), 'PWD', 'OLDPWD', 'SHLVL', '_', 'PYTHONUNBUFFERED'];
    const empty = Object.fromEntries(names.map(name => [name, '']));
    const whenEmpty = await readEnvironments(t, empty, options);
    const whenUnset = await readEnvironments(t, {}, options);
    for (const name of names) {
      assert.equal(whenEmpty.cmd[name], '', name);
      assert.equal(whenEmpty.service[name], '', name);
      assert.equal(whenUnset.cmd[name], undefined, name);
      if (name !== 'PYTHONUNBUFFERED') assert.equal(whenUnset.service[name], undefined, name);
    }
  });
}

test('nothing of that is said, but which file of certificates is not there, or changes how Lintel ends', {
  skip: whyNot(),
}, async t => {
  const hostile = await runContainer(t, ['/init', 'true'], { environment: GIVEN });
  const plain = await runContainer(t, ['/init', 'true']);
  const warning = /^lintel: warning: ca: \w+ names "\/nonexistent", which is not there: .*\n/gm;
  // Where there is something to say, the boot is introduced.
  const introduction = /^lintel: (Lintel .* boots|services: none|ready after ).*\n/gm;
  const rest = hostile.stderr.replaceAll(warning, '').replaceAll(introduction, '');
  assert.deepEqual({ ...hostile, stderr: rest }, plain);
  assert.equal(hostile.code, 0);
});

test('the program alone in another folder uses the installed node, also through links and by PATH', {
  skip: whyNot(),
}, async t => {
  const script = [
    'mkdir /tmp/alone /tmp/bin',
    'cp /usr/local/lib/lintel/lintel.cjs /tmp/alone/lintel.cjs',
    'ln -s ../alone/lintel.cjs /tmp/bin/lintel',
    'ln -s /tmp/bin/lintel /tmp/bin/onyxia-init.sh',
    'cd /tmp/alone',
    'for run in ./lintel.cjs /tmp/alone/lintel.cjs "sh lintel.cjs" /tmp/bin/onyxia-init.sh /init; do',
    '  $run sh -c "exit 7"; echo "$run $?"',
    'done',
    'PATH=/tmp/bin:$PATH; lintel version > /dev/null; echo "lintel $?"',
  ].join('\n');
  // No other node may help out.
  const path = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
  const files = { '/usr/bin/node': '#!/bin/sh\nexit 99\n', '/usr/local/bin/node': '#!/bin/sh\nexit 99\n' };
  const { stdout, stderr } = await runContainer(t, ['/bin/sh', '-c', script], { environment: path, files });
  const runs = ['./lintel.cjs', '/tmp/alone/lintel.cjs', 'sh lintel.cjs', '/tmp/bin/onyxia-init.sh', '/init'];
  assert.equal(stdout, `${runs.map(run => `${run} 7\n`).join('')}lintel 0\n`, stderr);
});

test('a developer’s build boots no machine as root, only a folder', {
  skip: whyNot({ isRoot: true }),
}, async t => {
  const script = [
    'mkdir /tmp/dist /tmp/root',
    'cp /usr/local/lib/lintel/lintel.cjs /tmp/dist/lintel.cjs',
    '/tmp/dist/lintel.cjs sh -c "exit 7"; echo $?',
    'LINTEL_ROOT=/tmp/root /tmp/dist/lintel.cjs sh -c "exit 7"; echo $?',
  ].join('\n');
  const { stdout, stderr } = await runContainer(t, ['/bin/sh', '-c', script]);
  assert.equal(stdout, '2\n7\n', stderr);
  assert.match(stderr, /^lintel: error: Cannot boot by \/tmp\/dist\/lintel.cjs: /);
});

test('a PID 1 that boots nothing leaves why in the termination log, and nobody else writes there', {
  skip: whyNot({ isRoot: true }),
}, async t => {
  const script = [
    'log=/dev/termination-log; echo first > $log',
    'lintel statsu 2>/dev/null; cat $log',
    'unshare --pid --fork lintel statsu 2>/dev/null; cat $log',
    'PATH=/nowhere unshare --pid --fork /bin/sh /tmp/lintel.cjs 2>/dev/null; cat $log',
  ];
  const bare = 'mkdir /tmp/bare; cp /usr/local/lib/lintel/lintel.cjs /tmp/lintel.cjs';
  const { stdout } = await runContainer(t, ['/bin/sh', '-c', [bare, ...script].join('\n')]);
  assert.match(stdout, /^first\nended with exit code 2: .*statsu.*\n/);
});

test('the program uses the node beside it', async t => {
  const folder = await copyProgram(t);
  assert.equal((await readVersion(folder)).codeCache, 'used');
  await rm(join(folder, 'node'));
  await writeFile(join(folder, 'node'), '#!/bin/sh\necho beside\n', { mode: 0o755 });
  const { stdout } = await execa(join(folder, 'lintel.cjs'), ['version']);
  assert.equal(stdout, 'beside');
});

for (const loader of ['beside the program', 'within it'] as const)
  test(`with the loader ${loader}, a code cache is used, missed and refused, and the program works the same`, async t => {
    const folder = await copyProgram(t, loader);
    const cache = join(folder, 'lintel.cjs.cache');
    const whole = await readFile(cache);
    const { codeCache, ...version } = await readVersion(folder);
    assert.equal(codeCache, 'used');

    await rm(cache);
    assert.deepEqual(await readVersion(folder), { ...version, codeCache: 'absent' });
    for (const size of [0, 1, 50, 4096, whole.length - 1]) {
      await writeFile(cache, whole);
      await truncate(cache, size);
      assert.deepEqual(
        await readVersion(folder),
        { ...version, codeCache: 'refused' },
        `cut to ${size} bytes`,
      );
    }
    for (const at of [0, 20, 100, 1000, whole.length >> 1, whole.length - 1]) {
      const flipped = Buffer.from(whole);
      flipped.writeUInt8(flipped.readUInt8(at) ^ 0x10, at);
      await writeFile(cache, flipped);
      assert.deepEqual(await readVersion(folder), { ...version, codeCache: 'refused' }, `byte ${at} flipped`);
    }
    await writeFile(cache, whole);
    assert.equal((await readVersion(folder)).codeCache, 'used');
  });

for (const loader of ['beside the program', 'within it'] as const)
  test(`with the loader ${loader}, the code cache of another build of the same size is refused`, async t => {
    const folder = await copyProgram(t, loader);
    const other = await buildAnother(t);
    const [ours, theirs] = await Promise.all([readVersion(folder), readVersion(other)]);
    assert.notEqual(ours.version, theirs.version);
    assert.equal(theirs.codeCache, 'used');

    await cp(join(other, 'lintel.cjs.cache'), join(folder, 'lintel.cjs.cache'));
    assert.deepEqual(await readVersion(folder), { ...ours, codeCache: 'refused' });
  });

interface Environments {
  readonly cmd: Readonly<Record<string, string>>;
  readonly service: Readonly<Record<string, string>>;
}

/**
 * What a CMD and a service see, read without a shell between: it would drop names. The CMD's end stops the service,
 * which is not to be disturbed by that.
 */
async function readEnvironments(
  t: TestContext,
  environment: Record<string, string>,
  options: { readonly user?: typeof WORKBENCH_USER | undefined },
): Promise<Environments> {
  const end = await runContainer(t, ['/init', '/usr/bin/env', '--null'], {
    ...options,
    environment,
    files: {
      '/etc/services.d/env/service.json':
        '{"command": ["/usr/bin/env"], "restart": "never", "stopSignal": "SIGCONT"}',
    },
  });
  assert.equal(end.code, 0, end.stderr);
  const lines = end.stderr.split('\n').filter(line => line.startsWith('env | ') && line.includes('='));
  return {
    cmd: parseEnvironment(end.stdout.split('\0').slice(0, -1)),
    service: parseEnvironment(lines.map(line => line.slice('env | '.length))),
  };
}

function parseEnvironment(entries: readonly string[]): Record<string, string> {
  const pairs = entries.map(entry => [
    entry.slice(0, entry.indexOf('=')),
    entry.slice(entry.indexOf('=') + 1),
  ]);
  assert.equal(new Set(pairs.map(([name]) => name)).size, pairs.length, 'a variable stands twice');
  return Object.fromEntries(pairs);
}

/** Without what Lintel adds of its own, and what its script 10-xdg-runtime-dir adds. */
function withoutOurs(environment: Readonly<Record<string, string>>): Record<string, string> {
  const isOurs = (name: string) => name.startsWith('LINTEL_') || name === 'XDG_RUNTIME_DIR';
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !isOurs(name)));
}

interface Version {
  readonly version: string;
  readonly codeCache: string;
}

async function readVersion(folder: string): Promise<Version> {
  const { stdout } = await execa(join(folder, 'lintel.cjs'), ['version', '--json']);
  return JSON.parse(stdout) as Version;
}

/** A folder like /usr/local/lib/lintel, to be spoiled. */
async function copyProgram(
  t: TestContext,
  loader: 'beside the program' | 'within it' = 'beside the program',
): Promise<string> {
  const folder = await makeFolder(t);
  if (loader === 'beside the program') await cp(join(DIST, 'loader.cjs'), join(folder, 'loader.cjs'));
  for (const name of ['lintel.cjs', 'lintel.cjs.cache']) await cp(join(DIST, name), join(folder, name));
  await symlink(join(DIST, 'node'), join(folder, 'node'));
  return folder;
}

/** Builds this checkout with a version of the same length; returns its dist/. */
async function buildAnother(t: TestContext): Promise<string> {
  const folder = await makeFolder(t);
  for (const name of ['src', 'dev', 'tsconfig.json'])
    await cp(join(CHECKOUT, name), join(folder, name), { recursive: true });
  await symlink(join(CHECKOUT, 'node_modules'), join(folder, 'node_modules'));
  const manifest = await readFile(join(CHECKOUT, 'package.json'), 'utf8');
  await writeFile(join(folder, 'package.json'), manifest.replace(/("version": "\d+\.\d+\.)\d/, '$1Z'));
  await execa(process.execPath, ['--import', 'tsx', 'dev/bundle.ts'], { cwd: folder });
  return join(folder, 'dist');
}

async function makeFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lintel-launch-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}
