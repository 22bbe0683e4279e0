import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { REFERENCES } from '../../dev/rendered-references.ts';
import { S6_VARIABLES } from '../../src/settings/s6-variables.ts';
import { VARIABLES } from '../../src/settings/variables.ts';

const DOCS = join(import.meta.dirname, '../../docs');

for (const [path, render] of Object.entries(REFERENCES))
  test(`${path} is what the program’s own lists say`, async () => {
    const text = await readFile(join(import.meta.dirname, '../..', path), 'utf8');
    assert.equal(text, render(), 'run npm run references');
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
