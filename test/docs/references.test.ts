import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderServiceSchema, renderSettings } from '../../dev/rendered-references.ts';

const DOCS = join(import.meta.dirname, '../../docs');
const MEND = 'run `npm run references` and commit the result';

test('docs/settings.md is what the list of variables says', async () => {
  assert.equal(await readFile(join(DOCS, 'settings.md'), 'utf8'), renderSettings(), MEND);
});

test('docs/service.schema.json is what service.json is checked against', async () => {
  assert.equal(await readFile(join(DOCS, 'service.schema.json'), 'utf8'), renderServiceSchema(), MEND);
});
