import { applyEdits, type FormattingOptions, modify, type ParseError, parse } from 'jsonc-parser';

/** The values of a file's top-level keys; undefined when it is no JSON object. An empty file is an empty object. */
export function readJsonKeys(
  text: string,
  hasComments: boolean,
): Readonly<Record<string, unknown>> | undefined {
  if (text.trim() === '') return {};
  const errors: ParseError[] = [];
  const options = { disallowComments: !hasComments, allowTrailingComma: hasComments };
  const value = parseOrUndefined(() => parse(text, errors, options));
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  // What a key "__proto__" made inherited is no key.
  return errors.length === 0 && isObject ? { ...(value as Record<string, unknown>) } : undefined;
}

/** undefined for what is nested deeper than the parser can follow. */
function parseOrUndefined(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return undefined;
  }
}

/** The text with these keys; comments, order and everything else stay as they are. */
export function setJsonKeys(text: string, entries: Readonly<Record<string, string | undefined>>): string {
  const formattingOptions = readStyle(text);
  const start = text.trim() === '' ? '{}\n' : text;
  return Object.entries(entries).reduce(
    (edited, [key, value]) => applyEdits(edited, modify(edited, [key], value, { formattingOptions })),
    start,
  );
}

/** Indented as it is: by tabs, or by so many blanks as its first line of a key is. */
function readStyle(text: string): FormattingOptions {
  const indent = /\n([ \t]+)"/.exec(text)?.[1] ?? '    ';
  return {
    insertSpaces: !indent.startsWith('\t'),
    tabSize: indent.startsWith('\t') ? 4 : indent.length,
    eol: text.includes('\r\n') ? '\r\n' : '\n',
  };
}
