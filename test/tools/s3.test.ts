import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { s3 } from '../../src/tools/s3.ts';
import { NOTHING } from '../../src/tools/tool.ts';
import { type Difference, makeFacts, makeSettings } from '../facts-fixture.ts';

const FOLDER = {
  name: 'lintel_s3',
  file: '/home/ada/.duckdb/stored_secrets/lintel_s3.duckdb_secret',
  isForR: false,
  ours: undefined,
  others: [],
};
const FOR_R = {
  ...FOLDER,
  file: '/home/ada/.local/share/R/duckdb/stored_secrets/lintel_s3.duckdb_secret',
  isForR: true,
};
const KEYS = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'se/cr+et=' };
const PATH_STYLE = { AWS_S3_ENDPOINT: 'minio.example', AWS_PATH_STYLE_ACCESS: '1' };

function configure(environment: Readonly<Record<string, string>>, difference: Difference = {}) {
  return (
    s3.configure(makeSettings(environment), makeFacts({ duckdb: [FOLDER, FOR_R], ...difference })) ?? NOTHING
  );
}

describe('object storage', () => {
  test('gets variables for every client from AWS_S3_ENDPOINT', () => {
    assert.deepEqual(
      configure({
        ...KEYS,
        AWS_S3_ENDPOINT: 'minio.example',
        AWS_SESSION_TOKEN: 'to:ken',
        AWS_DEFAULT_REGION: 'r-1',
      }),
      {
        files: [],
        env: {
          AWS_ENDPOINT_URL_S3: 'https://minio.example',
          AWS_ENDPOINT_URL: 'https://minio.example',
          DUCKDB_S3_ENDPOINT: 'minio.example',
          DUCKDB_S3_USE_SSL: 'true',
          MC_HOST_s3: 'https://key:se/cr+et=:to:ken@minio.example',
        },
        defaults: { AWS_REGION: 'r-1', AWS_DEFAULT_REGION: 'r-1', AWS_S3_ENDPOINT: 'minio.example' },
        notes: ['object storage at https://minio.example'],
        warnings: [],
      },
    );
  });

  test('keeps the scheme and the port of a URL', () => {
    const { env } = configure({ ...KEYS, S3_ENDPOINT: 'http://minio.example:9000/' });
    assert.deepEqual(env, {
      AWS_ENDPOINT_URL_S3: 'http://minio.example:9000',
      AWS_ENDPOINT_URL: 'http://minio.example:9000',
      DUCKDB_S3_ENDPOINT: 'minio.example:9000',
      DUCKDB_S3_USE_SSL: 'false',
      MC_HOST_s3: 'http://key:se/cr+et=@minio.example:9000',
    });
  });

  test('leaves Amazon’s other services where they are', () => {
    assert.equal('AWS_ENDPOINT_URL' in configure({ S3_ENDPOINT: 's3.eu-west-1.amazonaws.com' }).env, false);
  });

  test('says that mc splits keys at colons', () => {
    const made = configure({ ...KEYS, AWS_ACCESS_KEY_ID: 'tenant:user', AWS_S3_ENDPOINT: 'minio.example' });
    assert.deepEqual(made.warnings, ['mc can’t be given a key with a colon: it gets none']);
    assert.equal('MC_HOST_s3' in made.env, false);
  });

  test('is left alone where only a region is given', () => {
    assert.deepEqual(configure({ AWS_REGION: 'r-1' }), {
      ...NOTHING,
      defaults: { AWS_REGION: 'r-1', AWS_DEFAULT_REGION: 'r-1' },
    });
  });

  for (const wrong of [
    'minio.example/bucket',
    'ftp://minio.example',
    'key:secret@minio.example',
    'a b',
    'http:///bucket',
  ]) {
    test(`is not found at ${JSON.stringify(wrong)}`, () => {
      assert.throws(() => makeSettings({ AWS_S3_ENDPOINT: wrong }));
    });
  }
});

describe('duckdb’s secret', () => {
  test('says by the value of AWS_PATH_STYLE_ACCESS that buckets stand in the path, and holds no key', () => {
    const { files } = configure({ ...KEYS, ...PATH_STYLE });
    assert.deepEqual(
      files.map(({ path, mode, owner, encoding }) => ({ path, mode, owner, encoding })),
      [FOLDER, FOR_R].map(({ file }) => ({
        path: file,
        mode: 0o600,
        owner: 'workbench',
        encoding: 'base64',
      })),
    );
    assert.match(
      Buffer.from(files[0]?.text ?? '', 'base64').toString('latin1'),
      /lintel_s3.*s3:\/\/.*endpoint.*minio\.example.*url_style.*path.*use_ssl/s,
    );
    assert.doesNotMatch(JSON.stringify(files), /se\/cr/);
    assert.deepEqual(configure({ ...PATH_STYLE, AWS_PATH_STYLE_ACCESS: '0' }).files, []);
    assert.deepEqual(configure({ AWS_PATH_STYLE_ACCESS: '1' }).files, []);
  });

  test('is written where R looks for it only where R is', () => {
    const facts = makeFacts({ duckdb: [FOLDER, FOR_R] });
    const withoutR = { ...facts, configs: { ...facts.configs, r: [] } };
    const made = s3.configure(makeSettings(PATH_STYLE), withoutR);
    assert.deepEqual(
      made?.files.map(({ path }) => path),
      [FOLDER.file],
    );
  });

  test('is written once, and taken away when the variable is gone', () => {
    const ours = Buffer.from(configure(PATH_STYLE).files[0]?.text ?? '', 'base64').toString('latin1');
    assert.deepEqual(configure(PATH_STYLE, { duckdb: [{ ...FOLDER, ours }] }).files, []);
    const [gone] = configure({}, { duckdb: [{ ...FOLDER, ours }] }).files;
    assert.deepEqual([gone?.path, gone?.text], [FOLDER.file, undefined]);
  });

  test('gives way to secrets of the user’s own', () => {
    const duckdb = [{ ...FOLDER, others: ['mine'] }];
    const made = configure(PATH_STYLE, { duckdb });
    assert.deepEqual(made.files, []);
    assert.deepEqual(made.notes, [
      'object storage at https://minio.example',
      'duckdb keeps the user’s own secret mine',
    ]);
    assert.equal(configure({ ...PATH_STYLE, LINTEL_ENFORCE: '1' }, { duckdb }).files.length, 1);
  });
});
