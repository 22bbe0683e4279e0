/** docs/migrate.md, followed by its text alone: its files are written, its commands run, as they stand there. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { before, describe, type TestContext, test } from 'node:test';
import { execa } from 'execa';
import { CHECKOUT, engineEnvironment, IMAGES, podman, whyNot } from '../../dev/engine.ts';
import { buildDockerfile } from './dockerfile.ts';

const skip = whyNot();
const PAGE = readFileSync(join(CHECKOUT, 'docs/migrate.md'), 'utf8');
const IMAGE_FOLDER = join(import.meta.dirname, 'images');

interface Block {
  readonly language: string;
  readonly text: string;
  /** The file that it is, and which of the two states of the image it belongs to. */
  readonly file: { readonly path: string; readonly isBefore: boolean } | undefined;
}

/** A fence is a file where the line above it ends in its name: "Before, `Dockerfile`:", "`rootfs/…/run`:". */
function readBlocks(heading: string): Block[] {
  const section = PAGE.split(/^## /m).find(part => part.startsWith(`${heading}\n`)) ?? '';
  assert.notEqual(section, '', heading);
  return [...section.matchAll(/([^\n]*)\n\n```(\w*)\n([\s\S]*?)^```$/gm)].map(
    ([, above = '', language = '', text = '']) => {
      const path = /`([^`\s]+)`:$/.exec(above)?.[1];
      return {
        language,
        text,
        file: path === undefined ? undefined : { path, isBefore: above.startsWith('Before, ') },
      };
    },
  );
}

function makeWork(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'lintel-migrate-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function writeFiles(folder: string, blocks: readonly Block[], isBefore: boolean): void {
  for (const { file, text } of blocks) {
    if (file?.isBefore !== isBefore) continue;
    const path = join(folder, file.path);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    // What is there already is as it has to be; of new files the page says so.
    if (isBefore && text.startsWith('#!')) chmodSync(path, 0o755);
  }
}

/**
 * `docker` as the page writes it: podman, without a registry and a network, and with the page's names for the images
 * that are here under other names.
 */
function makeDocker(
  t: TestContext,
  images: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const folder = makeWork(t);
  const contexts = Object.entries(images)
    .map(([as, image]) => `--build-context=${as}=container-image://${image}`)
    .join(' ');
  writeFileSync(
    join(folder, 'docker'),
    `#!/bin/bash
verb=$1
shift
case $verb in
build) set -- --quiet --pull=never --network none --format docker --layers --build-arg LINTEL_IMAGE=${IMAGES.alone} ${contexts} "$@" ;;
run)
  words=()
  while [ $# -gt 0 ]; do
    if [ "$1" = --publish ]; then shift; else words+=("$1"); fi
    shift
  done
  set -- --pull=never --network none --no-healthcheck "\${words[@]}"
  ;;
esac
exec podman "$verb" "$@"
`,
    { mode: 0o755 },
  );
  return { ...engineEnvironment(), PATH: `${folder}:${process.env['PATH']}` };
}

/** Runs a block of commands, each of which has to work. Returns what they print. */
async function follow(block: Block | undefined, cwd: string, env: Readonly<Record<string, string>>) {
  assert.ok(block !== undefined);
  const { exitCode, stdout, stderr } = await execa('sh', ['-eux', '-c', block.text], {
    cwd,
    env,
    reject: false,
  });
  assert.equal(exitCode, 0, `${block.text}\n${stdout}\n${stderr}`);
  return { stdout, stderr };
}

const isShell = ({ language, file }: Block) => language === 'sh' && file === undefined;

/** The names that the page gives to what it makes. */
const NAMES = ['dashboard', 'my-jupyter'];
const TAGS = ['dashboard', 'dashboard-lintel', 'my-jupyter'];

async function clean(): Promise<void> {
  await podman(['rm', '--force', '--time', '0', '--ignore', ...NAMES], { reject: false });
  await podman(['rmi', '--force', ...TAGS], { reject: false });
}

describe('docs/migrate.md, by its text alone', { skip }, () => {
  before(clean);

  test('the layer is built as the page says', () => {
    const [block] = [...PAGE.matchAll(/^```sh\n(npm run image[^\n]*)\n```$/gm)];
    assert.equal(block?.[1], 'npm run image -- lintel');
  });

  test('an image with s6-overlay', async t => {
    t.after(clean);
    const blocks = readBlocks('An image with s6-overlay');
    const work = makeWork(t);
    writeFiles(work, blocks, true);
    // What the listing says of the files that are one word.
    const listing = blocks.find(({ text }) => text.startsWith('rootfs/'))?.text ?? '';
    for (const line of listing.trimEnd().split('\n')) {
      const [path = '', word = ''] = line.split(/\s{2,}/);
      const file = join(work, path);
      if (existsSync(file)) continue;
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, word === '' ? '' : `${word}\n`);
    }
    // The image as it was: the page's Dockerfile on stand-ins for what it downloads.
    await podman(['tag', await buildOverlay(work), 'localhost/dashboard']);
    const env = makeDocker(t, { 'python:3.13-slim': IMAGES.programs, dashboard: 'localhost/dashboard' });
    const on = blocks.find(({ file }) => file?.path === 'on-top.Dockerfile');
    assert.ok(on !== undefined);
    writeFiles(work, [on], false);
    const [putOnTop, remove, attempt] = blocks.filter(isShell);
    const plan = await follow(putOnTop, work, env);
    const warning = blocks.find(({ text }) => text.startsWith('the image holds'))?.text ?? 'no such block';
    assert.ok(plan.stdout.includes(warning.trimEnd()), plan.stdout);

    writeFiles(work, blocks, false);
    await follow(remove, work, env);
    const { stdout } = await follow(attempt, work, env);
    assert.doesNotMatch(stdout, /does not run/);
    assert.match(stdout, /server +ready/);
    assert.match(stdout, /ticker +ready/);
    assert.match(stdout, /^0$/m, 'the exit code');
  });

  test('an image with onyxia-init.sh', async t => {
    t.after(clean);
    const blocks = readBlocks('An image with onyxia-init.sh');
    const work = makeWork(t);
    writeFiles(work, blocks, true);
    const theirs = await buildDockerfile('migrate-onyxia-jupyter', {
      dockerfile: { file: join(IMAGE_FOLDER, 'any-image.Dockerfile') },
      context: IMAGE_FOLDER,
      target: 'onyxia-jupyter',
    });
    const env = makeDocker(t, { 'inseefrlab/onyxia-jupyter-python:py3.12.7': theirs });
    // The image as it was works, and runs the team's script.
    await execa('docker', ['build', '--tag', 'my-jupyter', '.'], { cwd: work, env });
    const old = await execa(
      'docker',
      ['run', '--rm', 'my-jupyter', '/opt/onyxia-init.sh', 'sh', '-c', 'echo $TEAM_SCRATCH'],
      { env },
    );
    assert.match(old.stdout, /^\/home\/onyxia\/work\/scratch$/m);

    writeFiles(work, blocks, false);
    const [adapt, attempt] = blocks.filter(isShell);
    await follow(adapt, work, env);
    const { stdout } = await follow(attempt, work, env);
    assert.match(stdout, /"version": "/);
    assert.match(stdout, /TEAM_SCRATCH=\/home\/onyxia\/work\/scratch\n +script 20-team/);
    assert.match(stdout, /^0$/m, 'the exit code');
  });

  test('a program of supervisord’s', async t => {
    t.after(clean);
    const blocks = readBlocks('An image with supervisord');
    const work = makeWork(t);
    writeFiles(work, blocks, false);
    const image = await buildDockerfile('migrate-supervisord', {
      dockerfile: {
        text: 'FROM python\nRUN useradd --uid 1001 ada\nCOPY rootfs/ /\nCOPY --from=lintel / /\nENTRYPOINT ["/init"]\n',
      },
      context: work,
      images: { python: IMAGES.programs },
    });
    const env = makeDocker(t, {});
    const run = ['run', '--detach', '--name', 'dashboard', '--env', 'LINTEL_SERVICES=server', image];
    await execa('docker', run, { env });
    await execa('docker', ['exec', 'dashboard', 'lintel', 'ready', '--timeout', '30s'], { env });
    const { stdout } = await execa(
      'docker',
      ['exec', 'dashboard', 'sh', '-c', 'ps -C python3 -o user= -o args='],
      { env },
    );
    assert.match(stdout, /^ada +python3 -m http\.server 9000$/m);
  });
});

/** The page's first Dockerfile, but for what it downloads. */
async function buildOverlay(work: string): Promise<string> {
  const context = makeContext(work);
  try {
    return await buildDockerfile('migrate-dashboard', {
      dockerfile: {
        text: `FROM python
COPY s6-overlay-3.sh /tmp/
RUN sh /tmp/s6-overlay-3.sh && useradd --uid 1000 --gid 100 --create-home ada
COPY rootfs/ /
ENV S6_BEHAVIOUR_IF_STAGE2_FAILS=2 S6_CMD_WAIT_FOR_SERVICES_MAXTIME=0
EXPOSE 9000
ENTRYPOINT ["/init"]
`,
      },
      context,
      images: { python: IMAGES.programs },
    });
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}

function makeContext(work: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'lintel-migrate-'));
  cpSync(join(work, 'rootfs'), join(folder, 'rootfs'), { recursive: true });
  cpSync(join(IMAGE_FOLDER, 's6-overlay-3.sh'), join(folder, 's6-overlay-3.sh'));
  return folder;
}
