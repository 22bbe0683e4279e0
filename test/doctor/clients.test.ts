import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { runCommand } from '../../src/commands/list.ts';
import { CLIENTS } from '../../src/doctor/clients.ts';
import { findComplaint, isUnreached } from '../../src/doctor/complaint.ts';
import { findFollowed } from '../../src/doctor/follows.ts';

const URL_ASKED = new URL('https://ssl.mirror.example/simple');

describe('of what a client wrote, the line is shown that says why it got no answer', () => {
  for (const [client, text, line] of [
    [
      'curl',
      'curl: (60) SSL certificate problem: unable to get local issuer certificate\nMore details here: https://curl.se',
      'curl: (60) SSL certificate problem: unable to get local issuer certificate',
    ],
    [
      'Java',
      'Picked up JAVA_TOOL_OPTIONS: -Djavax.net.ssl.trustStore=/x\nException in thread "main" javax.net.ssl.SSLHandshakeException: PKIX path building failed\n\tat java.base/sun.security.ssl.Alert(Alert.java:131)',
      'Exception in thread "main" javax.net.ssl.SSLHandshakeException: PKIX path building failed',
    ],
    [
      'npm',
      'npm error code ECONNREFUSED\nnpm error FetchError: request failed, reason: connect refused\nnpm error If you are behind a proxy, see docs',
      'connect refused',
    ],
    [
      'npm, which prints the fields of its error as more of its lines',
      "npm error code ECONNREFUSED\nnpm error FetchError: request to https://a.example/-/ping failed, reason: connect ECONNREFUSED 127.0.0.1:1\nnpm error     at ClientRequest.emit (node:events:514:20) {\nnpm error   code: 'ECONNREFUSED',\nnpm error   syscall: 'connect',\nnpm error }\n",
      'connect ECONNREFUSED 127.0.0.1:1',
    ],
    [
      'npm, which goes on with advice',
      'npm error code ENOTFOUND\nnpm error network request to https://a.example/-/ping failed, reason: getaddrinfo ENOTFOUND a.example\nnpm error network This is a problem related to network connectivity.\n',
      'getaddrinfo ENOTFOUND a.example',
    ],
    [
      'npm, which gives no reason where several addresses were tried',
      "npm error code ECONNREFUSED\nnpm error errno ECONNREFUSED\nnpm error FetchError: request to https://a.example/-/ping failed, reason: \nnpm error   errno: 'ECONNREFUSED',\nnpm error   syscall: undefined\nnpm error }\nnpm error\nnpm error If you are behind a proxy, please make sure that the 'proxy' config is set properly.\n",
      'npm error errno ECONNREFUSED',
    ],
    [
      'requests, whose cause stands at the end of its line',
      `requests.exceptions.ConnectionError: HTTPSConnectionPool(host='127.0.0.1', port=1): Max retries exceeded with url: / (Caused by NewConnectionError("HTTPSConnection(host='127.0.0.1', port=1): Failed to establish a new connection: [Errno 111] Connection refused"))`,
      `NewConnectionError("HTTPSConnection(host='127.0.0.1', port=1): Failed to establish a new connection: [Errno 111] Connection refused")`,
    ],
    [
      'pip, whose cause names an object',
      "Could not fetch URL https://a.example/: connection error: HTTPSConnectionPool(host='a.example', port=443): Max retries exceeded with url: / (Caused by NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f56bffc2050>: Failed to establish a new connection: [Errno -2] Name or service not known')) - skipping",
      "NewConnectionError('Failed to establish a new connection: [Errno -2] Name or service not known')",
    ],
    [
      'a host whose name sounds like a complaint',
      'cannot fetch https://ssl.mirror.example/simple\nconnection refused',
      'connection refused',
    ],
    [
      'Python, whose traceback shows lines of the program',
      'Traceback (most recent call last):\n  File "/usr/lib/python3.11/urllib/request.py", line 1351, in do_open\n    return self.do_open(http.client.HTTPSConnection, req,\n           ^^^^^^^^^^^^^^^\nurllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>\n',
      'urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>',
    ],
    [
      'Node, which prints the fields of its error',
      "node:events:497\n      throw er; // Unhandled 'error' event\n      ^\n\nError: connect ECONNREFUSED 127.0.0.1:1\n    at TCPConnectWrap.afterConnect (node:net:1637:16)\n  errno: -111,\n  code: 'ECONNREFUSED',\n  syscall: 'connect',\n  address: '127.0.0.1'\n}\n\nNode.js v26.10.0\n",
      'Error: connect ECONNREFUSED 127.0.0.1:1',
    ],
    [
      'uv, whose cause is indented',
      'error: Request failed after 3 retries\n  Caused by: Failed to fetch: `https://ssl.mirror.example/simple`\n  Caused by: invalid peer certificate: UnknownIssuer\n',
      'Caused by: invalid peer certificate: UnknownIssuer',
    ],
    [
      'a line that is longer than anybody reads: the part that ends with what tells',
      `${'about something else '.repeat(20)}certificate verify failed: it is of another host ${'(_ssl.c:1006) '.repeat(20)}`,
      `… ${'about something else '.repeat(7)}certificate verify failed: it is of another host …`,
    ],
    ['nothing known', 'oh\nno\n', 'no'],
    ['nothing', '\n', 'it says nothing'],
  ] as const) {
    test(client, () => assert.equal(findComplaint(text, URL_ASKED), line));
  }
});

