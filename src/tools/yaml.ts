import type * as Yaml from 'yaml';
import { appendMarked, markReplaced, removeMarked } from './marked.ts';
import type { Edited } from './placement.ts';
import { loadYaml } from './yaml-parser.cts';

export type YamlEntries = Readonly<Record<string, string | readonly string[]>>;

/**
 * Sets top-level keys of a YAML mapping. In a mapping in block style the lines of what is replaced become comments and
 * our part goes to the end; any other (`{channels: [a]}`) becomes a comment whole, and is written again with our values.
 * What comes out is read again: everything but our keys has to be as before. `flag` is a comment for each key ("#!final").
 */
export function setYamlMarked(text: string, entries: YamlEntries, flag = ''): Edited {
  const lines = renderEntries(entries, flag);
  if (isEmpty(text)) return { text: appendMarked(text, lines) };
  const read = parseMapping(text);
  if ('trouble' in read) return read;
  const wanted = renderWhole(withEntries(read.value, entries));
  if (wanted === undefined) return { trouble: 'it holds itself, or is nested too deep' };
  const isRight = (made: string) => {
    const again = parseMapping(made);
    return 'value' in again && renderWhole(withEntries(again.value, {}, entries)) === wanted;
  };
  const made = [
    setInBlock(text, read.document, { entries, lines }),
    flag === '' ? setInCopy(text, read.document, entries) : undefined,
  ];
  const right = made.find(candidate => candidate !== undefined && isRight(candidate));
  return right === undefined
    ? { trouble: `${Object.keys(entries).join(', ')} can't be replaced in it without a change of the rest` }
    : { text: right };
}

/** Whether the text, outside our part, has that top-level key. A text that can't be read has it where it seems so. */
export function hasYamlKey(text: string, key: string): boolean {
  const own = removeMarked(text);
  if (!own.includes(key)) return false;
  const read = parseMapping(own);
  return 'trouble' in read
    ? new RegExp(`^[^\\S\\n]*["']?${key}["']?\\s*:`, 'm').test(own)
    : Object.hasOwn(read.value, key);
}

/** Blank lines, comments and the begin of a document are nothing that could be lost. Other blanks than these are text to YAML. */
function isEmpty(text: string): boolean {
  const lines = text.replace(/^\ufeff/, '').split('\n');
  return (
    lines.every(line => /^([ \t]*(#[^\r]*)?|---[ \t]*)\r?$/.test(line)) && text.split(/^---/m).length <= 2
  );
}

interface Mapping {
  readonly document: Yaml.Document.Parsed;
  readonly value: Readonly<Record<string, unknown>>;
}

function parseMapping(text: string): Mapping | { readonly trouble: string } {
  const { parseAllDocuments, isMap } = loadYaml();
  // Its warnings would go to stderr by themselves.
  const documents = parseAllDocuments(text, { logLevel: 'error' });
  const [document] = documents;
  if (document === undefined) return { trouble: 'it holds nothing' };
  const error = documents.flatMap(({ errors }) => errors)[0];
  if (error !== undefined) return { trouble: renderError(error) };
  if (documents.length > 1) return { trouble: 'it holds more than one document' };
  if (!isMap(document.contents)) return { trouble: 'it holds no keys with values' };
  try {
    return { document, value: document.toJS() };
  } catch (error) {
    return { trouble: String(error) };
  }
}

function renderError({ message, linePos }: Yaml.YAMLError): string {
  if (message.startsWith('Maximum call stack')) return 'it is nested too deep';
  const sentence = message.split(/ at line \d|\n/)[0] ?? message;
  return linePos === undefined ? sentence : `line ${linePos[0].line}: ${sentence}`;
}

/** To be compared; undefined for what no text could hold. */
function renderWhole(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** The values with ours at their end; those of `without` are taken there too. */
function withEntries(
  value: Readonly<Record<string, unknown>>,
  entries: YamlEntries,
  without: YamlEntries = entries,
): unknown {
  const rest = Object.entries(value).filter(([key]) => !Object.hasOwn(without, key));
  const own = Object.keys(without).map(key => [key, entries[key] ?? value[key]]);
  return [...rest, ...own];
}

function setInBlock(
  text: string,
  document: Yaml.Document.Parsed,
  ours: { readonly entries: YamlEntries; readonly lines: readonly string[] },
): string | undefined {
  const { isMap, isNode } = loadYaml();
  const { contents } = document;
  if (!isMap(contents) || contents.flow === true) return undefined;
  const lines = text.split('\n');
  const starts = lineStarts(lines);
  const isReplaced = new Set<number>();
  for (const { key, value } of contents.items) {
    if (!isNode(key) || !Object.hasOwn(ours.entries, String(key)) || key.range == null) continue;
    const end = (isNode(value) ? value.range?.[1] : undefined) ?? key.range[1];
    const last = lineAt(starts, text.slice(0, end).trimEnd().length - 1);
    for (let line = lineAt(starts, key.range[0]); line <= last; line++) isReplaced.add(line);
  }
  const kept = lines.map((line, index) => (isReplaced.has(index) ? markReplaced(line) : line));
  const first = contents.range?.[0] ?? 0;
  const indent = ' '.repeat(first - (starts[lineAt(starts, first)] ?? 0));
  return appendMarked(
    kept.join('\n'),
    ours.lines.map(line => indent + line),
  );
}

/** The document itself with our values, in its own style and order, below the old text as a comment. */
function setInCopy(text: string, document: Yaml.Document.Parsed, entries: YamlEntries): string | undefined {
  const copy = document.clone();
  for (const [key, value] of Object.entries(entries)) copy.set(key, value);
  try {
    const lines = copy.toString({ lineWidth: 0 }).trimEnd().split('\n');
    return appendMarked(markReplacedAll(text), lines);
  } catch {
    // An alias of what was replaced.
    return undefined;
  }
}

function markReplacedAll(text: string): string {
  const end = text.endsWith('\n') ? '\n' : '';
  return (
    text
      .slice(0, text.length - end.length)
      .split('\n')
      .map(markReplaced)
      .join('\n') + end
  );
}

function lineStarts(lines: readonly string[]): number[] {
  let start = 0;
  return lines.map(line => {
    const own = start;
    start += line.length + 1;
    return own;
  });
}

function lineAt(starts: readonly number[], offset: number): number {
  return starts.findLastIndex(start => start <= offset);
}

/** JSON strings are YAML strings. */
export function renderEntries(entries: YamlEntries, flag = ''): string[] {
  const comment = flag === '' ? '' : ` ${flag}`;
  return Object.entries(entries).flatMap(([key, value]) =>
    typeof value === 'string'
      ? [`${key}: ${JSON.stringify(value)}${comment}`]
      : [`${key}:${comment}`, ...value.map(item => `  - ${JSON.stringify(item)}`)],
  );
}
