import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';

/** Says where its secrets are, and builds until it is stopped. */
const DOCKER = `#!/bin/sh
if [ "$1" = version ]; then exit 0; fi
for word; do case $word in id=npmrc,src=*) echo "\${word#*src=}" ;; esac; done
exec sleep 60
`;

test('npm run image leaves no settings of npm behind when it is stopped', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'lintel-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'docker'), DOCKER);
  await chmod(join(folder, 'docker'), 0o755);
  const image = join(import.meta.dirname, '../dev/image.ts');
  const run = execa(process.execPath, ['--import', 'tsx', image, 'base'], {
    reject: false,
    buffer: false,
    timeout: 30_000,
    env: { PATH: `${folder}:${process.env['PATH']}` },
  });
  const [text] = (await once(run.stdout, 'data')) as [Buffer];
  const npmrc = text.toString().trim();
  assert.ok(existsSync(npmrc), npmrc);
  run.kill('SIGINT');
  assert.equal((await run).exitCode, 1);
  assert.equal(existsSync(dirname(npmrc)), false);
});
