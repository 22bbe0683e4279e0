import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { build } from 'esbuild';

const SOURCE = join(import.meta.dirname, '../src/web/page');
/** Browsers of the last three years. */
const TARGET = ['chrome116', 'firefox117', 'safari16.5'];

/** What src/web/document.ts unpacks: the page for people, as one document, and the hashes of what in it may run. */
export interface CarriedPage {
  /** base64 of brotli. */
  readonly packed: string;
  readonly scriptHash: string;
  readonly styleHash: string;
}

/** The page of src/web/page as one document, for which nothing else has to be fetched. */
export async function makeCarriedPage(): Promise<CarriedPage> {
  const [script, style] = await Promise.all([bundle('page.ts'), bundle('page.css')]);
  const html = await readFile(join(SOURCE, 'page.html'), 'utf8');
  const document = html
    .replaceAll(/>\n+</g, '><')
    .replace('<!--style-->', () => `<style>${style}</style>`)
    .replace('<!--script-->', () => `<script type="module">${script}</script>`);
  const packed = brotliCompressSync(document, {
    params: { [constants.BROTLI_PARAM_SIZE_HINT]: Buffer.byteLength(document) },
  });
  return { packed: packed.toString('base64'), scriptHash: hash(script), styleHash: hash(style) };
}

async function bundle(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(SOURCE, name)],
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    target: TARGET,
    charset: 'ascii',
    legalComments: 'none',
  });
  const text = (outputFiles[0]?.text ?? '').trim();
  // Either would end the element that carries it.
  if (/<\/(script|style)|<!--/i.test(text)) throw new Error(`Cannot carry ${name}: it ends its own element`);
  return text;
}

function hash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
