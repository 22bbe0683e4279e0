import { accessSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** Debian's own: playwright-core brings no browser and is asked for none. */
const PROGRAM = '/usr/bin/chromium';
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** Each wait for something on a page (milliseconds). */
const WAIT_LIMIT_MS = 30_000;
const WINDOW = { width: 1280, height: 800 };

interface Container {
  pid(): Promise<number>;
}

/** Why this machine has no browser; false when it has one, and in CI, where no test is skipped. */
export function whyNoBrowser(): string | false {
  if (process.env['CI']) return false;
  try {
    accessSync(PROGRAM);
    return false;
  } catch {
    return `not installed: ${PROGRAM}`;
  }
}

/**
 * A browser of its own, without cookies, that ends with the test. It runs in the container's network: on the machine's,
 * where other containers come and go, Chromium gives up what it is loading (ERR_NETWORK_CHANGED).
 */
export async function openBrowser(
  t: TestContext,
  container: Container,
  look: BrowserContextOptions = {},
): Promise<BrowserContext> {
  const folder = await mkdtemp(join(tmpdir(), 'lintel-chromium-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const executablePath = join(folder, 'chromium');
  const network = `--net=/proc/${await container.pid()}/ns/net`;
  await writeFile(executablePath, `#!/bin/sh\nexec nsenter ${network} -- ${PROGRAM} "$@"\n`, { mode: 0o755 });
  const browser = await chromium.launch({
    executablePath,
    args: FLAGS,
    // What a developer has set for other programs is not ours: pages of this machine need no proxy.
    env: { PATH: process.env['PATH'] ?? '', HOME: tmpdir() },
  });
  const context = await browser.newContext({ viewport: WINDOW, ...look });
  context.setDefaultTimeout(WAIT_LIMIT_MS);
  t.after(async () => {
    if (!t.passed)
      for (const [index, page] of context.pages().entries())
        await photograph(page, `${t.name} failed ${index + 1}`);
    await browser.close();
  });
  return context;
}

let folder: string | undefined;

/** Writes what a page shows to NAME.png, for people to look at: in LINTEL_TEST_SCREENSHOTS, else a temporary folder. */
export async function photograph(page: Page, name: string): Promise<Buffer> {
  folder ??= process.env['LINTEL_TEST_SCREENSHOTS'] || (await mkdtemp(join(tmpdir(), 'lintel-screenshots-')));
  await mkdir(folder, { recursive: true });
  return page.screenshot({ path: join(folder, `${name.replaceAll('/', ' ')}.png`) });
}
