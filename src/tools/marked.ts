/**
 * Our part in a configuration file that others write too. It stands between two marks, and a line that it
 * replaces becomes a comment, so that taking our part out gives back the text that was there before:
 *
 *     [global]
 *     # lintel: begin (set at every boot; edits here are lost)
 *     index-url = https://mirror.example/simple
 *     # lintel: end
 *     # lintel: was index-url = https://old.example/simple
 *
 * All the formats here (pip's and git's INI, YAML, TOML, R) share "#" for comments.
 */
const BEGIN = '# lintel: begin (set at every boot; edits here are lost)';
const END = '# lintel: end';
const WAS = '# lintel: was ';

/** The text without our part. Text that never had one comes back as it is. */
export function removeMarked(text: string): string {
  const kept: string[] = [];
  let isInside = false;
  for (const line of text.split('\n')) {
    if (line.startsWith('# lintel: begin')) isInside = true;
    else if (isInside) isInside = line !== END;
    else kept.push(line.startsWith(WAS) ? line.slice(WAS.length) : line);
  }
  return kept.join('\n');
}

/** Our part at the end of the text. */
export function appendMarked(text: string, lines: readonly string[]): string {
  const before = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  return `${before}${block(lines)}\n`;
}

export interface IniEdit {
  readonly section: string;
  readonly entries: Readonly<Record<string, string>>;
  /** Whether an indented line goes on with the value above it (Python's INI), or may be a key (git's). */
  readonly hasIndentedValues: boolean;
}

/** Sets keys of one section, in place of what the section says of them. Keys compare as pip's and git's do. */
export function setIniMarked(text: string, edit: IniEdit): string {
  const own = Object.entries(edit.entries).map(([key, value]) => `${key} = ${value}`);
  const lines = text.split('\n');
  const header = lines.findIndex(line => readHeader(line) === edit.section.toLowerCase());
  if (header === -1) return appendMarked(text, [`[${edit.section}]`, ...own]);
  const next = lines.findIndex((line, index) => index > header && readHeader(line) !== undefined);
  const end = next === -1 ? lines.length : next;
  const body = replaceKeys(lines.slice(header + 1, end), edit);
  return [...lines.slice(0, header + 1), block(own), ...body, ...lines.slice(end)].join('\n');
}

/** Whether the text, outside our part, gives that key of an INI section a value. */
export function hasIniKey(text: string, section: string, key: string): boolean {
  let current = '';
  for (const line of removeMarked(text).split('\n')) {
    current = readHeader(line) ?? current;
    if (current === section.toLowerCase() && readKey(line) === normalize(key)) return true;
  }
  return false;
}

/** Sets top-level keys of a YAML mapping in block style; undefined for a text in any other style. */
export function setYamlMarked(
  text: string,
  entries: Readonly<Record<string, readonly string[]>>,
): string | undefined {
  const lines = text.split('\n');
  const isOtherStyle = lines.some(
    (line, index) => /^[{%[&*!|>"']/.test(line) || (index > 0 && /^(---|\.\.\.)/.test(line)),
  );
  if (isOtherStyle) return undefined;
  const kept = replaceBlocks(lines, new Set(Object.keys(entries)));
  return appendMarked(kept.join('\n'), Object.values(entries).flat());
}

/** Whether the text, outside our part, has that top-level key. */
export function hasYamlKey(text: string, key: string): boolean {
  return removeMarked(text)
    .split('\n')
    .some(line => readYamlKey(line) === key);
}

function block(lines: readonly string[]): string {
  return [BEGIN, ...lines, END].join('\n');
}

function readHeader(line: string): string | undefined {
  return /^\s*\[([^\]]+)\]/.exec(line)?.[1]?.trim().toLowerCase();
}

function readKey(line: string): string | undefined {
  const key = /^\s*([\w.-]+)\s*(?:[=:]|$)/.exec(line)?.[1];
  return key === undefined ? undefined : normalize(key);
}

function normalize(key: string): string {
  return key.toLowerCase().replaceAll('_', '-');
}

function replaceKeys(lines: readonly string[], edit: IniEdit): string[] {
  const keys = new Set(Object.keys(edit.entries).map(normalize));
  let isReplaced = false;
  return lines.map(line => {
    const goesOn = edit.hasIndentedValues && /^\s+\S/.test(line);
    if (!goesOn) isReplaced = !/^\s*[#;]/.test(line) && keys.has(readKey(line) ?? '');
    return isReplaced && line.trim() !== '' ? WAS + line : line;
  });
}

/** A top-level key's block goes to the next line that begins another; list items may stand at the margin. */
function replaceBlocks(lines: readonly string[], keys: ReadonlySet<string>): string[] {
  let isReplaced = false;
  return lines.map(line => {
    if (readYamlKey(line) !== undefined) isReplaced = keys.has(readYamlKey(line) ?? '');
    return isReplaced && line.trim() !== '' && !line.startsWith('#') ? WAS + line : line;
  });
}

function readYamlKey(line: string): string | undefined {
  return /^([\w-]+)\s*:(\s|$)/.exec(line)?.[1];
}
