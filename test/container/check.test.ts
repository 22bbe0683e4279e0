import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { execa } from 'execa';
import { CHECKOUT, IMAGES, podman, whyNot } from '../../dev/engine.ts';
import { buildDockerfile } from './dockerfile.ts';

const skip = whyNot();
const LAYER = `FROM lintel-base
COPY --chmod=755 10-data /etc/cont-init.d/
`;

async function ask(...args: readonly string[]): Promise<string> {
  return String((await podman(args)).stdout);
}

/** Where the image's files are to be seen. */
async function mount(t: TestContext, image: string): Promise<string> {
  t.after(() => podman(['image', 'unmount', image]));
  return ask('image', 'mount', image);
}

/** A folder for COPY, with one script. */
function makeContext(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'lintel-check-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, '10-data'), text);
  return folder;
}

describe('RUN lintel check', { skip }, () => {
  const build = (context: string, lines: string) =>
    buildDockerfile('check', { dockerfile: { text: `${LAYER}${lines}` }, context, isLoud: true });

  test('lets a healthy image be built, as root and as its user', async t => {
    const context = makeContext(t, '#!/bin/sh\necho data\n');
    await build(context, 'RUN lintel check --strict\nUSER 1000\nRUN lintel check --strict\n');
  });

  for (const [what, text, lines, found] of [
    [
      'a script that can’t run',
      '#!/opt/none/python3\n',
      '',
      '/etc/cont-init.d/10-data:1: error: its first line needs /opt/none/python3, which is not installed, expected an installed program (missing-interpreter)',
    ],
    [
      'a variable of the Dockerfile',
      '#!/bin/sh\n',
      'ENV LINTEL_SHUTDOWN_TIMEOUT_MS=soon\n',
      'environment: error: LINTEL_SHUTDOWN_TIMEOUT_MS: "soon", expected',
    ],
    [
      'a secret of the Dockerfile',
      '#!/bin/sh\n',
      'ENV DB_PASSWORD=hunter2hunter2\n',
      'environment: error: DB_PASSWORD holds a secret, which everybody has who has the image, expected it from the platform at run time (baked-secret)',
    ],
    [
      'a layer on top of Lintel’s',
      '#!/bin/sh\n',
      'RUN rm /init && cp /usr/bin/env /init\n',
      '/init: error: it is not Lintel’s: a later layer has replaced it',
    ],
    [
      'root’s folders in the home',
      '#!/bin/sh\n',
      'RUN mkdir -p /home/lintel/.config/pip\n',
      '/home/lintel/.config: error: lintel (uid 1000) can’t write it',
    ],
  ] as const) {
    test(`stops the build for ${what}`, async t => {
      const context = makeContext(t, text);
      await assert.rejects(build(context, `${lines}RUN lintel check\n`), error => {
        assert.ok(String(error).includes(found), String(error));
        assert.ok(!String(error).includes('lintel: error: Bug'), String(error));
        return true;
      });
    });
  }
});

describe('lintel check ROOT', { skip }, () => {
  for (const [name, image] of [
    ['Dockerfile.base', IMAGES.base],
    ['an image with the programs of most services', IMAGES.workbench],
  ] as const) {
    test(`finds nothing in ${name}, mounted and with its variables`, async t => {
      const root = await mount(t, image);
      const format = '{{range .Config.Env}}{{println .}}{{end}}';
      const list = await ask('image', 'inspect', '--format', format, image);
      const file = join(makeContext(t, ''), 'image.env');
      writeFileSync(file, `${list}\n`);
      for (const args of [[root], ['--env-file', file, root]]) {
        const { stdout } = await execa(join(CHECKOUT, 'dist/lintel.cjs'), ['check', '--strict', ...args]);
        assert.match(stdout, /\nno errors, no warnings, 1 note; looked at 13 scripts and 8 services$/);
      }
    });
  }

  test('finds an image without Lintel, and one that lacks Node’s libraries', async t => {
    const root = await mount(t, IMAGES.debian);
    const bare = await execa(join(CHECKOUT, 'dist/lintel.cjs'), ['check', root], { reject: false });
    assert.equal(bare.exitCode, 1);
    assert.match(bare.stdout, /^\/usr\/local\/lib\/lintel\/lintel\.cjs: error: Lintel is not in the image/m);
    const alone = await mount(t, IMAGES.alone);
    const { stdout } = await execa(join(CHECKOUT, 'dist/lintel.cjs'), ['check', alone], { reject: false });
    assert.match(stdout, /^\/usr\/local\/lib\/lintel\/node: error: it needs libstdc\+\+\.so\.6, which/m);
    assert.doesNotMatch(stdout, /needs libatomic/, 'Lintel’s layer brings it');
  });
});
