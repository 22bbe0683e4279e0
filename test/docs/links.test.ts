import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { ROOT } from './proofs.ts';

const EXAMPLES = readdirSync(join(ROOT, 'examples')).map(name => join('examples', name));

/** Every page of ours; what stands between code fences is no text of a page. */
const PAGES = new Map(
  ['.', 'docs', ...EXAMPLES].flatMap(folder =>
    readdirSync(join(ROOT, folder))
      .filter(name => name.endsWith('.md'))
      .map(name => normalize(join(folder, name)))
      .map(path => [path, readFileSync(join(ROOT, path), 'utf8').replaceAll(/^```.*?^```/gms, '')] as const),
  ),
);

test('no page links to a file or a heading that is not there', () => {
  const broken = [...PAGES].flatMap(([path, text]) =>
    [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(match => match[1] ?? '')
      .filter(link => !link.includes('://') && !leadsSomewhere(path, link))
      .map(link => `${path}: ${link}`),
  );
  assert.deepEqual(broken, []);
});

test('every page of docs/ and of the examples is within two links of the README', () => {
  const first = linksOf('README.md');
  const reached = new Set([...first, ...first.flatMap(linksOf)]);
  const lost = [...PAGES.keys()].filter(path => /^(docs|examples)\//.test(path) && !reached.has(path));
  assert.deepEqual(lost, []);
});

test('docs/services.md has a row for each service that Lintel ships, with its port and its page', () => {
  const rows = [...(PAGES.get('docs/services.md') ?? '').matchAll(ROW)];
  const named = rows.map(([, name, port = '', page = '']) => [
    name,
    port,
    existsSync(join(ROOT, 'docs', page)),
  ]);
  const shipped = readdirSync(join(ROOT, 'services.d')).map(name => [name, readPort(name), true]);
  assert.deepEqual(named.sort(), shipped.sort());
});

/** `| NAME | … | `LINTEL_NAME_PORT`, PORT | [page](page.md) |`, or "none" for the port. */
const ROW = /^\| ([\w-]+) \| .* \| (none|`LINTEL_\w+_PORT`, \d+) \| \[[^\]]+\]\(([^)#]+)[^)]*\) \|$/gm;

/** As the generated reference has its default. */
function readPort(service: string): string {
  const variable = `LINTEL_${service.toUpperCase().replaceAll('-', '_')}_PORT`;
  const row = new RegExp(`^\\| \`${variable}\`.*Default: (\\d+)\\.`, 'm');
  const port = row.exec(PAGES.get('docs/variables.md') ?? '')?.[1];
  return port === undefined ? 'none' : `\`${variable}\`, ${port}`;
}

function leadsSomewhere(page: string, link: string): boolean {
  const [file = '', anchor] = link.split('#');
  const path = file === '' ? page : normalize(join(dirname(page), file));
  if (!existsSync(join(ROOT, path))) return false;
  return anchor === undefined || listAnchors(PAGES.get(path) ?? '').includes(anchor);
}

function linksOf(page: string): string[] {
  const links = [...(PAGES.get(page) ?? '').matchAll(/\]\(([^)\s#]+)[^)]*\)/g)];
  return links.map(match => normalize(join(dirname(page), match[1] ?? '')));
}

/** As GitHub makes them: small letters, no punctuation, a dash for each blank. */
function listAnchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(match =>
    (match[1] ?? '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
}