describe('a server that was not reached says nothing of trust', () => {
  for (const says of [
    "curl: (7) Failed to connect to 127.0.0.1 port 1 after 0 ms: Couldn't connect to server",
    'curl: (28) Connection timed out after 9001 milliseconds',
    'failed: Connection refused.',
    'wget: unable to resolve host address ‘ssl.mirror.example’',
    "fatal: unable to access 'https://ssl.mirror.example/simple/': Could not resolve host: ssl.mirror.example",
    'urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>',
    'OSError: Tunnel connection failed: 403 Forbidden',
    'curl: (56) Received HTTP code 403 from proxy after CONNECT',
    'getaddrinfo EAI_AGAIN ssl.mirror.example',
    'Could not connect to the endpoint URL: "https://ssl.mirror.example/simple"',
    'Exception in thread "main" java.net.UnknownHostException: ssl.mirror.example',
    'Caused by: dns error: failed to lookup address information: Name or service not known',
    'no answer within 10 s',
  ])
    test(says, () => assert.equal(isUnreached(says, URL_ASKED), true));
});

describe('a server that was reached may be one that is not trusted', () => {
  for (const says of [
    'curl: (60) SSL certificate problem: unable to get local issuer certificate',
    'curl: (35) OpenSSL/3.0.19: error:0A00010B:SSL routines::wrong version number',
    'curl: (35) TLS connect error: error:0A00010B:SSL routines::wrong version number',
    'Unable to establish SSL connection.',
    'Caused by: invalid peer certificate: UnknownIssuer',
    'PKIX path building failed: unable to find valid certification path to requested target',
    'cannot connect to it: the certificate has expired',
    'it says nothing',
  ])
    test(says, () => assert.equal(isUnreached(says, URL_ASKED), false));

  test('also where its name sounds like another trouble', () => {
    const url = new URL('https://refused.example/timeout');
    assert.equal(isUnreached('fatal: https://refused.example/timeout says no', url), false);
  });
});

describe('what a client follows', () => {
  for (const [name, environment, follows] of [
    ['curl', { SSL_CERT_FILE: '/b', CURL_CA_BUNDLE: '/a' }, 'CURL_CA_BUNDLE=/a'],
    ['curl', { SSL_CERT_FILE: '/b', CURL_CA_BUNDLE: '' }, 'SSL_CERT_FILE=/b'],
    ['python urllib', {}, 'the system’s roots'],
    ['node', {}, 'roots of its own'],
    ['java', { JAVA_TOOL_OPTIONS: '-Xmx1g' }, 'roots of its own'],
    [
      'java',
      { JAVA_TOOL_OPTIONS: '-Djavax.net.ssl.trustStore=/a -Djavax.net.ssl.trustStore=/b' },
      'JAVA_TOOL_OPTIONS: trustStore=/b',
    ],
  ] as const) {
    test(`${name}: ${follows}`, () => {
      assert.equal(findFollowed(findClient(name), environment), follows);
    });
  }
});

describe('npm follows the first of its files that names one', () => {
  for (const [why, made, named] of [
    [
      'the one that Lintel writes, also beside one of another npm',
      { 'own/etc/npmrc': '/a' },
      'own/etc/npmrc',
    ],
    ['the one that a variable names', { 'own/etc/npmrc': '/a', 'run/npmrc': '/b' }, 'run/npmrc'],
    ['the user’s own', { 'own/etc/npmrc': '/a', 'run/npmrc': '/b', 'home/.npmrc': '/c' }, 'home/.npmrc'],
  ] as const) {
    test(why, async t => {
      const folder = await makeFolder(t);
      for (const name of ['npm', 'node']) await writeBelow(folder, `own/bin/${name}`, '#!/bin/sh\n');
      for (const [path, file] of Object.entries(made)) await writeBelow(folder, path, `cafile=${file}\n`);
      const environment = {
        PATH: join(folder, 'own/bin'),
        HOME: join(folder, 'home'),
        ...('run/npmrc' in made ? { NPM_CONFIG_GLOBALCONFIG: join(folder, 'run/npmrc') } : {}),
      };
      assert.equal(
        findFollowed(findClient('npm'), environment),
        `${Object.values(made).at(-1)} (${join(folder, named)})`,
      );
    });
  }
});

async function makeFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lintel-doctor-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function writeBelow(folder: string, path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text, { mode: 0o755 });
}

function findClient(name: string) {
  const client = CLIENTS.find(one => one.name === name);
  assert.ok(client !== undefined);
  return client;
}

describe('lintel doctor', () => {
  const context = {
    origin: { environment: {}, notUtf8: [], openFilesSoft: 1024 },
    cacheUse: 'used',
    terminal: { isTerminal: false, hasColours: false, columns: undefined, rows: undefined },
    write: async () => undefined,
  } as const;

  for (const [args, message] of [
    [[], 'Cannot go on: no URL is named, expected trust URL'],
    [['trust'], 'Cannot go on: no URL is named, expected trust URL'],
    [['heal', 'https://a.example'], /Cannot use argument "heal", expected trust URL/],
    [['trust', 'http://a.example'], /Cannot try "http:\/\/a.example", expected an https URL/],
    [['trust', 'https://ada:secret@a.example'], /Cannot try one with a user name, expected/],
    [['trust', 'https://'], /expected an https URL/],
  ] as const) {
    test(`takes no ${JSON.stringify(args)}`, async () => {
      await assert.rejects(runCommand('doctor', args, context), { message, exitCode: 2 });
    });
  }
});
