export type Ini = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * An INI text as pip reads it, by Python's configparser: section -> key -> value, keys in pip's one spelling.
 * Throws where Python would. What a client makes of our text decides, not how the text looks.
 */
export function readPipConf(text: string): Ini {
  const sections: Record<string, Record<string, string>> = {};
  const seen = new Set<string>();
  let section: string | undefined;
  let key: string | undefined;
  let indent = 0;
  for (const line of text.split('\n')) {
    const value = /^\s*[#;]/.test(line) ? '' : line.trim();
    const current = section === undefined ? undefined : sections[section];
    if (value === '') {
      // A blank line belongs to the value above, a comment does not end it.
      if (line.trim() === '' && current && key !== undefined) current[key] += '\n';
      continue;
    }
    const ownIndent = line.length - line.trimStart().length;
    if (current && key !== undefined && ownIndent > indent) {
      current[key] += `\n${value}`;
      continue;
    }
    indent = ownIndent;
    const header = /^\[([^\]]+)\]/.exec(value)?.[1];
    if (header !== undefined) {
      if (sections[header]) throw new Error(`Section ${header} stands there twice`);
      sections[header] = {};
      section = header;
      key = undefined;
      continue;
    }
    const pair = /^(.*?)\s*[=:]\s*(.*)$/.exec(value);
    if (!current) throw new Error(`${value} stands in no section`);
    if (pair === null) throw new Error(`${value} is no key`);
    const raw = `${section} ${pair[1]?.toLowerCase()}`;
    if (seen.has(raw)) throw new Error(`Key ${raw} stands there twice`);
    seen.add(raw);
    key = (pair[1] ?? '').toLowerCase().replaceAll('_', '-');
    current[key] = pair[2] ?? '';
  }
  return Object.fromEntries(
    Object.entries(sections).map(([name, entries]) => [
      name,
      Object.fromEntries(Object.entries(entries).map(([own, value]) => [own, value.trimEnd()])),
    ]),
  );
}
