import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { execa } from 'execa';

/** Real servers on loopback, and a private authority's certificates for them. */
export interface Certificates {
  readonly caPem: string;
  readonly caPath: string;
  /** For localhost, 127.0.0.1 and *.lab.example. */
  readonly good: Identity;
  readonly expired: Identity;
  readonly otherHost: Identity;
}

export interface Identity {
  readonly cert: string;
  readonly key: string;
}

export interface TestServer {
  readonly port: number;
  /** "http://127.0.0.1:PORT" */
  readonly url: string;
  /** Of each request so far: "GET /path". */
  readonly requests: string[];
}

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** A server that answers as `answer` does; with an identity it speaks TLS. Gone after the test. */
export async function serve(
  t: TestContext,
  answer: Answer | string,
  options: { readonly identity?: Identity; readonly port?: number } = {},
): Promise<TestServer> {
  const requests: string[] = [];
  const listener = (message: IncomingMessage, response: ServerResponse) => {
    requests.push(`${message.method} ${message.url}`);
    let body = '';
    message.on('data', data => {
      body += data;
    });
    message.on('end', () =>
      typeof answer === 'string' ? response.end(answer) : answer(message, response, body),
    );
  };
  const { identity } = options;
  const server = identity === undefined ? createServer(listener) : createTlsServer(identity, listener);
  const port = await listen(t, server, options.port);
  return { port, requests, url: `${identity === undefined ? 'http' : 'https'}://127.0.0.1:${port}` };
}

/** A TCP server that lets `talk` do what it likes with each connection. */
export async function serveTcp(t: TestContext, talk: (socket: Socket) => void): Promise<number> {
  return listen(t, createTcpServer(talk));
}

/** A port on which nothing listens. */
export async function findFreePort(t: TestContext): Promise<number> {
  const server = createTcpServer();
  const port = await listen(t, server);
  await new Promise(resolve => server.close(resolve));
  return port;
}

/**
 * A forward proxy: tunnels by CONNECT, and plain http by absolute URLs. Every host is 127.0.0.1 to it. With `password`
 * it wants "ada:PASSWORD".
 */
export async function serveProxy(t: TestContext, password?: string): Promise<TestServer> {
  const requests: string[] = [];
  const wanted = password === undefined ? undefined : `Basic ${btoa(`ada:${password}`)}`;
  const isWelcome = (message: IncomingMessage) =>
    wanted === undefined || message.headers['proxy-authorization'] === wanted;
  const server = createServer((message, response) => {
    requests.push(`${message.method} ${message.url}`);
    if (!isWelcome(message)) return void response.writeHead(407).end();
    const url = new URL(message.url ?? '');
    const onward = request(
      {
        host: '127.0.0.1',
        port: url.port,
        method: message.method ?? 'GET',
        path: url.pathname + url.search,
        headers: message.headers,
      },
      answer => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.writeHead(502).end());
    message.pipe(onward);
  });
  server.on('connect', (message, socket) => {
    requests.push(`CONNECT ${message.url}`);
    if (!isWelcome(message)) return void socket.end('HTTP/1.1 407 Who are you\r\n\r\n');
    const onward = connect(Number(message.url?.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connected\r\n\r\n');
      onward.pipe(socket);
      socket.pipe(onward);
    });
    onward.on('error', () => socket.end('HTTP/1.1 502 Nobody there\r\n\r\n'));
    socket.on('error', () => onward.destroy());
  });
  const port = await listen(t, server);
  return { port, requests, url: `http://127.0.0.1:${port}` };
}

async function listen(t: TestContext, server: Server, port = 0): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', socket => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

const HERE = 'subjectAltName=DNS:localhost,DNS:*.lab.example,IP:127.0.0.1';

/** Made by openssl in a quarter of a second; the folder is gone after the test. */
export async function makeCertificates(t: TestContext): Promise<Certificates> {
  const folder = mkdtempSync(join(tmpdir(), 'lintel-ca-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const openssl = (...args: string[]) => execa('openssl', args, { cwd: folder });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await openssl(
    'req',
    '-x509',
    ...newKey,
    '-days',
    '2',
    '-subj',
    '/CN=A private authority',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
  );
  const sign = async (name: string, alternatives: string, when: readonly string[]): Promise<Identity> => {
    const subject = ['-subj', `/CN=${name}`, '-addext', alternatives];
    const signer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-addext', 'basicConstraints=critical,CA:FALSE'];
    const out = ['-keyout', `${name}.key`, '-out', `${name}.pem`];
    await openssl('req', '-x509', ...newKey, ...when, ...subject, ...signer, ...out);
    const read = (file: string) => readFileSync(join(folder, file), 'utf8');
    return { cert: read(`${name}.pem`), key: read(`${name}.key`) };
  };
  return {
    caPem: readFileSync(join(folder, 'ca.pem'), 'utf8'),
    caPath: join(folder, 'ca.pem'),
    good: await sign('good', HERE, ['-days', '2']),
    expired: await signExpired(folder, openssl),
    otherHost: await sign('other', 'subjectAltName=DNS:other.example', ['-days', '2']),
  };
}

/** An end in the past is what only `openssl ca` and `x509 -not_after` (3.4) can write, so its date is a negative one. */
async function signExpired(
  folder: string,
  openssl: (...args: string[]) => Promise<unknown>,
): Promise<Identity> {
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await openssl(
    'req',
    ...newKey,
    '-subj',
    '/CN=expired',
    '-addext',
    HERE,
    '-keyout',
    'expired.key',
    '-out',
    'expired.csr',
  );
  await openssl(
    'x509',
    '-req',
    '-in',
    'expired.csr',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-copy_extensions',
    'copy',
    '-days',
    '-1',
    '-out',
    'expired.pem',
  );
  const read = (file: string) => readFileSync(join(folder, file), 'utf8');
  return { cert: read('expired.pem'), key: read('expired.key') };
}
