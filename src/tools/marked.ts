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
/** As BEGIN, behind a last line that had no end of its own. */
const BEGIN_AFTER_OPEN_LINE = `${BEGIN.slice(0, -1)}; the line above had no end)`;
const END = '# lintel: end';
const WAS = '# lintel: was ';

/**
 * The text without our part. Text that never had one comes back as it is; where somebody has taken our end away,
 * only the begin goes, so that nothing of theirs is lost.
 */
export function removeMarked(text: string): string {
  const lines = text.split('\n');
  const kept: string[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    if (!isBegin(line)) kept.push(line.startsWith(WAS) ? line.slice(WAS.length) : line);
    else {
      const end = findEnd(lines, index);
      const isLast = lines.slice(end + 1).join('') === '';
      index = end;
      // The newline in front of our part was ours too.
      if (isLast && line.trimEnd() === BEGIN_AFTER_OPEN_LINE) return kept.join('\n');
    }
  }
  return kept.join('\n');
}

/** Our part at the end of the text. */
export function appendMarked(text: string, lines: readonly string[]): string {
  if (text === '' || text.endsWith('\n')) return `${text}${block(lines)}\n`;
  return `${text}\n${block(lines).replace(BEGIN, BEGIN_AFTER_OPEN_LINE)}\n`;
}

/** Our part before all else. */
export function prependMarked(text: string, lines: readonly string[]): string {
  return `${block(lines)}\n${text}`;
}

/** A line that ours stands in for, as the comment that `removeMarked` turns back. */
export function markReplaced(line: string): string {
  return WAS + line;
}

function isBegin(line: string): boolean {
  return line.startsWith('# lintel: begin');
}

/** The line of our end that belongs to the begin at `begin`; the begin itself when there is none. */
function findEnd(lines: readonly string[], begin: number): number {
  for (let index = begin + 1; index < lines.length && !isBegin(lines[index] ?? ''); index++) {
    if (lines[index]?.trimEnd() === END) return index;
  }
  return begin;
}

export interface IniEdit {
  /** "" for what stands above the first section, where npm has its keys. */
  readonly section: string;
  readonly entries: Readonly<Record<string, string>>;
  /** Whether an indented line goes on with the value above it (Python's INI), or may be a key (git's). */
  readonly hasIndentedValues: boolean;
  /** Whether the keys give way in every section: pip asks the section of the command, [install], before [global]. */
  readonly replacesEverywhere?: boolean;
}

/**
 * Sets keys of one section, in place of what the text says of them there. Our lines are indented as the section's
 * own are: to Python a deeper line would go on with the value above it.
 */
export function setIniMarked(text: string, edit: IniEdit): string {
  const read = readLines(text, edit);
  const lines = replaceKeys(read, edit);
  const own = Object.entries(edit.entries).map(([key, value]) => `${key} = ${value}`);
  if (edit.section === '') return [block(own), ...lines].join('\n');
  const header = read.findIndex(line => line.kind === 'header' && isSection(line.header, edit));
  if (header === -1) return appendMarked(lines.join('\n'), [`[${edit.section}]`, ...own]);
  const indent = edit.hasIndentedValues ? readIndent(lines.slice(header + 1)) : '';
  return [
    ...lines.slice(0, header + 1),
    block(own.map(line => indent + line)),
    ...lines.slice(header + 1),
  ].join('\n');
}

/** Whether the text, outside our part, gives that key of an INI section a value. */
export function hasIniKey(text: string, section: string, key: string): boolean {
  let current = '';
  for (const line of removeMarked(text).split('\n')) {
    const header = readHeader(line);
    current = header ?? current;
    if (current.toLowerCase() !== section.toLowerCase()) continue;
    // git allows a key behind the header, in the same line.
    if (readKey(header === undefined ? line : line.replace(/^\s*\[[^\]]*\]/, '')) === normalize(key))
      return true;
  }
  return false;
}

function block(lines: readonly string[]): string {
  return [BEGIN, ...lines, END].join('\n');
}

/** The name between brackets; undefined for any other line. */
function readHeader(line: string): string | undefined {
  return /^\s*\[([^\]]+)\]/.exec(line)?.[1]?.trim();
}

/** Python's section names are told apart by case, git's are not. */
function isSection(header: string | undefined, { section, hasIndentedValues }: IniEdit): boolean {
  return hasIndentedValues ? header === section : header?.toLowerCase() === section.toLowerCase();
}

/** The indentation of the first line that is neither blank nor a comment. */
function readIndent(lines: readonly string[]): string {
  const first = lines.find(line => line.trim() !== '' && !/^\s*[#;]/.test(line)) ?? '';
  return readHeader(first) === undefined ? (/^[ \t]*/.exec(first)?.[0] ?? '') : '';
}

function readKey(line: string): string | undefined {
  const key = /^\s*([\w.-]+)\s*(?:[=:]|$)/.exec(line)?.[1];
  return key === undefined ? undefined : normalize(key);
}

function normalize(key: string): string {
  return key.toLowerCase().replaceAll('_', '-');
}

/** Comments out the keys in every section of that name: of several the last would win; or in every section. */
function replaceKeys(lines: readonly IniLine[], edit: IniEdit): string[] {
  const keys = new Set(Object.keys(edit.entries).map(normalize));
  let isInside = edit.section === '';
  let isReplaced = false;
  return lines.map(({ text, kind, header, key }) => {
    if (kind === 'none') return text;
    if (kind === 'header') isInside = edit.replacesEverywhere === true || isSection(header, edit);
    if (kind !== 'more') isReplaced = isInside && kind === 'key' && keys.has(key ?? '');
    return isReplaced ? markReplaced(text) : text;
  });
}

interface IniLine {
  readonly text: string;
  /** `more` goes on with the value above it, also where it looks like a header. */
  readonly kind: 'none' | 'header' | 'key' | 'more';
  readonly header: string | undefined;
  readonly key: string | undefined;
}

function readLines(text: string, { hasIndentedValues }: IniEdit): IniLine[] {
  // Only a value is gone on with, so nothing is before the first key of a section.
  let indent = Number.POSITIVE_INFINITY;
  return text.split('\n').map(line => {
    const header = readHeader(line);
    const seen = { text: line, header, key: readKey(line) };
    // Blank lines and comments may stand within a value of several lines.
    if (line.trim() === '' || /^\s*[#;]/.test(line)) return { ...seen, kind: 'none' };
    const ownIndent = line.length - line.trimStart().length;
    if (hasIndentedValues && ownIndent > indent) return { ...seen, kind: 'more' };
    indent = header === undefined ? ownIndent : Number.POSITIVE_INFINITY;
    return { ...seen, kind: header === undefined ? 'key' : 'header' };
  });
}
