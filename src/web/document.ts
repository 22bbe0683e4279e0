import { isInTrouble, renderCount, wordOf } from '../control/standing.ts';
import type { View } from './view.ts';

declare const LINTEL_PAGE: {
  readonly packed: string;
  readonly scriptHash: string;
  readonly styleHash: string;
};

/** What a program that was not built has to show. */
const UNBUILT = '<!doctype html><title>Lintel</title><p>The status page is made by "npm run build".</p>\n';

/** As the build made it; kept from the first request on. */
let page: string | undefined;

/** The page for people: one document, the same for everybody but for what stands there for browsers without scripts. */
export function renderDocument(view: View): string {
  page ??= unpack();
  return page.replace('<!--plain-->', () => renderPlain(view));
}

function unpack(): string {
  if (typeof LINTEL_PAGE === 'undefined') return UNBUILT;
  const { brotliDecompressSync } = process.getBuiltinModule('node:zlib');
  return brotliDecompressSync(Buffer.from(LINTEL_PAGE.packed, 'base64')).toString('utf8');
}

/**
 * Only what the build has put into the page runs, only this server is asked, and no text becomes markup. Frames of the
 * same site may show it, as JupyterLab does with what it proxies; there is nothing on it that could be clicked by mistake.
 */
export function makePolicy(): string {
  const { scriptHash, styleHash } =
    typeof LINTEL_PAGE === 'undefined' ? { scriptHash: 'none', styleHash: 'none' } : LINTEL_PAGE;
  return [
    "default-src 'none'",
    `script-src '${scriptHash}'`,
    `style-src '${styleHash}'`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}

/** For text browsers: the state, once, in the words of the page. */
function renderPlain({ stage, isReady, services, version }: View): string {
  const isIncomplete = services.some(isInTrouble);
  const running = isIncomplete ? 'incomplete' : isReady ? 'ready' : 'not ready';
  const state = stage.name === 'running' ? running : stage.name;
  const count = stage.name === 'running' ? `<p>Now ${renderCount(services)}.</p>` : '';
  const items = services.map(service => `<li>${escapeHtml(`${service.name}: ${wordOf(service)}`)}</li>`);
  return `<h1>The workbench is ${state}</h1>${count}<ul>${items.join('')}</ul><p>Lintel ${escapeHtml(version)}. With JavaScript this page is live; <a href="status.json">status.json</a> holds all that it shows.</p>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);
}
