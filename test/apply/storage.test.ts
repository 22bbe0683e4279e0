import assert from 'node:assert/strict';
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { test } from 'node:test';
import { type End, makeRoot, NEEDS_ROOT, type Root, WORKBENCH } from '../rig.ts';

const S3 = {
  AWS_S3_ENDPOINT: 'http://minio.example:9000',
  AWS_PATH_STYLE_ACCESS: 'true',
  AWS_ACCESS_KEY_ID: 'hunter1',
  AWS_SECRET_ACCESS_KEY: 'hunter2',
};
const SECRET = '/home/ada/.duckdb/stored_secrets/lintel_s3.duckdb_secret';

function boot(root: Root, environment: Readonly<Record<string, string>>): Promise<End> {
  return root.boot({ command: ['/usr/bin/env'], environment }).end();
}

test('object storage reaches every process by variables, and duckdb by a secret of the user’s without a key', async t => {
  const root = makeRoot(t);
  const { stdout, stderr } = await boot(root, S3);
  assert.match(stdout, /^MC_HOST_s3=http:\/\/hunter1:hunter2@minio\.example:9000$/m);
  assert.match(stdout, /^AWS_ENDPOINT_URL_S3=http:\/\/minio\.example:9000$/m);
  assert.match(stdout, /^DUCKDB_S3_USE_SSL=false$/m);
  assert.doesNotMatch(stderr, /hunter/);
  const { mode, uid } = lstatSync(root.at(SECRET));
  assert.deepEqual([mode & 0o777, uid], [0o600, WORKBENCH.uid]);
  // What is no text goes to the disk byte for byte.
  const bytes = readFileSync(root.at(SECRET));
  assert.deepEqual(
    [bytes.subarray(0, 5), bytes.subarray(-2)],
    [Buffer.from('d\0\x02s3'), Buffer.from([255, 255])],
  );
  const { ino } = lstatSync(root.at(SECRET));
  await boot(root, S3);
  assert.equal(lstatSync(root.at(SECRET)).ino, ino);
  await boot(root, {});
  assert.equal(existsSync(root.at(SECRET)), false);
});

test('a link in the home leads root nowhere', { skip: NEEDS_ROOT }, async t => {
  const root = makeRoot(t, { '/srv/private/.keep': '', [`/srv/victim`]: 'whole' });
  const links: Readonly<Record<string, string>> = {
    '/home/ada/.duckdb': '/srv/private',
    '/home/ada/.duckdb/stored_secrets': '/srv/private',
    [SECRET]: '/srv/victim',
  };
  for (const [link, target] of Object.entries(links)) {
    rmSync(root.at('/home/ada/.duckdb'), { recursive: true, force: true });
    const parent = link.slice(0, link.lastIndexOf('/'));
    mkdirSync(root.at(parent), { recursive: true });
    symlinkSync(root.at(target), root.at(link));
    for (const path of ['/home/ada/.duckdb', parent]) {
      if (lstatSync(root.at(path)).isDirectory()) chownSync(root.at(path), WORKBENCH.uid, WORKBENCH.gid);
    }
    const { stderr } = await boot(root, S3);
    assert.deepEqual(readdirSync(root.at('/srv/private')), ['.keep'], stderr);
    assert.equal(root.read('/srv/victim'), 'whole');
  }
});
