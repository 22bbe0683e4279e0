import assert from 'node:assert/strict';
import test from 'node:test';
import type { Page } from 'playwright-core';
import { photograph } from '../chromium.ts';
import { waitUntil, whyNot } from './container.ts';
import { AT_GATE, assertQuiet, MAKE_GATES, visit, waitForHeadline, watchWorkbench } from './status-page.ts';

/** The page for people, as they see it: in a browser, while a workbench boots, runs, fails and ends. */
const skip = whyNot({ isRoot: true, programs: ['/usr/bin/chromium'] });

const LASTING = '#!/bin/sh\nexec sleep 9999\n';
/** What would be markup or a program if anybody took it for that. */
const EVIL = '<img src=x onerror=alert(1)><script>alert(2)</script>"\'&amp;';

test('the page shows a boot, what it waits for, when it is ready, what fails and that it has ended', {
  skip,
}, async t => {
  const watched = await watchWorkbench(t, {
    files: {
      '/etc/cont-init.d/10-gates': MAKE_GATES('script', 'database', 'death'),
      '/etc/cont-init.d/20-fetch': `#!/bin/sh\n${AT_GATE('script')}`,
      '/etc/cont-init.d/30-<b>bold': '#!/bin/sh\n',
      '/etc/services.d/database/run': `#!/bin/sh\n${AT_GATE('database')}touch /tmp/is-up\n${AT_GATE('death')}echo "a line of the log"; exit 3\n`,
      '/etc/services.d/database/service.json': JSON.stringify({
        description: EVIL,
        ready: { file: '/tmp/is-up', intervalMs: 50 },
        restart: 'never',
      }),
      '/etc/services.d/web/run': LASTING,
      '/etc/services.d/web/service.json': JSON.stringify({ requires: ['database'] }),
      '/etc/services.d/other/run': LASTING,
    },
    environment: { PIP_REPOSITORY: 'nonsense://user:swordfish@host' },
  });
  const { container, page, open } = watched;

  await visit(page);
  await waitForHeadline(page, 'The workbench is booting');
  await page.waitForSelector(
    '#detail:text-matches("^Script 20-fetch runs|^Script 20-fetch has run for .* \\\\(")',
  );
  assert.equal(await page.title(), 'Booting – Lintel');
  assert.deepEqual(await readServices(page), [
    ['database', 'not started yet', ''],
    ['other', 'not started yet', ''],
    ['web', 'not started yet', ''],
  ]);
  await photograph(page, 'status page booting');

  await open('script');
  await page.waitForSelector('.service:has-text("web") .word:text-is("waiting")');
  await page.waitForSelector('#detail:text-is("1 of 3 services are ready")');
  assert.deepEqual(await readServices(page), [
    ['database', 'starting', 'no such file'],
    ['web', 'waiting', 'waits for database'],
    ['other', 'ready', ''],
  ]);
  assert.equal(await page.textContent('.service:first-child .description'), EVIL);
  assert.equal(await page.locator('.service img, .service script, .row b').count(), 0);
  assert.equal(await page.locator('.row .label:text-is("script 30-<b>bold")').count(), 1);
  assert.deepEqual(await page.locator('#limits li').allTextContents(), ['PIP_REPOSITORY could not be used']);

  await open('database');
  await waitForHeadline(page, 'The workbench is ready');
  assert.equal(await page.title(), 'Ready – Lintel');
  assert.match((await page.textContent('#said')) ?? '', /The workbench is ready\./);
  await photograph(page, 'status page ready');

  await open('death');
  await waitForHeadline(page, 'The workbench is incomplete');
  assert.deepEqual((await readServices(page))[0], [
    'database',
    'failed',
    'exited with code 3; it stays down',
  ]);
  assert.equal(
    await page.textContent('#said'),
    'The workbench is incomplete. database: failed, exited with code 3, it stays down.',
  );
  assert.equal(await page.title(), 'Incomplete – Lintel');
  const status = await page.evaluate<string>(`fetch('status.json').then(answer => answer.text())`);
  assert.doesNotMatch(status, /swordfish|nonsense|a line of the log/);
  assertQuiet(watched);

  await container.signal('SIGTERM');
  await container.end();
  await page.waitForSelector('#notice:has-text("Lintel does not answer since")');
  assert.equal(await page.title(), 'No answer – Lintel');
  assert.equal(await page.getAttribute('#pulse', 'data-pulse'), 'lost');
  await photograph(page, 'status page ended');
});

