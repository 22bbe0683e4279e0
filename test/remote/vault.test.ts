import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  makeLoginUrl,
  makeSecretPlace,
  parseErrors,
  parseLogin,
  parseSecret,
} from '../../src/remote/vault.ts';
import { parseSettings } from '../../src/settings/settings.ts';

/** What is asked of Vault, and what its answers mean. */
const GIVEN = {
  VAULT_ADDR: 'https://vault.example/',
  VAULT_MOUNT: 'onyxia-kv',
  VAULT_TOP_DIR: 'ada',
  VAULT_RELATIVE_PATH: '/projects/tables',
};
const settingsOf = (more: Record<string, string> = {}) => parseSettings({ ...GIVEN, ...more }).settings;

test('a secret’s place is its mount, the user’s folder and its path', () => {
  assert.deepEqual(makeSecretPlace(settingsOf()), {
    name: 'onyxia-kv/ada/projects/tables',
    url: 'https://vault.example/v1/onyxia-kv/data/ada/projects/tables',
  });
});

test('the user’s folder may be missing, mount and address may not', () => {
  assert.equal(makeSecretPlace(settingsOf({ VAULT_TOP_DIR: '' }))?.name, 'onyxia-kv/projects/tables');
  assert.equal(makeSecretPlace(settingsOf({ VAULT_MOUNT: '' })), undefined);
  assert.equal(makeSecretPlace(settingsOf({ VAULT_ADDR: '' })), undefined);
});

test('a service account logs in where Vault’s Kubernetes login is mounted', () => {
  assert.equal(makeLoginUrl(settingsOf()), 'https://vault.example/v1/auth/kubernetes/login');
  assert.equal(
    makeLoginUrl(settingsOf({ VAULT_ADDR: 'http://v:8200/x', VAULT_INJECTION_SA_AUTH_PATH: 'k8s/one/' })),
    'http://v:8200/x/v1/auth/k8s/one/login',
  );
});

const answer = (json: string) => `{"data": {"data": ${json}, "metadata": {"version": 3}}}`;
const parse = (json: string, isRoot = true) => {
  const secret = parseSecret(answer(json), isRoot);
  assert.ok('set' in secret);
  return { set: Object.entries(secret.set), passedOver: secret.passedOver };
};

test('texts arrive as they are, whatever is in them', () => {
  const texts = [
    'it\'s "quoted"',
    '$(id) `id` $HOME',
    ' two\nlines\r\n',
    '\\n \\" \t',
    'é €',
    '',
    '#no=comment',
  ];
  const json = JSON.stringify(Object.fromEntries(texts.map((text, at) => [`V${at}`, text])));
  assert.deepEqual(parse(json), { set: texts.map((text, at) => [`V${at}`, text]), passedOver: [] });
});

test('numbers are as they are written, lists and objects are JSON, null is no variable', () => {
  const json =
    '{"A": 1.0, "B": 12345678901234567890, "C": true, "D": [1.50, "x"], "E": {"f": null}, "F": null}';
  assert.deepEqual(parse(json).set, [
    ['A', '1.0'],
    ['B', '12345678901234567890'],
    ['C', 'true'],
    ['D', '[1.50,"x"]'],
    ['E', '{"f":null}'],
  ]);
});

test('Onyxia’s notes say what comes first and are no variable', () => {
  const json = '{"A": "1", "B": "2", "C": "3", ".onyxia": {"keysOrdering": ["C", "gone", "A"]}}';
  assert.deepEqual(parse(json), {
    set: [
      ['C', '3'],
      ['A', '1'],
      ['B', '2'],
    ],
    passedOver: [],
  });
  assert.deepEqual(parse('{"A": "1", ".onyxia": {"keysOrdering": "A"}}').set, [['A', '1']]);
});

test('what can’t or may not be a variable is named with its reason, without its value', () => {
  const big = 'hush'.repeat(40_000);
  const json = JSON.stringify({
    'my key': 'hush',
    LD_PRELOAD: 'hush',
    BIG: big,
    NUL: 'hush\0',
    '\x1b[2J': 'hush',
    OK: 'yes',
  });
  const { set, passedOver } = parse(json);
  assert.deepEqual(set, [['OK', 'yes']]);
  assert.deepEqual(passedOver, [
    '"my key" (no name of a variable)',
    'LD_PRELOAD (could run code in root’s scripts)',
    'BIG (it has 160004 bytes with its name, more than 131071)',
    'NUL (it holds a NUL character)',
    '"\\u001b[2J" (no name of a variable)',
  ]);
});

test('a name that JavaScript knows is one like any other', () => {
  assert.deepEqual(parse('{"__proto__": "a", "constructor": "b"}').set, [
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ]);
});

for (const [what, text, trouble] of [
  ['a page', '<!DOCTYPE html>', /an HTML page came instead of JSON/],
  ['half an answer', '{"data": {"da', /no JSON/],
  ['an answer of version 1', '{"data": {"A": "hush"}}', /is the engine version 1\?/],
  ['a deleted version', '{"data": {"data": null, "metadata": {}}}', /its latest version is deleted/],
  ['something else', '["hush"]', /no "data"/],
] as const) {
  test(`${what} is no secret, and nothing of it is shown`, () => {
    const secret = parseSecret(text, true);
    assert.ok('trouble' in secret);
    assert.match(secret.trouble, trouble);
    assert.doesNotMatch(secret.trouble, /hush/);
  });
}

test('a login gives its token', () => {
  assert.equal(parseLogin('{"auth": {"client_token": "hvs.x"}}'), 'hvs.x');
  assert.deepEqual(parseLogin('{"auth": null}'), { trouble: 'its answer holds no token' });
});

test('Vault’s own words are one printable line', () => {
  assert.equal(
    parseErrors('{"errors": ["1 error occurred:\\n\\t* permission\\u001b[2J denied\\n\\n"]}'),
    '1 error occurred: * permission [2J denied',
  );
  assert.equal(parseErrors('{"errors": []}'), '');
  assert.equal(parseErrors('<html>'), '');
});
