import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readKubernetes } from '../../src/facts/kubernetes.ts';

function makeAccount(t: TestContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'lintel-account-'));
  t.after(() => rmSync(root, { recursive: true }));
  const folder = join(root, 'var/run/secrets/kubernetes.io/serviceaccount');
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return root;
}

const makeToken = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;

test('a pod’s account says its namespace and its name', t => {
  const token = makeToken({
    'kubernetes.io': { namespace: 'user-ada', serviceaccount: { name: 'jupyter', uid: 'é' } },
  });
  const root = makeAccount(t, { namespace: 'user-ada\n', token: `${token}\n` });
  assert.deepEqual(readKubernetes(root), { namespace: 'user-ada', serviceAccount: 'jupyter' });
});

test('an older token carries the name flat', t => {
  const token = makeToken({ 'kubernetes.io/serviceaccount/service-account.name': 'jupyter' });
  assert.equal(readKubernetes(makeAccount(t, { token })).serviceAccount, 'jupyter');
});

for (const token of [
  '',
  'no token',
  'a.b.c',
  makeToken({ 'kubernetes.io': { serviceaccount: { name: 'a\nb' } } }),
  makeToken([1]),
]) {
  test(`a token that says nothing is no account: ${JSON.stringify(token.slice(0, 20))}`, t => {
    assert.deepEqual(readKubernetes(makeAccount(t, { token })), {
      namespace: undefined,
      serviceAccount: undefined,
    });
  });
}

test('outside a pod there is none', () => {
  assert.deepEqual(readKubernetes('/nonexistent'), { namespace: undefined, serviceAccount: undefined });
});
