import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { bootWorkbench } from '../control/workbench.ts';
import { findFreePort, type Identity, makeCertificates, serve } from '../remote/servers.ts';
import { bootRoot, NEEDS_ROOT } from '../rig.ts';

/** Vault's secrets become variables of everything that the boot starts. */
const TOKEN = 'hvs.hush-token';
const JWT = 'head.hush-jwt.tail';
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount/token';
/** Says its environment as it is: NUL between the variables, one newline at the end. */
const SERVICE = {
  '/etc/services.d/web/run':
    '#!/bin/sh\n(cat /proc/$$/environ; echo) > "$LINTEL_ROOT/tmp/env"\necho up\nexec sleep 9999\n',
};
const ODD = 'it\'s "odd": $(id > /tmp/x) `id` $HOME\\n\n  second line\t\n';
const SECRET = {
  ODD,
  NUMBER: 1,
  AWS_DEFAULT_REGION: 'from-vault',
  '.onyxia': { keysOrdering: ['NUMBER', 'ODD'] },
};

/** The little of Vault that Lintel needs: a token, a service account's role, and one secret. */
async function serveVault(
  t: TestContext,
  options: { readonly secret?: object; readonly identity?: Identity; readonly namespace?: string } = {},
) {
  const say = (data: object) => JSON.stringify(data);
  return serve(
    t,
    ({ url, method, headers }, response, body) => {
      const refuse = (status: number, errors: string[]) =>
        void response.writeHead(status, { 'content-type': 'application/json' }).end(say({ errors }));
      if (headers['x-vault-namespace'] !== options.namespace) return refuse(404, ['no handler for route']);
      if (method === 'POST' && url === '/v1/auth/kubernetes/login') {
        const { role, jwt } = JSON.parse(body) as Record<string, string>;
        if (role !== 'reader') return refuse(400, [`invalid role name "${role}"`]);
        if (jwt !== JWT) return refuse(403, [`permission denied for ${jwt}`]);
        return void response.end(say({ auth: { client_token: TOKEN } }));
      }
      if (headers['x-vault-token'] !== TOKEN) return refuse(403, ['permission denied']);
      if (url !== '/v1/kv/data/ada/tables') return refuse(404, []);
      response.end(say({ data: { data: options.secret ?? SECRET, metadata: { version: 1 } } }));
    },
    options.identity === undefined ? {} : { identity: options.identity },
  );
}

const askFor = (url: string, more: Record<string, string> = {}) => ({
  VAULT_ADDR: url,
  VAULT_TOKEN: TOKEN,
  VAULT_MOUNT: 'kv',
  VAULT_TOP_DIR: 'ada',
  VAULT_RELATIVE_PATH: '/tables',
  ...more,
});

/** Boots to the service and stops; returns what the service saw and what was said. */
async function see(t: TestContext, environment: Record<string, string>, files: Record<string, string> = {}) {
  const lintel = bootRoot(t, { ...SERVICE, ...files }, { environment });
  const text = await lintel.waitForFile('/tmp/env');
  const { code, stdout, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stdout + stderr, /hush|second line/);
  const seen = text
    .split('\0')
    .map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
  return { seen: Object.fromEntries(seen) as Record<string, string>, stderr };
}

test('a secret arrives byte for byte, wins over the container’s variable, and only names are said', async t => {
  const { url } = await serveVault(t);
  const { seen, stderr } = await see(t, askFor(url, { AWS_DEFAULT_REGION: 'given' }));
  assert.equal(seen['ODD'], ODD);
  assert.equal(seen['NUMBER'], '1');
  assert.equal(seen['AWS_DEFAULT_REGION'], 'from-vault');
  assert.match(
    stderr,
    /^lintel: Vault: 3 variables from kv\/ada\/tables: NUMBER, ODD, AWS_DEFAULT_REGION \(ms=\d+\)$/m,
  );
});