/** Name, state and why of each service, from the top. */
function readServices(page: Page): Promise<string[][]> {
  return page.evaluate<string[][]>(`[...document.querySelectorAll('.service')].map(line =>
    ['.name', '.word', '.why'].map(part => line.querySelector(part).textContent))`);
}

const READY = {
  '/etc/services.d/one/run': LASTING,
  '/etc/services.d/one/service.json': '{"description": "The first one"}',
  '/etc/services.d/two/run': LASTING,
};

test('the page can be read by a screen reader, and used by the keyboard', { skip }, async t => {
  const { page } = await watchWorkbench(t, { files: READY });
  await visit(page);
  await waitForHeadline(page, 'The workbench is ready');
  const tree = (await page.locator('body').ariaSnapshot()).replaceAll(/\d[\d.]* (ms|s)\b/g, 'N s');
  for (const part of [
    '- banner:\n',
    '  - button "Pause"',
    '- main:\n',
    '  - heading "The workbench is ready" [level=1]',
    '  - paragraph: All 2 services are ready',
    '  - region "Services":\n',
    '    - heading "Services" [level=2]',
    '        - heading "one" [level=3]\n',
    '        - paragraph: The first one\n',
    '        - paragraph: ready for N s\n',
    '  - region "Boot":\n',
    '    - heading "Boot" [level=2]',
    '- contentinfo:\n',
    '  - navigation "The same for programs":\n',
    '    - link "status.json":\n',
    '- status: ',
  ])
    assert.ok(tree.includes(part), `no ${JSON.stringify(part)} in:\n${tree}`);
  assert.match(tree, /- listitem: script 10-xdg-runtime-dir N s from N s on/);

  const order: string[] = [];
  for (let press = 0; press < 5; press++) {
    await page.keyboard.press('Tab');
    order.push(await page.evaluate<string>(`document.activeElement.textContent`));
  }
  assert.deepEqual(order, ['Pause', 'status.json', 'healthz', 'readyz', 'metrics']);
  await page.focus('#pause');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#pulse:has-text("Paused")');
  assert.equal(await page.getAttribute('#pause', 'aria-pressed'), 'true');
  assert.notEqual(await page.evaluate(`getComputedStyle(document.activeElement).outlineStyle`), 'none');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#pulse:has-text("Live")');
});

const ALL_TONES = {
  ...READY,
  '/etc/services.d/failed/run': '#!/bin/sh\nexit 3\n',
  '/etc/services.d/failed/service.json': '{"restart": "never", "description": "One that fails"}',
  '/etc/services.d/late/run': LASTING,
  '/etc/services.d/late/service.json': '{"ready": {"file": "/nowhere", "timeoutMs": 100}}',
  '/etc/services.d/starts/run': LASTING,
  '/etc/services.d/starts/service.json': '{"ready": {"file": "/nowhere"}}',
  '/etc/services.d/waits/run': LASTING,
  '/etc/services.d/waits/service.json': '{"requires": ["starts"]}',
};

for (const colorScheme of ['light', 'dark'] as const) {
  test(`each text of the page is readable, ${colorScheme}`, { skip }, async t => {
    const { page } = await watchWorkbench(t, {
      files: ALL_TONES,
      environment: { R_REPOSITORY: 'nonsense' },
      look: { colorScheme },
    });
    await visit(page);
    await page.waitForSelector('.service:has-text("late") .word:text-is("late")');
    await page.waitForSelector('.service:has-text("failed") .word:text-is("failed")');
    await photograph(page, `status page all tones ${colorScheme}`);
    const texts = await page.evaluate<Text[]>(MEASURE_TEXTS);
    assert.ok(texts.length > 30, `only ${texts.length} texts`);
    assert.deepEqual(
      texts.filter(({ ratio }) => ratio < 4.5),
      [],
    );
  });
}

