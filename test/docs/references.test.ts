import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { execa } from 'execa';
import { renderManual } from '../../dev/manual.ts';
import { REFERENCES } from '../../dev/rendered-references.ts';
import { renderServiceSchema } from '../../dev/service-fields.ts';
import { COMMANDS } from '../../src/commands/list.ts';
import { S6_VARIABLES } from '../../src/settings/s6-variables.ts';
import { VARIABLES } from '../../src/settings/variables.ts';

const DOCS = join(import.meta.dirname, '../../docs');
const MANUAL = join(import.meta.dirname, '../../rootfs/usr/local/share/man/man1/lintel.1');
const MANDOC = '/usr/bin/mandoc';

for (const [path, render] of Object.entries(REFERENCES))
  test(`${path} is what the program’s own lists say`, async () => {
    const text = await readFile(join(import.meta.dirname, '../..', path), 'utf8');
    assert.equal(text, render(), 'run npm run references');
  });

describe('the manual', () => {
  test('is plain ASCII, whatever shows it', () => {
    assert.doesNotMatch(renderManual(), /[^\n\x20-\x7e]/);
  });

  test('is clean to mandoc, and names every command, option and example at 80 columns', {
    skip: !process.env['CI'] && !existsSync(MANDOC) && `${MANDOC} is not installed`,
  }, async () => {
    const lint = await execa(MANDOC, ['-T', 'lint', '-W', 'warning', MANUAL], { reject: false, all: true });
    assert.deepEqual([lint.exitCode, lint.all], [0, '']);
    const { stdout } = await execa(MANDOC, ['-T', 'ascii', '-O', 'width=80', MANUAL]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: bold is a letter, a backspace and the letter again.
    const shown = stdout.replaceAll(/.\x08/g, '');
    for (const line of shown.split('\n')) assert.ok(line.length <= 80, line);
    const flat = shown.replaceAll(/\s+/g, ' ');
    for (const { name, flags, examples } of COMMANDS) {
      for (const flag of flags)
        assert.ok(flat.includes(`[${flag.name}${flag.value === undefined ? '' : ` ${flag.value}`}]`));
      assert.ok(flat.includes(` lintel ${name} `), name);
      assert.ok(flat.includes(examples[0]?.line ?? name), `an example of ${name}`);
    }
  });
});

test('the schema of service.json explains every field to an editor, those of probes too', () => {
  interface Field {
    readonly description?: string;
    readonly properties?: Readonly<Record<string, Field>>;
  }
  const { properties = {} } = JSON.parse(renderServiceSchema()) as Field;
  const fields = Object.entries({
    ...properties,
    ...properties['ready']?.properties,
    ...properties['health']?.properties,
  });
  assert.ok(fields.length > 30, 'fields');
  const unexplained = fields.filter(
    ([, { description = '' }]) => !/^[^\n[\]]*[^ ]\.$/.test(plain(description)),
  );
  assert.deepEqual(unexplained, []);

  /** Code may hold brackets; a link would. */
  function plain(description: string): string {
    return description.replaceAll(/`[^`]*`|"\[address\]/g, 'x');
  }
});

test('docs/s6.md tells of each of s6’s variables that Lintel knows', async () => {
  const text = await readFile(join(DOCS, 's6.md'), 'utf8');
  const known = [
    ...Object.values(VARIABLES).flatMap(({ names }) => names.filter(name => name.startsWith('S6_'))),
    ...Object.keys(S6_VARIABLES.always),
    ...Object.keys(S6_VARIABLES.never),
  ];
  const told = [...text.matchAll(/`(S6_\w+)`/g)].map(([, name]) => name);
  assert.deepEqual([...new Set(told)].sort(), [...known].sort());
});
