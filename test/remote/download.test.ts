import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Download, download, isLoopback, type Request } from '../../src/remote/download.ts';
import type { Network } from '../../src/remote/network.ts';
import { findFreePort, makeCertificates, serve, serveProxy, serveTcp } from './servers.ts';

/** Lintel's own downloads, from real servers, through real proxies. */
const LIMIT_BYTES = 1024 * 1024;
/** Whoever waits for one of the usual limits takes longer, on a busy machine too (milliseconds). */
const PROMPT_MS = 4500;
const DIRECT: Network = {
  httpProxy: undefined,
  httpsProxy: undefined,
  noProxy: undefined,
  readRoots: () => ({ system: undefined, extra: [] }),
};

function fetchIt(
  url: string,
  more: Partial<Request> = {},
  network: Partial<Network> = {},
): Promise<Download> {
  const request = { url, limitBytes: LIMIT_BYTES, retryMs: 0, signal: new AbortController().signal };
  return download({ ...request, ...more }, { ...DIRECT, ...network });
}

/** The text, or the trouble. */
function said(outcome: Download): string {
  return outcome.isOk ? outcome.body.toString() : outcome.trouble;
}

const trusting = (caPem: string) => ({ readRoots: () => ({ system: undefined, extra: [caPem] }) });

test('what a server answers arrives byte for byte', async t => {
  const bytes = Buffer.from([0x23, 0x21, 0x00, 0xff, 0xfe, 0x0d, 0x0a]);
  const { url } = await serve(t, (_, response) => void response.end(bytes));
  const outcome = await fetchIt(`${url}/script?version=2`);
  assert.deepEqual(outcome.isOk && outcome.body, bytes);
});

for (const [status, expected] of [
  [401, /^status 401, the server wants to know who asks, after \d+ ms$/],
  [403, /^status 403, the server refuses access, after/],
  [404, /^status 404, there is nothing at that address, after/],
  [418, /^status 418, after/],
  [503, /^status 503, the server can’t answer now, after/],
] as const) {
  test(`status ${status} is an outcome with its meaning, and the server is asked once`, async t => {
    const server = await serve(t, (_, response) => void response.writeHead(status).end('why'));
    const outcome = await fetchIt(server.url, { retryMs: 5000 });
    assert.match(said(outcome), expected);
    assert.deepEqual(!outcome.isOk && [outcome.status, outcome.answer, outcome.isTemporary], [
      status,
      'why',
      false,
    ]);
    assert.equal(server.requests.length, 1);
  });
}

test('a server that nobody listens at, and a host that nobody knows, are named as such', async t => {
  const refused = await fetchIt(`http://127.0.0.1:${await findFreePort(t)}/x`);
  assert.match(said(refused), /^connection refused, after \d+ ms$/);
  assert.equal(!refused.isOk && refused.isTemporary, true);
  assert.match(
    said(await fetchIt('http://nobody-here.invalid/x')),
    /^(no such host|no name server answers), after/,
  );
});

test('a server that closes the connection, or speaks no HTTP, or no TLS, is named as such', async t => {
  const closes = await serveTcp(t, socket => socket.end());
  assert.match(said(await fetchIt(`http://127.0.0.1:${closes}`)), /^connection closed/);
  const babbles = await serveTcp(t, socket => socket.end('220 mail.example ESMTP\r\n'));
  assert.match(said(await fetchIt(`http://127.0.0.1:${babbles}`)), /^what answers there speaks no HTTP/);
  const { port } = await serve(t, 'plain');
  assert.match(
    said(await fetchIt(`https://127.0.0.1:${port}`)),
    /^what answers there speaks no TLS: is http:\/\/ meant\?/,
  );
});

test('an answer that breaks off is no answer', async t => {
  const port = await serveTcp(t, socket => {
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n#!/bin/sh\nrm -rf /tmp/x');
  });
  assert.match(
    said(await fetchIt(`http://127.0.0.1:${port}`)),
    /^connection closed before the answer was complete/,
  );
});

test('connection errors are tried again, and that is said once', async t => {
  const port = await findFreePort(t);
  const told: string[] = [];
  const outcome = fetchIt(`http://127.0.0.1:${port}`, {
    retryMs: 10_000,
    onRetry: trouble => told.push(trouble),
  });
  setTimeout(() => void serve(t, 'at last', { port }), 400);
  assert.equal(said(await outcome), 'at last');
  assert.deepEqual(told, ['connection refused']);
});

test('a server that hangs is left when a stop is asked for', async t => {
  const { url } = await serve(t, () => undefined);
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 50);
  assert.match(said(await fetchIt(url, { signal: stop.signal, retryMs: 10_000 })), /a stop was asked for/);
});