interface Text {
  readonly text: string;
  readonly ratio: number;
}

/** WCAG's contrast of each text that is seen to what lies below it. */
const MEASURE_TEXTS = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const paint = colours => {
    canvas.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
    }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = rgb => {
    const [r, g, b] = rgb.map(v => v / 255).map(v => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const backgrounds = element =>
    element === null ? ['#fff'] : [...backgrounds(element.parentElement), getComputedStyle(element).backgroundColor];
  const walker = document.createTreeWalker(document.getElementById('page'), NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (text === '' || !element.checkVisibility() || element.closest('.aside') !== null) continue;
    const below = backgrounds(element);
    const [ink, ground] = [[...below, getComputedStyle(element).color], below].map(paint).map(luminance);
    found.push({ text, ratio: (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05) });
  }
  return found;
})()`;

test('nothing of the page is wider than a telephone', { skip }, async t => {
  const { page } = await watchWorkbench(t, {
    files: {
      ...ALL_TONES,
      [`/etc/cont-init.d/10-${'long'.repeat(20)}`]: '#!/bin/sh\n',
      [`/etc/services.d/${'long'.repeat(15)}/run`]: LASTING,
    },
    look: { viewport: { width: 360, height: 740 } },
  });
  await visit(page);
  await waitForHeadline(page, 'The workbench is incomplete');
  await photograph(page, 'status page 360');
  assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 360);
  // Wherever time puts them.
  const words = await page.evaluate<number>(`Math.max(...[...document.querySelectorAll('.tick')].map(tick => {
    tick.style.insetInlineStart = '100%';
    tick.toggleAttribute('data-end', true);
    return tick.firstChild.getBoundingClientRect().right;
  }))`);
  assert.ok(words <= 360, String(words));
  assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 360);
});

test('for who wants no motion nothing moves, and with colours of the user’s own all is seen', {
  skip,
}, async t => {
  const { page } = await watchWorkbench(t, {
    files: ALL_TONES,
    look: { reducedMotion: 'reduce', forcedColors: 'active' },
  });
  await visit(page);
  await waitForHeadline(page, 'The workbench is incomplete');
  assert.equal(await page.evaluate('document.getAnimations().length'), 0);
  const unseen = await page.evaluate<string[]>(`[...document.querySelectorAll('.span, .bead, .dot')]
    .filter(mark => {
      const { backgroundColor, borderTopWidth } = getComputedStyle(mark);
      return backgroundColor === 'rgb(255, 255, 255)' && borderTopWidth === '0px';
    })
    .map(mark => mark.outerHTML)`);
  assert.deepEqual(unseen, []);
  await photograph(page, 'status page forced colours');
});

test('without JavaScript the page says how it stands, once', { skip }, async t => {
  const { page } = await watchWorkbench(t, { files: READY, look: { javaScriptEnabled: false } });
  await waitUntil('it answers', () =>
    page.goto('http://127.0.0.1:9180/').then(
      () => true,
      () => false,
    ),
  );
  await waitUntil('it is ready', async () => {
    await page.reload();
    return (await page.textContent('noscript h1')) === 'The workbench is ready';
  });
  assert.deepEqual(await page.locator('noscript li').allTextContents(), ['one: ready', 'two: ready']);
});

test('a page that nobody looks at asks nobody', { skip }, async t => {
  const watched = await watchWorkbench(t, { files: READY });
  const { page, asked } = watched;
  await visit(page);
  await hide(page, true);
  const before = asked.length;
  // Shown again it asks at once: had it asked meanwhile, there would be more than that.
  await waitUntil('time passes', () => page.evaluate<boolean>('performance.now() > 7000'));
  assert.equal(asked.length, before);
  await hide(page, false);
  await waitUntil('it asks again', () => asked.length > before);
});

/** What the browser tells a page whose tab is covered. */
async function hide(page: Page, isHidden: boolean): Promise<void> {
  await page.evaluate(`Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${isHidden} });
    document.dispatchEvent(new Event('visibilitychange'))`);
}
