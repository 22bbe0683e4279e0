import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from './folder.ts';

const FOLDER = join(import.meta.dirname, 'gpu');

/** What was seen on a machine with a GPU. The files are written by dev/gpu-evidence.sh, or after what others published. */
export interface Evidence {
  readonly name: string;
  readonly source: string;
  readonly nodes: readonly EvidentNode[];
  /** For `makeFolder`: the files, the links, and plain files in place of the device nodes. */
  readonly entries: Readonly<Record<string, Entry>>;
  /** What `nvidia-smi -L` said; undefined where there was none. */
  readonly listing: { readonly code: number; readonly text: string } | undefined;
}

export interface EvidentNode {
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export function readAllEvidence(): Evidence[] {
  return readdirSync(FOLDER)
    .sort()
    .map(file => parseEvidence(file.replace(/\.txt$/, ''), readFileSync(join(FOLDER, file), 'utf8')));
}

export function readEvidence(name: string): Evidence {
  return parseEvidence(name, readFileSync(join(FOLDER, `${name}.txt`), 'utf8'));
}

/** Sections that begin with "== KIND …", and end where the next one begins. */
export function parseEvidence(name: string, text: string): Evidence {
  const [head = '', ...sections] = text.split(/^== /m);
  const entries: Record<string, Entry> = {};
  const nodes: EvidentNode[] = [];
  let listing: Evidence['listing'];
  for (const section of sections) {
    const [title = ''] = section.split('\n', 1);
    const body = section.slice(title.length + 1);
    const [kind, ...words] = title.split(' ');
    const path = (words.at(-1) ?? '').slice(1);
    if (kind === 'file') entries[path] = body;
    else if (kind === 'there') entries[path] = '';
    else if (kind === 'link') entries[(words[0] ?? '').slice(1)] = { link: words[1] ?? '' };
    else if (kind === 'nvidia-smi') listing = { code: Number(words.at(-1)), text: body };
    else if (kind === 'node') {
      const [mode = '', uid = '', gid = ''] = words;
      nodes.push({ path: `/${path}`, mode: Number.parseInt(mode, 8), uid: Number(uid), gid: Number(gid) });
      entries[path] = '';
    }
  }
  return { name, source: head.replace(/^source: /, '').trim(), nodes, entries, listing };
}

/** An nvidia-smi that says what was said there. */
export function renderNvidiaSmi({ listing }: Evidence): string {
  const { code, text } = listing ?? { code: 0, text: '' };
  return `#!/bin/sh\n[ "$*" = -L ] || exit 2\ncat <<'END'\n${text}END\nexit ${code}\n`;
}