for (const [what, url, proxy] of [
  ['a server that never begins with TLS', 'https://127.0.0.1', ''],
  ['a proxy for https', 'https://far.example', 'http://127.0.0.1'],
  ['a proxy for http', 'http://far.example', 'http://127.0.0.1'],
  ['a proxy that never begins with TLS', 'https://far.example', 'https://localhost'],
  ['a SOCKS proxy', 'https://far.example', 'socks5://127.0.0.1'],
] as const)
  test(`${what} and never answers is left when a stop is asked for, and when the time is over`, async t => {
    const port = await serveTcp(t, socket => void socket.resume().on('error', () => undefined));
    const isProxied = proxy !== '';
    const by = isProxied ? `${proxy}:${port}` : undefined;
    const target = isProxied ? url : `${url}:${port}`;
    const network = { httpProxy: by, httpsProxy: by };
    const stop = new AbortController();
    const startMs = performance.now();
    setTimeout(() => stop.abort(), 300);
    const given = said(await fetchIt(target, { signal: stop.signal }, network));
    assert.match(given, /^given up, since a stop was asked for, after/);
    const late = said(await fetchIt(target, { timeoutMs: 300 }, network));
    assert.match(late, /^no complete answer within 300 ms, after/);
    assert.ok(performance.now() - startMs < PROMPT_MS, `it took ${performance.now() - startMs} ms`);
  });

test('a server that hangs, or that sends a byte now and then, is left when the time is over', async t => {
  const hangs = await serve(t, () => undefined);
  const trickles = await serve(t, (_, response) => {
    const timer = setInterval(() => response.write('#'), 20);
    response.on('close', () => clearInterval(timer));
  });
  for (const { url } of [hangs, trickles]) {
    const outcome = await fetchIt(url, { timeoutMs: 200, retryMs: 10_000 });
    assert.match(said(outcome), /^no complete answer within 200 ms, after \d+ ms$/);
  }
});

test('more than the limit is not kept, whether its length was said or not', async t => {
  const endless = await serve(t, (_, response) => {
    const write = () => {
      while (response.write(Buffer.alloc(65_536)));
    };
    response.on('drain', write);
    write();
  });
  const outcome = await fetchIt(endless.url);
  assert.match(said(outcome), /^more than 1 MiB, after/);
  const over = await serve(t, 'x'.repeat(LIMIT_BYTES + 1));
  assert.match(said(await fetchIt(over.url)), /^more than 1 MiB, after/);
  const exact = await serve(t, 'x'.repeat(LIMIT_BYTES));
  assert.equal((await fetchIt(exact.url)).isOk, true);
});

test('redirects are followed, but not without end', async t => {
  const server = await serve(t, ({ url }, response) => {
    if (url === '/end') return void response.end('here');
    response.writeHead(302, { location: url === '/start' ? '/end' : '/round' }).end();
  });
  assert.equal(said(await fetchIt(`${server.url}/start`)), 'here');
  assert.match(said(await fetchIt(`${server.url}/round`)), /^more than 5 redirects/);
});

test('a redirect from https to http is never followed', async t => {
  const { good, caPem } = await makeCertificates(t);
  const plain = await serve(t, 'echo taken over');
  const server = await serve(
    t,
    (_, response) => void response.writeHead(301, { location: `${plain.url}/x?token=hush` }).end(),
    { identity: good },
  );
  assert.match(
    said(await fetchIt(server.url, {}, trusting(caPem))),
    /^it redirects to http:\/\/127\.0\.0\.1:\d+\/x\?\*\*\*, without encryption, which is not followed/,
  );
  assert.deepEqual(plain.requests, []);
});

test('a user and password of the URL are sent to that server only, secrets of a header to no other at all', async t => {
  const seen: (string | undefined)[] = [];
  const other = await serve(t, ({ headers }, response) => {
    seen.push(headers.authorization);
    response.end('other');
  });
  const server = await serve(t, ({ headers }, response) => {
    seen.push(headers.authorization);
    response.writeHead(302, { location: other.url }).end();
  });
  const url = server.url.replace('//', '//ada:p%40ss@');
  assert.equal(said(await fetchIt(url)), 'other');
  assert.deepEqual(seen, [`Basic ${btoa('ada:p@ss')}`, undefined]);
  assert.match(
    said(await fetchIt(server.url, { headers: { 'x-vault-token': 'hush' } })),
    /another server, which is not given the secret/,
  );
  assert.deepEqual(other.requests.length, 1);
});

test('a certificate counts only when it is trusted, valid and for that host, and the reason is said', async t => {
  const { good, expired, otherHost, caPem } = await makeCertificates(t);
  const server = await serve(t, 'trusted', { identity: good });
  assert.equal(said(await fetchIt(server.url, {}, trusting(caPem))), 'trusted');
  const cases = [
    [good, {}, /authority that is not trusted here \(see PATH_TO_CA_BUNDLE\)/],
    [expired, trusting(caPem), /its certificate has expired/],
    [otherHost, trusting(caPem), /its certificate is for another host: DNS:other\.example/],
  ] as const;
  for (const [identity, network, expected] of cases) {
    const { port } = await serve(t, 'no', { identity });
    const url = `https://localhost:${port}`;
    const outcome = await fetchIt(url, { retryMs: 10_000 }, network);
    assert.match(said(outcome), expected);
    assert.equal(!outcome.isOk && outcome.isVerification, true);
    assert.equal(said(await fetchIt(url, { isVerified: false }, network)), 'no');
  }
});