test('scripts see it too, and settings among it are applied', async t => {
  const { url } = await serveVault(t, {
    secret: { PIP_REPOSITORY: 'https://mirror.example/simple', A: 'b' },
  });
  const { stderr } = await see(t, askFor(url), { '/etc/cont-init.d/10-look': '#!/bin/sh\n[ "$A" = b ]\n' });
  assert.match(stderr, /^lintel: pip: index https:\/\/mirror\.example\/simple/m);
});

test('where a variable comes from can be asked, and a mistake among them is named without its value', async t => {
  const { url } = await serveVault(t, { secret: { COLOUR: 'hush', PIP_REPOSITORY: 'hush' } });
  const { lintel, run } = bootWorkbench(t, SERVICE, { environment: askFor(url, { COLOUR: 'green' }) });
  await lintel.waitForText(/web \| up/);
  const { stdout } = await run(['env', 'explain', 'COLOUR']);
  assert.match(stdout, /^COLOUR=\*\*\*$/m);
  assert.match(stdout, /Vault kv\/ada\/tables/);
  assert.match(
    lintel.log(),
    /error: Cannot use PIP_REPOSITORY: what a secret holds, expected an http or https URL/,
  );
  assert.doesNotMatch(lintel.log() + stdout, /hush/);
});

test('a service account logs in, and its token is the workbench’s', async t => {
  const { url, requests } = await serveVault(t, { namespace: 'lab' });
  const given = askFor(url, {
    VAULT_TOKEN: '',
    VAULT_NAMESPACE: 'lab',
    VAULT_INJECTION_SA_ENABLED: 'true',
    VAULT_INJECTION_SA_MODE: 'jwt',
    VAULT_INJECTION_SA_AUTH_PATH: 'kubernetes',
    VAULT_INJECTION_SA_AUTH_ROLE: 'reader',
  });
  const { seen } = await see(t, given, { [ACCOUNT]: `${JWT}\n` });
  assert.deepEqual([seen['VAULT_TOKEN'], seen['NUMBER']], [TOKEN, '1']);
  assert.deepEqual(requests, ['POST /v1/auth/kubernetes/login', 'GET /v1/kv/data/ada/tables']);
});

test('over https with a private authority', async t => {
  const { good, caPath } = await makeCertificates(t);
  const { url } = await serveVault(t, { identity: good });
  assert.equal((await see(t, askFor(url, { PATH_TO_CA_BUNDLE: caPath }))).seen['ODD'], ODD);
  assert.match((await see(t, askFor(url))).stderr, /authority that is not trusted here/);
});

test('root’s scripts are not taken over by a secret', { skip: NEEDS_ROOT }, async t => {
  const { url } = await serveVault(t, {
    secret: { LD_PRELOAD: '/tmp/hush.so', PATH: '/hush', 'no name': 'hush', OK: '1' },
  });
  const { seen, stderr } = await see(t, askFor(url));
  assert.deepEqual([seen['LD_PRELOAD'], seen['OK']], [undefined, '1']);
  assert.match(
    stderr,
    /^lintel: warning: Vault: not taken from kv\/ada\/tables: LD_PRELOAD \(could run code in root’s scripts\), PATH \(.*\), "no name" \(no name of a variable\)$/m,
  );
});

