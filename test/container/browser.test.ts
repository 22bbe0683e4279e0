import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { CHECKOUT, IMAGES, whyNot } from '../../dev/engine.ts';
import { openBrowser, photograph, whyNoBrowser } from '../chromium.ts';
import { buildDockerfile } from './dockerfile.ts';
import { runNotebookCell } from './notebook.ts';
import { startWorkbench, type Workbench, type WorkbenchOptions, waitUntil } from './workbench.ts';

/** The shipped services as their users see them: in a browser. */
const skip = whyNot() || whyNoBrowser();

/** The real one, which test/code-server.sh installs. */
const CODE_SERVER = execFileSync('sh', [join(CHECKOUT, 'test/code-server.sh'), '--path'], {
  encoding: 'utf8',
}).trim();
const NEEDS_CODE_SERVER =
  skip ||
  (!process.env['CI'] && !existsSync(CODE_SERVER) && 'not installed: code-server (test/code-server.sh)');

/** One service of the image, when it is ready, and a page of a browser that knows nothing of it yet. */
async function open(
  t: TestContext,
  { service, port, ...options }: WorkbenchOptions & { readonly service: string; readonly port: number },
): Promise<{ workbench: Workbench; page: Page; url: string }> {
  const workbench = startWorkbench(t, [], {
    ...options,
    environment: { LINTEL_SERVICES: service, ...options.environment },
  });
  await workbench.waitFor(new RegExp(`${service} is ready`));
  const browser = await openBrowser(t, workbench);
  return {
    workbench,
    page: await browser.newPage(),
    url: `http://127.0.0.1:${port}/`,
  };
}

async function readPassword(workbench: Workbench, ...flags: readonly string[]): Promise<string> {
  const { stdout, stderr } = await workbench.exec(['lintel', 'password', ...flags]);
  assert.match(stdout, /^\S+$/m, stderr);
  return stdout.trim();
}

test('Jupyter asks for the password, runs a cell and saves the notebook', { skip }, async t => {
  const { workbench, page, url } = await open(t, { service: 'jupyter', port: 8888 });
  await page.goto(url);
  await page.fill('#password_input', 'not the password');
  await page.click('#login_submit');
  await page.waitForSelector('.message.error');
  assert.match(page.url(), /\/login\?/);
  await photograph(page, 'jupyter-refused');

  await page.fill('#password_input', await readPassword(workbench));
  await page.click('#login_submit');
  const notebook = await runNotebookCell(page, 'import os; print(6 * 7, os.getuid())');
  assert.equal(notebook.output, '42 1000\n');

  await notebook.page.keyboard.press('Control+s');
  await waitUntil('the notebook is on the disk', async () => {
    const { stdout } = await workbench.exec(['cat', '/home/lintel/Untitled.ipynb']);
    return stdout.includes('"42 1000\\n"');
  });
  await photograph(notebook.page, 'jupyter-notebook');
});

