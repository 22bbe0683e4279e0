/**
 * The images that the tests of this folder run, from Debian's and npm's packages alone. What is there already is not
 * made again; Lintel's own layers are, when a file of theirs has changed.
 */
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { CACHE, CHECKOUT, engineEnvironment, hasImage, IMAGES, podman, whyNot } from '../../dev/engine.ts';
import { prepareArm64 } from './arm64.ts';

const SUITE = 'bookworm';
const NPM = 'npm@11.6.2';
/** A layer that stands for a while: another number makes it anew. */
const STAMPS = { debian: 'v1' } as const;
/** Of what later builds have left without a name, this is old enough that no other checkout is just building on it. */
const LEFT_OVER = 'until=24h';
/** Builds read Debian and npm over the machine's own network, and no registry of images. */
const BUILD = ['--network', 'host', '--pull=never'];

const why = whyNot();
if (why === false) await prepare();
else console.log(`No images for the tests: ${why}`);

async function prepare(): Promise<void> {
  await step(IMAGES.debian, makeDebian);
  await step(IMAGES.node, makeNode);
  await step(IMAGES.programs, makePrograms);
  await step(IMAGES.hub, () => build(IMAGES.hub, 'hub', import.meta.dirname));
  await step(IMAGES.base, () => makeLintel('base', IMAGES.base, IMAGES.debian));
  await step(IMAGES.workbench, () => makeLintel('base', IMAGES.workbench, IMAGES.programs));
  await step(IMAGES.alone, () => makeLintel('lintel', IMAGES.alone, IMAGES.debian));
  await step('arm64', prepareArm64);
  await step('clean up', () => podman(['image', 'prune', '--force', '--filter', LEFT_OVER]));
}

async function step(name: string, make: () => Promise<unknown>): Promise<void> {
  const startMs = performance.now();
  await make();
  console.log(`${name}: ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
}

/** As Debian's own image, from the machine's sources of packages. */
async function makeDebian(): Promise<void> {
  if (await hasImage(IMAGES.debian)) return;
  const archive = join(CACHE, `debian-${SUITE}-${STAMPS.debian}.tar`);
  if (!existsSync(archive)) {
    await mkdir(CACHE, { recursive: true });
    const excluded = ['man', 'doc', 'locale'].map(folder => `--dpkgopt=path-exclude=/usr/share/${folder}/*`);
    const sources = ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list'].filter(existsSync);
    await execa(
      'mmdebstrap',
      [
        '--quiet',
        '--variant=minbase',
        '--mode=root',
        '--format=tar',
        ...excluded,
        SUITE,
        `${archive}.part`,
        ...sources.slice(0, 1),
      ],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    );
    await rename(`${archive}.part`, archive);
  }
  await podman([
    'import',
    '--quiet',
    '--change',
    'CMD ["bash"]',
    archive,
    `docker.io/library/${IMAGES.debian}`,
  ]);
}

async function makeNode(): Promise<void> {
  if (await hasImage(IMAGES.node)) return;
  const folder = await mkdtemp(join(tmpdir(), 'lintel-node-'));
  try {
    const require = createRequire(import.meta.url);
    const packageFile = require.resolve(`node-linux-${process.arch}/package.json`);
    await cp(join(dirname(packageFile), 'bin/node'), join(folder, 'node'));
    await execa('npm', ['pack', '--silent', NPM], { cwd: folder });
    const [archive = ''] = (await readdir(folder)).filter(name => name.endsWith('.tgz'));
    await mkdir(join(folder, 'npm'));
    await execa('tar', ['--extract', '--no-same-owner', '--file', archive, '--directory', 'npm'], {
      cwd: folder,
    });
    await build(`docker.io/library/${IMAGES.node}`, 'node', folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function makePrograms(): Promise<void> {
  await build(IMAGES.programs, 'programs', import.meta.dirname);
}

async function build(tag: string, name: string, context: string): Promise<void> {
  const file = join(import.meta.dirname, 'images', `${name}.Dockerfile`);
  await podman(['build', ...BUILD, '--format', 'docker', '--tag', tag, '--file', file, context], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

/** By the project's own command. */
async function makeLintel(kind: 'base' | 'lintel', tag: string, base: string): Promise<void> {
  const given = [...BUILD, '--tag', tag, '--build-arg', `BASE_IMAGE=${base}`];
  await execa('npm', ['run', '--silent', 'image', '--', kind, ...given], {
    cwd: CHECKOUT,
    env: engineEnvironment(),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}
