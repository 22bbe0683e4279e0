import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  renderChecks,
  renderCommands,
  renderServiceSchema,
  renderVariables,
} from '../../dev/rendered-references.ts';
import { S6_VARIABLES } from '../../src/settings/s6-variables.ts';
import { VARIABLES } from '../../src/settings/variables.ts';

const DOCS = join(import.meta.dirname, '../../docs');
const MEND = 'run `npm run references` and commit the result';

test('docs/cli.md is what the list of commands says', async () => {
  assert.equal(await readFile(join(DOCS, 'cli.md'), 'utf8'), renderCommands(), MEND);
});

test('docs/check.md is what the list of rules says', async () => {
  assert.equal(await readFile(join(DOCS, 'check.md'), 'utf8'), renderChecks(), MEND);
});

test('docs/variables.md is what the list of variables says', async () => {
  assert.equal(await readFile(join(DOCS, 'variables.md'), 'utf8'), renderVariables(), MEND);
});

test('docs/service.schema.json is what service.json is checked against', async () => {
  assert.equal(await readFile(join(DOCS, 'service.schema.json'), 'utf8'), renderServiceSchema(), MEND);
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
