import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import test, { type TestContext } from 'node:test';
import { type ContainerOptions, fixtures, runContainer, STARTS, whyNot } from './container.ts';
import { MIRROR_PROGRAMS, makeMirror, ORIGINS } from './mirror.ts';

/** `lintel doctor trust` with real clients against a server of a private authority. */
const skip = whyNot({ programs: [...MIRROR_PROGRAMS, '/usr/bin/curl', '/usr/bin/Rscript'] });
const NODE = '/usr/local/lib/lintel/node';
const PATH_TO_CA_BUNDLE = '/etc/platform/authority.pem';
const COMMANDS = {
  json: ['lintel', 'doctor', 'trust', '--json', `${ORIGINS.https}/no/such/page`],
  table: ['lintel', 'doctor', 'trust', ORIGINS.https],
};

interface Found {
  readonly environment: string;
  readonly opinions: readonly { client: string; isTrusted: boolean; follows: string; says: string }[];
  readonly notTried: readonly { client: string; why: string }[];
  readonly chain: {
    readonly shown: readonly { subject: string; issuer: string; validTo: string }[];
    readonly verdicts: readonly { roots: string; isTrusted: boolean; why: string }[];
  };
}

for (const { how, options } of STARTS) {
  test(`every client that Lintel sets trusts the server ${how}, and it is said whom it follows`, {
    skip,
  }, async t => {
    const { json } = await tryDoctor(t, { ...options, environment: { PATH_TO_CA_BUNDLE } });
    const { environment, opinions, chain }: Found = JSON.parse(json.stdout);
    assert.equal(environment, 'workbench');
    const followed = Object.fromEntries(opinions.map(({ client, follows }) => [client, follows]));
    const trusting = new Set(opinions.filter(({ isTrusted }) => isTrusted).map(({ client }) => client));
    for (const [client, variable] of [
      ['curl', 'CURL_CA_BUNDLE'],
      ['git', 'GIT_SSL_CAINFO'],
      ['python urllib', 'SSL_CERT_FILE'],
      ['R', 'CURL_CA_BUNDLE'],
      ...(existsSync('/usr/bin/javac') ? [['java', 'JAVA_TOOL_OPTIONS'] as const] : []),
    ] as const) {
      assert.ok(trusting.has(client), `${client}: ${json.stdout}`);
      assert.match(
        followed[client] ?? '',
        new RegExp(`^${variable}\\b.*/(ca-bundle.pem|java-cacerts)$`),
        client,
      );
    }
    assert.equal(json.code, trusting.size === opinions.length ? 0 : 1);
    assert.deepEqual(chain.shown.map(({ subject, issuer }) => [subject, issuer])[0], [
      'repo.test',
      'A private authority',
    ]);
    const bundle = chain.verdicts.find(({ roots }) => roots.startsWith('SSL_CERT_FILE='));
    assert.deepEqual([bundle?.isTrusted, bundle?.why], [true, '']);
  });
}

test('without the certificates no client trusts it, and each says why in a line', { skip }, async t => {
  const { json, table } = await tryDoctor(t, {});
  const { opinions, chain }: Found = JSON.parse(json.stdout);
  assert.deepEqual(
    opinions.filter(({ isTrusted }) => isTrusted),
    [],
  );
  for (const { client, says } of opinions) assert.match(says, /certificate|PKIX/, client);
  assert.ok(chain.verdicts.every(({ isTrusted }) => !isTrusted));
  assert.deepEqual([json.code, table.code], [1, 1]);
  assert.match(table.stdout, /^client +trust +time +follows$/m);
  assert.match(table.stdout, /^curl +failed +\d+ ms +the system’s roots\n/m);
  assert.match(table.stdout, /^what they say:\n {2}curl: \(60\) SSL certificate problem/m);
  assert.match(table.stdout, /^ {2}repo.test, issued by A private authority, until \d{4}-\d\d-\d\d$/m);
});

test('where no Lintel runs it has the caller’s variables, and nobody listening is no trust', {
  skip,
}, async t => {
  const end = await runContainer(t, ['/usr/local/bin/lintel', 'doctor', 'trust', 'localhost:1']);
  assert.equal(end.code, 1, end.stderr);
  assert.match(end.stdout, /^No Lintel runs here: the clients have the caller’s own variables.\n/);
  assert.doesNotMatch(end.stdout, /^[\w ]+ {2}(?:ok|failed) /m);
  assert.match(end.stdout, /^curl +not reached +\d+ ms /m);
  assert.match(end.stdout, /^no client reached the server: whom they trust is not known$/m);
  assert.match(end.stdout, /^no certificates of https:\/\/localhost:1\/ were seen: connection refused$/m);
});

test('what answers without TLS is named as the client and the server see it', { skip }, async t => {
  const server = `require('http').createServer().listen(1024, () =>
    require('child_process').spawn('lintel', ['doctor', 'trust', 'localhost:1024'], { stdio: 'inherit' })
      .on('exit', code => process.exit(code)))`;
  const end = await runContainer(t, [NODE, '-e', server]);
  assert.match(end.stdout, /^curl +failed /m, end.stderr);
  assert.match(end.stdout, /were seen: what answers there speaks no TLS \(plain http\?\)$/m);
});

test('on a terminal a line says whom it asks until there is an answer', { skip }, async t => {
  const command = ['/usr/local/bin/lintel', 'doctor', 'trust', 'localhost:1'];
  const { stdout } = await runContainer(t, command, { terminal: true });
  const [nothing, first = '', ...others] = stdout.split('\r\x1b[2K');
  assert.equal(nothing, '');
  assert.match(first, /^0 of \d+ clients have asked localhost:1; now curl …$/);
  assert.match(others.at(-1) ?? '', /^No Lintel runs here/);
});

type Outcome = { readonly code: number; readonly stdout: string; readonly stderr: string };

async function tryDoctor(
  t: TestContext,
  options: ContainerOptions,
): Promise<Record<keyof typeof COMMANDS, Outcome>> {
  const mirror = await makeMirror();
  const command = ['/init', NODE, '/srv/try-commands.ts', '/srv/commands.json'];
  const { code, stdout, stderr } = await runContainer(t, command, {
    ...options,
    files: {
      ...mirror.files,
      ...fixtures('try-commands.ts'),
      [PATH_TO_CA_BUNDLE]: mirror.caPem,
      '/srv/commands.json': JSON.stringify(COMMANDS),
    },
  });
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}
