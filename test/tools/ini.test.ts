import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { execaSync } from 'execa';
import fc from 'fast-check';
import { findIniTrouble, readIniValue } from '../../src/tools/ini.ts';
import { removeMarked } from '../../src/tools/marked.ts';
import { pip } from '../../src/tools/pip.ts';
import { makeConfig, makeFacts, makeSettings } from '../facts-fixture.ts';
import { NEEDS_PYTHON, PYTHON } from '../rig.ts';

const INDEX = 'http://mirror.example/simple';

describe('an INI text', () => {
  for (const [text, value] of [
    ['[global]\ntrusted-host = a.example\n', 'a.example'],
    ['[global]\ntrusted-host =\n  a.example\n\n  # two\n  b.example\n[x]\n', '\na.example\nb.example'],
    ['[global]\nTrusted_Host: a.example\n', 'a.example'],
    ['[install]\ntrusted-host = a.example\n', undefined],
    ['[global]\n# lintel: begin\ntrusted-host = ours\n# lintel: end\n', undefined],
    ['', undefined],
  ] as const) {
    test(`has the value that Python reads: ${JSON.stringify(text)}`, () =>
      assert.equal(readIniValue(text, 'global', 'trusted-host'), value));
  }
});

/** Python's own answer for each text: its sections with pip's spelling of keys, or null where it refuses. */
const READ = `
import configparser, json, sys
def read(text):
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except (configparser.Error, AttributeError):
        return None
    sections = {**parser._sections, 'DEFAULT': parser._defaults}
    return {s: {k.lower().replace('_', '-'): v for k, v in keys.items()} for s, keys in sections.items()}
json.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)
`;

function readByPython(texts: readonly string[]): (Record<string, Record<string, string>> | null)[] {
  return JSON.parse(execaSync(PYTHON, ['-c', READ], { input: JSON.stringify(texts) }).stdout);
}

const line = fc.oneof(
  fc.constantFrom('[global]', '[install]', '[list]', '  [global]', '[global] x', '[]', '[DEFAULT]', ''),
  fc.constantFrom('# note', '; note', '  # note', '  more', '\tmore', 'words', '= x', ': x'),
  fc
    .tuple(
      fc.constantFrom('', '', '', '  ', '\t'),
      fc.constantFrom(
        'index-url',
        'index_url',
        'Index-URL',
        'timeout',
        'trusted-host',
        'cert',
        'extra-index-url',
      ),
      fc.constantFrom('=', ' = ', ':', ' : ', ' ='),
      fc.constantFrom('', 'x', 'https://a.example/?a=b#c', 'a.example b.example'),
    )
    .map(parts => parts.join('')),
);
const text = fc
  .tuple(fc.array(line, { maxLength: 12 }), fc.constantFrom('\n', '\r\n'), fc.boolean())
  .map(([lines, end, isOpen]) => lines.join(end) + (isOpen ? '' : end));

describe('any pip.conf', { skip: NEEDS_PYTHON }, () => {
  const texts = fc.sample(text, 3000);
  const before = readByPython(texts);

  test('is refused where Python refuses it, and only there', () => {
    for (const [index, own] of texts.entries())
      assert.equal(findIniTrouble(own) === undefined, before[index] !== null, JSON.stringify(own));
    const refused = before.filter(read => read === null).length;
    assert.ok(refused > 100 && refused < texts.length - 100, `${refused} of ${texts.length} are refused`);
  });

  test('has our keys, which no other section has, otherwise what it had, and gives our part back', () => {
    const edited = texts.map(own => {
      const facts = makeFacts({ configs: { pip: makeConfig('/etc/pip.conf', own) } });
      const made = pip.configure(makeSettings({ PIP_REPOSITORY: INDEX }), facts);
      return made?.files[0]?.text;
    });
    const after = readByPython(edited.map(made => made ?? ''));
    for (const [index, read] of after.entries()) {
      const own = texts[index] ?? '';
      const old = before[index] ?? null;
      assert.equal(edited[index] === undefined, old === null, JSON.stringify(own));
      if (old === null) continue;
      assert.equal(removeMarked(edited[index] ?? ''), own);
      assert.deepEqual(read, expected(old), JSON.stringify(own));
    }
  });
});

function expected(old: Readonly<Record<string, Readonly<Record<string, string>>>>) {
  const hosts = (old['global']?.['trusted-host'] ?? '').split(/\s+/).filter(host => host !== '');
  const rest = Object.fromEntries(
    Object.entries(old).map(([section, { 'index-url': _, 'trusted-host': __, ...keys }]) => [section, keys]),
  );
  const ours = {
    'index-url': INDEX,
    'trusted-host': [...new Set(['mirror.example', ...hosts])].join(' '),
  };
  return { ...rest, global: { ...rest['global'], ...ours } };
}
