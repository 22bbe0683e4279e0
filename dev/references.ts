/** `npm run references`: what is made of the program's own lists, each file of REFERENCES. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { REFERENCES } from './rendered-references.ts';

for (const [path, render] of Object.entries(REFERENCES)) {
  const file = join(import.meta.dirname, '..', path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, render());
}
