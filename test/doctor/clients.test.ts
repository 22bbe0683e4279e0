import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { runCommand } from '../../src/commands/list.ts';
import { CLIENTS, findComplaint } from '../../src/doctor/clients.ts';
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
      'npm error FetchError: request failed, reason: connect refused',
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
      'pip, whose line is longer than a table',
      `Could not fetch URL ${URL_ASKED}: ${'connection error: HTTPSConnectionPool '.repeat(3)}(certificate verify failed: unable to get local issuer certificate ${'(_ssl.c:1006) '.repeat(20)})`,
      `… HTTPSConnectionPool (certificate verify failed: unable to get local issuer certificate ${'(_ssl.c:1006) '.repeat(8)}…`,
    ],
    ['nothing known', 'oh\nno\n', 'no'],
    ['nothing', '\n', 'it says nothing'],
  ] as const) {
    test(client, () => assert.equal(findComplaint(text, URL_ASKED), line));
  }
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
