import type { Page } from 'playwright-core';

/** In classic Notebook's list of files: makes a notebook, runs one cell there and returns what that has printed. */
export async function runNotebookCell(
  page: Page,
  code: string,
  kernel = 'Python 3',
): Promise<{ page: Page; output: string }> {
  await page.click('#new-dropdown-button');
  const opened = page.context().waitForEvent('page');
  await page.click(`#new-menu a:has-text("${kernel}")`);
  const notebook = await opened;
  await notebook.waitForSelector('#kernel_indicator_icon.kernel_idle_icon');
  await notebook.click('.cell .CodeMirror');
  // Typed key by key, the editor would add brackets and indentation of its own.
  await notebook.keyboard.insertText(code);
  await notebook.keyboard.press('Shift+Enter');
  const output = await notebook.waitForSelector('.output_stdout pre, .output_error pre');
  return { page: notebook, output: (await output.textContent()) ?? '' };
}
