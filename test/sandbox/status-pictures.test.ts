import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import type { Page } from 'playwright-core';
import { CHECKOUT } from '../../dev/sandbox-root.ts';
import { photograph } from '../chromium.ts';
import { execInContainer, whyNot } from './container.ts';
import { assertQuiet, visit, waitForHeadline, watchWorkbench } from './status-page.ts';

/** With UPDATE_DOCS=1 the pictures of docs/status-page.md are these. */
const PICTURES = join(CHECKOUT, 'docs/pictures');
const isForDocs = process.env['UPDATE_DOCS'] === '1';
const PROGRAMS = [
  'chromium',
  'jupyter-notebook',
  'Xvfb',
  'openbox',
  'x11vnc',
  'websockify',
  'python3',
  'convert',
];
const skip = whyNot({ isRoot: true, programs: PROGRAMS.map(name => `/usr/bin/${name}`) });
const LOOK = { viewport: { width: 1000, height: 700 }, reducedMotion: 'reduce' } as const;

/** A workbench as people have one: a notebook, a desktop, and a service and a script of its image. */
const FILES = {
  // Until this test opens its gate: what makes a pipe for it would be a script of its own, on the pictures too.
  '/etc/cont-init.d/30-fetch-datasets': '#!/bin/sh\nuntil [ -e /tmp/datasets ]; do sleep 0.1; done\n',
  '/etc/cont-init.d/40-extensions': '#!/bin/sh\nsleep 0.4\n',
  '/etc/services.d/experiments/run':
    '#!/bin/sh\n[ ! -e /tmp/broken ] || exit 1\nexec python3 -m http.server 5000 --bind 127.0.0.1 --directory /tmp\n',
  '/etc/services.d/experiments/service.json': JSON.stringify({
    description: 'Experiment tracking',
    ready: { http: 'http://127.0.0.1:5000/' },
    requires: ['jupyter'],
  }),
};

test('pictures of a workbench with a notebook and a desktop: booting, ready, and after a failure', {
  skip,
}, async t => {
  const watched = await watchWorkbench(t, {
    files: FILES,
    environment: { LINTEL_SERVICES: 'auto', LINTEL_SERVICES_DISABLED: 'sshd,code-server,rstudio' },
    look: LOOK,
  });
  const { page, container, open } = watched;
  await visit(page);
  await page.waitForSelector('#detail:text-matches("Script 30-fetch-datasets")');
  await waitForTime(page, '3 s');
  await shoot(page, 'booting');

  await open('datasets');
  await waitForHeadline(page, 'The workbench is ready');
  assert.equal(await page.textContent('#detail'), 'All 6 services are ready');
  await waitForTime(page, '[1-9]\\\\d s');
  await shoot(page, 'ready');

  const script = 'touch /tmp/broken; pkill -f "http.server 5000"';
  await execInContainer(container, ['sh', '-c', script], { environment: { PATH: '/usr/bin:/bin' } });
  await page.waitForSelector('.service:first-child:has-text("experiments") .word:text-is("failing")');
  await shoot(page, 'failed');
  assertQuiet(watched);
});

/** On a picture for people some time has passed. */
async function waitForTime(page: Page, words: string): Promise<void> {
  if (isForDocs) await page.waitForSelector(`#up:text-matches("Up ${words}")`);
}

async function shoot(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const { height } = (await page.locator('#page').boundingBox()) ?? { height: 0 };
    await page.setViewportSize({ width: LOOK.viewport.width, height: Math.ceil(height) });
    const picture = await photograph(page, `status-${name}-${colorScheme}`);
    if (!isForDocs) continue;
    await mkdir(PICTURES, { recursive: true });
    await writeFile(join(PICTURES, `status-${name}-${colorScheme}.png`), shrink(picture));
  }
}

/** Few colours are enough for a page, and a third of the bytes. */
function shrink(picture: Buffer): Buffer {
  return execFileSync('convert', ['png:-', '+dither', '-colors', '160', '-strip', 'png8:-'], {
    input: picture,
  });
}
