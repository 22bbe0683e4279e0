/** `npm run image`, with programs in place of the engines that say what they are asked. */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { execa } from 'execa';

const CHECKOUT = join(import.meta.dirname, '..');
const LIMIT_MS = 60_000;
const ENGINES = ['docker', 'podman', 'buildah'] as const;

/** Runs it where these engines answer; returns how it ended, and each build's arguments with blanks between them. */
async function runImage(t: TestContext, answering: readonly string[], given: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'lintel-image-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const name of ENGINES) {
    const file = join(folder, name);
    const end = answering.includes(name) ? 0 : 1;
    await writeFile(file, `#!/bin/sh\nif [ "$1" = build ]; then echo "${name} $*"; fi\nexit ${end}\n`);
    await chmod(file, 0o755);
  }
  const { exitCode, stdout, stderr } = await execa(
    process.execPath,
    ['--import', 'tsx', 'dev/image.ts', ...given],
    {
      cwd: CHECKOUT,
      reject: false,
      timeout: LIMIT_MS,
      env: { PATH: `${folder}:${process.env['PATH']}` },
    },
  );
  return { exitCode, stderr, builds: stdout.split('\n').filter(line => line !== '') };
}

describe('npm run image', () => {
  for (const [engine, answering, format] of [
    ['docker', ENGINES, ''],
    ['podman', ['podman', 'buildah'], ' --format docker'],
    ['buildah', ['buildah'], ' --format docker'],
  ] as const)
    test(`builds by ${engine} where ${answering.join(', ')} answer`, async t => {
      const { exitCode, stderr, builds } = await runImage(t, answering, []);
      assert.equal(exitCode, 0, stderr);
      assert.equal(builds.length, 3);
      for (const build of builds) assert.ok(build.startsWith(`${engine} build${format} --secret `), build);
      const tags = builds.map(build => /--tag (\S+)/.exec(build)?.[1]);
      assert.deepEqual(tags, ['lintel', 'lintel-base', 'lintel-workbench']);
    });

  test('builds one image, with the engine’s own arguments', async t => {
    const given = ['base', '--build-arg', 'BASE_IMAGE=debian:trixie-slim', '--tag', 'mine'];
    const { exitCode, stderr, builds } = await runImage(t, ENGINES, given);
    assert.equal(exitCode, 0, stderr);
    assert.equal(builds.length, 1);
    assert.match(
      builds[0] ?? '',
      / --build-arg BASE_IMAGE=debian:trixie-slim --tag mine --file \S+Dockerfile\.base /,
    );
    assert.doesNotMatch(builds[0] ?? '', /--tag lintel/);
  });

  test('gives each of three images the build arguments that it takes, and those that nobody knows', async t => {
    const given = [
      '--build-arg',
      'BASE_IMAGE=debian',
      '--build-arg=NODE_IMAGE=node',
      '--build-arg',
      'ODD=1',
      '--pull',
    ];
    const { exitCode, stderr, builds } = await runImage(t, ENGINES, given);
    assert.equal(exitCode, 0, stderr);
    const passed = builds.map(build => / --tag \S+ (.*?) --file /.exec(build)?.[1]);
    assert.deepEqual(passed, [
      '--build-arg=NODE_IMAGE=node --build-arg ODD=1 --pull',
      '--build-arg BASE_IMAGE=debian --build-arg=NODE_IMAGE=node --build-arg ODD=1 --pull',
      '--build-arg ODD=1 --pull',
    ]);
  });

  test('gives no three images one name', async t => {
    const { exitCode, stderr, builds } = await runImage(t, ENGINES, ['--tag=mine']);
    assert.deepEqual([exitCode, builds], [2, []]);
    assert.match(
      stderr,
      /^Cannot give three images one name: --tag=mine, expected one of lintel, base, workbench before it$/m,
    );
  });

  test('says so where no engine answers', async t => {
    const { exitCode, stderr } = await runImage(t, [], []);
    assert.equal(exitCode, 1);
    assert.match(stderr, /^Cannot build an image: none of docker, podman and buildah answers/m);
  });
});
