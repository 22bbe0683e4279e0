/** `npm run references`: docs/cli.md, docs/check.md, docs/variables.md and docs/service.schema.json from the program's own lists. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderChecks, renderCommands, renderServiceSchema, renderVariables } from './rendered-references.ts';

const DOCS = join(import.meta.dirname, '../docs');

await mkdir(DOCS, { recursive: true });
await writeFile(join(DOCS, 'cli.md'), renderCommands());
await writeFile(join(DOCS, 'check.md'), renderChecks());
await writeFile(join(DOCS, 'variables.md'), renderVariables());
await writeFile(join(DOCS, 'service.schema.json'), renderServiceSchema());