test('code-server asks for the password, and saves a file', { skip: NEEDS_CODE_SERVER }, async t => {
  const { workbench, page, url } = await open(t, {
    service: 'code-server',
    port: 8080,
    flags: ['--volume', `${CODE_SERVER}:/opt/code-server:ro`],
    environment: {
      PATH: '/opt/code-server/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    },
  });
  await workbench.exec(['sh', '-c', 'echo before >/home/lintel/notes.txt'], ['--user', '1000']);
  await page.goto(url);
  await page.fill('input.password', 'not the password');
  await page.click('input.submit');
  await page.waitForSelector('.error:has-text("Incorrect password")');
  await photograph(page, 'code-server-refused');

  await page.fill('input.password', await readPassword(workbench));
  await page.click('input.submit');
  await page.dblclick('.explorer-folders-view .monaco-list-row[aria-label^="notes.txt"]');
  await page.waitForSelector('.monaco-editor .view-line:has-text("before")');
  await page.click('.monaco-editor .view-line');
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('after and ');
  await page.keyboard.press('Control+s');
  await waitUntil('the file is on the disk', async () => {
    const { stdout } = await workbench.exec(['cat', '/home/lintel/notes.txt']);
    return stdout === 'after and before';
  });
  await photograph(page, 'code-server');
});

/** #c82850, which nothing else has. */
const WINDOW_COLOUR = [200, 40, 80] as const;

test('the desktop is shown by noVNC to who has its password', { skip }, async t => {
  const { workbench, page, url } = await open(t, { service: 'novnc', port: 6080 });
  const window = ['xmessage', '-buttons', '', '-bg', '#c82850', '-geometry', '300x200+200+150', 'A window'];
  await workbench.exec(['lintel', 'run', '--workbench', '--', ...window], ['--detach']);
  await page.goto(url);
  await page.fill('#noVNC_password_input', 'wrong');
  await page.click('#noVNC_credentials_button');
  await page.waitForSelector('#noVNC_status.noVNC_status_error:has-text("password check failed")');
  await photograph(page, 'desktop-refused');

  await page.goto(url);
  await page.fill('#noVNC_password_input', await readPassword(workbench, '--vnc'));
  await page.click('#noVNC_credentials_button');
  await page.waitForSelector('html.noVNC_connected');
  const seen = await waitUntil('window and panel are in the picture', async () => {
    const each = await look(page);
    return isNear(each.window, WINDOW_COLOUR) && each.panelColours > 20 && each;
  });
  await page.waitForSelector('#noVNC_credentials_dlg', { state: 'hidden' });
  await photograph(page, 'desktop');
  assert.deepEqual([seen.width, seen.height], [1280, 800]);
  // Above the panel and beside the window there is only the desktop.
  assert.equal(seen.desktopColours, 1);
});

interface Picture {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue in the middle of the window. */
  readonly window: readonly number[];
  readonly desktopColours: number;
  readonly panelColours: number;
}

/** What is on noVNC's picture, in the desktop's own pixels. */
function look(page: Page): Promise<Picture> {
  return page.evaluate<Picture>(`(() => {
    const canvas = document.querySelector('#noVNC_container canvas');
    const { width, height } = canvas;
    const read = (left, top, columns, rows) => canvas.getContext('2d').getImageData(left, top, columns, rows).data;
    const countColours = bytes => new Set(new Uint32Array(bytes.buffer)).size;
    return {
      width,
      height,
      window: [...read(340, 320, 1, 1)].slice(0, 3),
      desktopColours: countColours(read(0, 600, width, 1)),
      panelColours: countColours(read(0, height - 26, width, 26)),
    };
  })()`);
}

/** JPEG's colours are only nearly those that were drawn. */
function isNear(colour: readonly number[], [red, green, blue]: readonly [number, number, number]): boolean {
  return [red, green, blue].every((wanted, index) => Math.abs((colour[index] ?? 0) - wanted) < 8);
}

test('RStudio Server (a stand-in) asks for the account’s password, and its session runs R', {
  skip,
}, async t => {
  const image = await buildDockerfile('rstudio', {
    dockerfile: { text: RSTUDIO },
    context: join(CHECKOUT, 'test/sandbox/fixtures/rstudio'),
  });
  const { workbench, page, url } = await open(t, { service: 'rstudio', port: 8787, image });
  await page.goto(url);
  const signIn = async (password: string) => {
    await page.fill('[name=username]', 'lintel');
    await page.fill('[name=password]', password);
    await page.click('button');
  };
  await signIn('not the password');
  await page.waitForURL(/\/auth-sign-in\?error=1$/);
  await photograph(page, 'rstudio-refused');
  await signIn(await readPassword(workbench));
  await page.waitForURL(url);
  assert.equal(await page.title(), 'RStudio');
  const code = 'cat(Sys.info()[["user"]], getwd(), 6 * 7)';
  const output = await page.evaluate<string>(
    `fetch('/rpc/console_input', { method: 'POST', body: ${JSON.stringify(code)} }).then(answer => answer.text())`,
  );
  assert.equal(output.trim(), 'lintel /home/lintel 42');
});

/** Where the package of RStudio Server puts it. */
const RSTUDIO = `FROM ${IMAGES.workbench}
COPY --chmod=0755 . /usr/lib/rstudio-server/bin/
RUN printf '@include common-auth\\n@include common-account\\n' >/etc/pam.d/rstudio
`;
