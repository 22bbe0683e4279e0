import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { execa } from 'execa';

const ROOT = join(import.meta.dirname, '../../..');
/** Says what it uses as it begins, and once it has opened all that it may. */
const PROGRAM = `
import { openSync } from 'node:fs';
import { readOwnUsage } from './src/web/metrics/own-usage.ts';
const before = readOwnUsage();
try {
  for (;;) openSync('/dev/null');
} catch {}
process.stdout.write(JSON.stringify({ before, starved: readOwnUsage() }));
`;

test('what Lintel itself uses is told as far as it can be read while no descriptor is left', async () => {
  const line = 'ulimit -n 200; exec node --import tsx --input-type=module --eval "$1"';
  const { stdout } = await execa('sh', ['-c', line, 'sh', PROGRAM], { cwd: ROOT });
  const { before, starved } = JSON.parse(stdout);

  assert.ok(before.residentBytes > 2 ** 20 && before.residentBytes < before.virtualBytes, stdout);
  assert.equal(before.mostOpenFiles, 200);
  assert.deepEqual(Object.keys(starved).sort(), ['cpuSeconds', 'startedSeconds']);
  assert.ok(starved.cpuSeconds >= before.cpuSeconds);
});
