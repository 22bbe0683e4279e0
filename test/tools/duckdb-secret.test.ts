import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderSecret } from '../../src/tools/duckdb-secret.ts';

/** What duckdb 1.5.6 wrote for CREATE PERSISTENT SECRET h (TYPE http, BEARER_TOKEN 'tok', VERIFY_SSL false). */
const WRITTEN_BY_DUCKDB =
  'ZAAEaHR0cGUABmNvbmZpZ2YAAWhnAADJAGQAZABmZQABZAAEyABkAGRlAAFkAAXIAAIAAANrZXkBAGQAGf////8AAAV2YWx1ZQEAZAAD////////////////ZQAAZgBkAAJkAGQAZGUAAWQABcgAAgAAA2tleQEAZAAZ/////wAABXZhbHVlAQBkAAP//////////2UAAGYAZAACZABkABn//2UAAGYADGJlYXJlcl90b2tlbv//ZABkABn//2UAAGYAA3Rva////////2QAZABkZQABZAAFyAACAAADa2V5AQBkABn/////AAAFdmFsdWUBAGQAA///////////ZQAAZgBkAAJkAGQAGf//ZQAAZgAKdmVyaWZ5X3NzbP//ZABkAAr//2UAAGYAAP/////////////KAGQAZABlZQABZAAEyABkABn///////9lAABmAGQAAmQAZAAZ//9lAABmAAxiZWFyZXJfdG9rZW7//2QAZAAZ//9lAABmABNodHRwX3Byb3h5X3Bhc3N3b3Jk//////////8=';

test('a secret is byte for byte what duckdb itself writes', () => {
  const made = renderSecret({
    name: 'h',
    type: 'http',
    scope: [],
    entries: { verify_ssl: false, bearer_token: 'tok' },
    hidden: ['bearer_token', 'http_proxy_password'],
  });
  assert.equal(Buffer.from(made, 'latin1').toString('base64'), WRITTEN_BY_DUCKDB);
});

test('long and foreign texts have their length in bytes', () => {
  const name = 'é'.repeat(100);
  const made = Buffer.from(
    renderSecret({ name, type: 's3', scope: ['s3://'], entries: {}, hidden: [] }),
    'latin1',
  );
  // 200 bytes: 0xc8 0x01 in groups of seven bits.
  assert.ok(made.includes(Buffer.concat([Buffer.from([102, 0, 0xc8, 0x01]), Buffer.from(name)])));
});
