import assert from 'node:assert/strict';
import test from 'node:test';
import { openBrowser, photograph, whyNoBrowser } from './chromium.ts';
import { whyNot } from './engine.ts';
import { runNotebookCell } from './notebook.ts';
import { startWorkbench, type Workbench, waitUntil } from './workbench.ts';

/** The shipped services as their users see them: in a browser of another machine, by a published port. */
const skip = whyNot() || whyNoBrowser();

async function readPassword(workbench: Workbench, ...flags: readonly string[]): Promise<string> {
  const { stdout, stderr } = await workbench.exec(['lintel', 'password', ...flags]);
  assert.match(stdout, /^\S+$/m, stderr);
  return stdout.trim();
}

test('Jupyter asks for the password, runs a cell and saves the notebook', { skip }, async t => {
  const workbench = startWorkbench(t, [], {
    flags: ['--publish', '127.0.0.1::8888'],
    environment: { LINTEL_SERVICES: 'jupyter' },
  });
  await workbench.waitFor(/jupyter is ready/);
  const browser = await openBrowser(t);
  const page = await browser.newPage();

  await page.goto(`http://${await workbench.findPublished(8888)}/`);
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
