import { removeMarked } from './marked.ts';

/**
 * INI as Python's configparser reads it, which is how pip does: what it refuses, and what a key's value is. Its whole
 * file counts for nothing to pip after the first line that it refuses.
 */
interface Reading {
  /** "line 3: …"; undefined for a text that Python reads. */
  readonly trouble: string | undefined;
  readonly entries: readonly { readonly section: string; readonly key: string; readonly value: string }[];
}

/** Why Python refuses the text, with the number of the line; undefined when it does not. */
export function findIniTrouble(text: string): string | undefined {
  return readIni(text).trouble;
}

/** The value that pip reads of that key, outside our part; undefined for none. */
export function readIniValue(text: string, section: string, key: string): string | undefined {
  return readIni(removeMarked(text)).entries.findLast(
    entry => entry.section === section && entry.key === normalize(key),
  )?.value;
}

function readIni(text: string): Reading {
  const entries: { section: string; key: string; raw: string; value: string }[] = [];
  const sections = new Set<string>();
  let section: string | undefined;
  let current: (typeof entries)[number] | undefined;
  let indent = 0;
  const stop = (index: number, why: string) => ({ trouble: `line ${index + 1}: ${why}`, entries });
  for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) {
    const content = line.trim();
    if (content === '' || content.startsWith('#') || content.startsWith(';')) continue;
    const ownIndent = line.length - line.trimStart().length;
    if (current !== undefined && ownIndent > indent) {
      current.value += `\n${content}`;
      continue;
    }
    indent = ownIndent;
    const header = /^\[(.+)\]/.exec(content)?.[1];
    if (header !== undefined) {
      if (sections.has(header)) return stop(index, `a second [${header}]`);
      if (header !== 'DEFAULT') sections.add(header);
      section = header;
      current = undefined;
      continue;
    }
    if (section === undefined) return stop(index, 'no [section] above it');
    const separator = content.search(/[=:]/);
    const key = content.slice(0, Math.max(separator, 0)).trimEnd();
    const value = content.slice(separator + 1).trimStart();
    if (key === '') return stop(index, 'neither a [section] nor "key = value"');
    const raw = key.toLowerCase();
    if (entries.some(entry => entry.section === section && entry.raw === raw))
      return stop(index, `a second ${raw} in [${section}]`);
    current = { section, key: normalize(key), raw, value };
    entries.push(current);
  }
  return { trouble: undefined, entries };
}

/** pip takes keys with "_" and "-" for the same, of two the later. */
function normalize(key: string): string {
  return key.toLowerCase().replaceAll('_', '-');
}