const account = {
  VAULT_TOKEN: '',
  VAULT_INJECTION_SA_ENABLED: 'true',
  VAULT_INJECTION_SA_AUTH_ROLE: 'reader',
};
for (const [what, more, files, expected] of [
  [
    'a wrong token',
    { VAULT_TOKEN: 'hush' },
    {},
    /read kv\/ada\/tables from Vault \(http:\S+\): status 403, the token is wrong .*, after \d+ ms; it says "permission denied"$/m,
  ],
  [
    'a path where nothing is',
    { VAULT_RELATIVE_PATH: 'nothing' },
    {},
    /read kv\/ada\/nothing from Vault .*: status 404, there is no such secret/,
  ],
  ['no token', { VAULT_TOKEN: '' }, {}, /there is neither a VAULT_TOKEN nor VAULT_INJECTION_SA_ENABLED/],
  ['no mount', { VAULT_MOUNT: '' }, {}, /Cannot ask Vault for VAULT_RELATIVE_PATH: there is no VAULT_MOUNT/],
  ['a malformed folder', { VAULT_TOP_DIR: '../bob' }, {}, /Cannot use VAULT_TOP_DIR: "\.\.\/bob"/],
  ['no service account', account, {}, /with the service account: \/var\/run\/secrets\/\S+: no such file/],
  [
    'another service account',
    account,
    { [ACCOUNT]: 'hush-other' },
    /with the service account: status 403, .* it says "permission denied for \*\*\*"/,
  ],
  [
    'a role that Vault does not know',
    { ...account, VAULT_INJECTION_SA_AUTH_ROLE: 'writer' },
    { [ACCOUNT]: JWT },
    /status 400, .* it says "invalid role name "writer""/,
  ],
] as const) {
  test(`${what} is one error line, and the boot goes on`, async t => {
    const { url } = await serveVault(t);
    const { stderr } = await see(t, askFor(url, more), files);
    assert.match(stderr, expected);
    assert.equal(stderr.match(/error: /g)?.length, 1, stderr);
  });
}

for (const [what, status, answer, expected] of [
  [
    'a sealed Vault',
    503,
    '{"errors": ["Vault is sealed"]}',
    /status 503, it is sealed or not ready, after \d+ ms; it says "Vault is sealed"/,
  ],
  ['a log-in page', 200, '<!DOCTYPE html><p>hush', /an HTML page came instead of JSON/],
  ['half an answer', 200, '{"data": {"data": {"A": "hush', /its answer is no JSON/],
  ['an engine of version 1', 200, '{"data": {"A": "hush"}}', /is the engine version 1\?/],
] as const) {
  test(`${what} is one error line`, async t => {
    const { url } = await serve(t, (_, response) => void response.writeHead(status).end(answer));
    const { stderr } = await see(t, askFor(url));
    assert.match(stderr, expected);
  });
}

test('a Vault that can’t be reached is tried for a while, and how long is said', async t => {
  const port = await findFreePort(t);
  const { stderr } = await see(t, askFor(`http://127.0.0.1:${port}`));
  assert.match(stderr, /warning: Vault can't be reached yet, it is tried for 10 s: connection refused/);
  assert.match(
    stderr,
    /error: Cannot read kv\/ada\/tables from Vault \(\S+\): connection refused, after \d+\.\d s$/m,
  );
});

test('no token is sent to another server, or without encryption after https', async t => {
  const { good, caPath } = await makeCertificates(t);
  const plain = await serveVault(t);
  const { url } = await serve(
    t,
    (request, response) => void response.writeHead(307, { location: plain.url + request.url }).end(),
    { identity: good },
  );
  const { stderr } = await see(t, askFor(url, { PATH_TO_CA_BUNDLE: caPath }));
  assert.match(stderr, /it redirects to http:\S+, without encryption, which is not followed/);
  assert.deepEqual(plain.requests, []);
});

test('with LINTEL_STRICT=1 a wrong token ends the boot', async t => {
  const { url } = await serveVault(t);
  const environment = askFor(url, { VAULT_TOKEN: 'hush', LINTEL_STRICT: '1' });
  const { code, stderr } = await bootRoot(t, SERVICE, { environment }).end();
  assert.equal(code, 2, stderr);
  assert.doesNotMatch(stderr, /hush/);
});

test('without VAULT_RELATIVE_PATH Vault is not asked', async t => {
  const { url, requests } = await serveVault(t);
  await see(t, askFor(url, { VAULT_RELATIVE_PATH: '' }));
  assert.deepEqual(requests, []);
});
