import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import type { TestContext } from 'node:test';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { openBrowser } from '../chromium.ts';
import { type Container, type ContainerOptions, startContainer, waitUntil } from './container.ts';

export const PORT = 9180;
export const ADDRESS = `http://127.0.0.1:${PORT}/`;
/** It takes a browser and real programs. */
const LIFE_LIMIT_MS = 120_000;

/** A script that lies at /etc/cont-init.d, or a probe, ends when `open` is called. */
export const AT_GATE = (name: string) => `read -r line < /tmp/${name}\n`;
export const MAKE_GATES = (...names: readonly string[]) =>
  `#!/bin/sh\nmkfifo -m 666 ${names.map(name => `/tmp/${name}`).join(' ')}\n`;

export interface Watched {
  readonly container: Container;
  readonly page: Page;
  /** What the browser complained of, such as a violation of the policy. */
  readonly complaints: string[];
  /** Where it asked. */
  readonly asked: string[];
  open(gate: string): Promise<void>;
}

/** A workbench with a status page, and a browser in its network that shows nothing yet. */
export async function watchWorkbench(
  t: TestContext,
  { environment, look, ...options }: ContainerOptions & { readonly look?: BrowserContextOptions } = {},
): Promise<Watched> {
  const container = startContainer(t, ['/init'], {
    environment: { LINTEL_HTTP: String(PORT), LINTEL_SERVICES: 'image', ...environment },
    lifeLimitMs: LIFE_LIMIT_MS,
    ...options,
  });
  const browser = await openBrowser(t, container, look);
  const page = await browser.newPage();
  const complaints: string[] = [];
  const asked: string[] = [];
  page.on('console', message => complaints.push(message.text()));
  page.on('pageerror', error => complaints.push(String(error)));
  page.on('request', request => asked.push(request.url()));
  const pid = await container.pid();
  return {
    container,
    page,
    complaints,
    asked,
    open: gate => writeFile(`/proc/${pid}/root/tmp/${gate}`, '\n'),
  };
}

/** The door opens a moment after the first script or service has been started. */
export async function visit(page: Page, address = ADDRESS): Promise<void> {
  await waitUntil(`${address} answers`, () =>
    page.goto(address).then(
      answer => answer?.ok() === true,
      () => false,
    ),
  );
  await page.waitForSelector('#pulse[data-pulse=live]');
}

/** Waits until the headline says that. */
export async function waitForHeadline(page: Page, title: string): Promise<void> {
  await page.waitForSelector(`h1:text-is("${title}")`);
}

/** Nothing but this site was asked, and nothing went wrong on the page. */
export function assertQuiet({ complaints, asked }: Watched, address = ADDRESS): void {
  const { origin } = new URL(address);
  assert.deepEqual(
    asked.filter(url => !url.startsWith(`${origin}/`) && !url.startsWith('data:')),
    [],
  );
  assert.deepEqual(complaints, []);
}
