/** `npm run references`: docs/cli.md, docs/settings.md and docs/service.schema.json from the program's own lists. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderCommands, renderServiceSchema, renderSettings } from './rendered-references.ts';

const DOCS = join(import.meta.dirname, '../docs');

await mkdir(DOCS, { recursive: true });
await writeFile(join(DOCS, 'cli.md'), renderCommands());
await writeFile(join(DOCS, 'settings.md'), renderSettings());
await writeFile(join(DOCS, 'service.schema.json'), renderServiceSchema());