async function makeProxied(t: TestContext, password?: string) {
  const { good, caPem } = await makeCertificates(t);
  const secure = await serve(t, 'secure', { identity: good });
  const plain = await serve(t, 'plain');
  const proxy = await serveProxy(t, password);
  // Nobody but the proxy knows these names.
  const urls = {
    secure: `https://scripts.lab.example:${secure.port}/x`,
    plain: `http://scripts.lab.example:${plain.port}/x`,
  };
  return { ...trusting(caPem), secure, plain, proxy, urls };
}

test('the proxies are used, each for its scheme: https in a tunnel, http by its whole URL', async t => {
  const { secure, plain, proxy, urls, readRoots } = await makeProxied(t);
  const network = { readRoots, httpProxy: proxy.url.slice('http://'.length), httpsProxy: proxy.url };
  assert.equal(said(await fetchIt(urls.secure, {}, network)), 'secure');
  assert.equal(said(await fetchIt(urls.plain, {}, network)), 'plain');
  assert.deepEqual(proxy.requests, [
    `CONNECT scripts.lab.example:${secure.port}`,
    `GET http://scripts.lab.example:${plain.port}/x`,
  ]);
  assert.match(
    said(await fetchIt(urls.secure, {}, { ...network, readRoots: DIRECT.readRoots })),
    /not trusted here/,
  );
});

test('a proxy gets its user and password, and without them its refusal is named without them', async t => {
  const { proxy, urls, readRoots } = await makeProxied(t, 'hush');
  const at = proxy.url.slice('http://'.length);
  const right = { readRoots, httpProxy: `http://ada:hush@${at}`, httpsProxy: `http://ada:hush@${at}` };
  assert.equal(said(await fetchIt(urls.secure, {}, right)), 'secure');
  assert.equal(said(await fetchIt(urls.plain, {}, right)), 'plain');
  const wrong = { readRoots, httpProxy: `http://ada:hist@${at}`, httpsProxy: `http://ada:hist@${at}` };
  const refusal = new RegExp(
    `^the proxy wants a user and a password \\(407\\) \\(through the proxy http://\\*\\*\\*@${at}\\)`,
  );
  assert.match(said(await fetchIt(urls.secure, {}, wrong)), refusal);
  assert.match(said(await fetchIt(urls.plain, {}, wrong)), refusal);
});

test('a proxy that nobody listens at, or that can’t reach the server, is named', async t => {
  const { proxy, urls, readRoots } = await makeProxied(t);
  const port = await findFreePort(t);
  const away = { readRoots, httpsProxy: `http://127.0.0.1:${port}` };
  assert.match(said(await fetchIt(urls.secure, {}, away)), /^connection refused \(through the proxy http:/);
  const unreachable = `https://scripts.lab.example:${port}/`;
  assert.match(
    said(await fetchIt(unreachable, {}, { readRoots, httpsProxy: proxy.url })),
    /^the proxy refuses with status 502 \(through/,
  );
});

for (const [noProxy, isDirect] of [
  ['*', true],
  ['127.0.0.1', true],
  ['10.0.0.0/8, 127.0.0.0/8', true],
  ['10.0.0.0/8,scripts.lab.example', false],
  ['127.0.0.1:1', false],
  ['', false],
] as const) {
  test(`NO_PROXY=${JSON.stringify(noProxy)} ${isDirect ? 'spares' : 'does not spare'} 127.0.0.1 the proxy`, async t => {
    const proxy = await serveProxy(t);
    const { url } = await serve(t, 'plain');
    assert.equal(said(await fetchIt(url, {}, { httpProxy: proxy.url, noProxy })), 'plain');
    assert.equal(proxy.requests.length, isDirect ? 0 : 1);
  });
}

test('an https proxy by its address, which TLS here can’t ask by, is said to be one', async () => {
  for (const proxy of ['https://127.0.0.1:1', 'https://[::1]:1'])
    assert.match(
      said(await fetchIt('https://far.example', {}, { httpsProxy: proxy })),
      /^an https proxy can’t be used by its address, only by its name, after/,
    );
});

test('what stays on this machine is known', () => {
  assert.deepEqual(
    [
      'http://localhost:8200',
      'http://127.0.0.1',
      'http://[::1]:1',
      'http://127.0.0.1.example',
      'http://vault',
    ].map(isLoopback),
    [true, true, true, false, false],
  );
});
