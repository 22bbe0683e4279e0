import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { type Link, renderPage } from './page.ts';

const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'",
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
};

const { env } = process;
const port = Number(env['WELCOME_PORT'] || 8888);
const startedAt = new Date();

const server = createServer((request, response) => {
  if (request.url !== '/') return answer(response, 404, 'Nothing here: the page is at /\n');
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return answer(response, 405, 'Only to be read\n');
  const links = findLinks(hostOf(request.headers.host));
  response
    .writeHead(200, HEADERS)
    .end(renderPage({ variables: env, user: describeUser(), startedAt, links }));
});

server.listen(port, env['LINTEL_BIND'] || '0.0.0.0', () => console.log(`the page answers on port ${port}`));

process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text);
}

/** The name by which the reader reached this page, since the other services are reached by the same. */
function hostOf(header = ''): string {
  return /^(\[[0-9a-f:]+\]|[\w.-]+)(:\d+)?$/i.exec(header)?.[1] ?? '127.0.0.1';
}

/** A service's port, and whether anything listens there just now. */
function findLinks(host: string): Link[] {
  const jupyter = Number(env['LINTEL_JUPYTER_PORT'] || 8888);
  const sshd = Number(env['LINTEL_SSHD_PORT'] || 2222);
  const listening = readListeningPorts();
  return [
    { name: 'Jupyter', address: `http://${host}:${jupyter}/`, port: jupyter, isWeb: true },
    { name: 'SSH', address: `ssh -p ${sshd} ${env['USER'] ?? ''}@${host}`, port: sshd, isWeb: false },
  ]
    .filter(link => link.port !== port)
    .map(link => ({ ...link, answers: listening.has(link.port) }));
}

/** From the kernel's own list: a connection just to see who answers would stand in that service's log. */
function readListeningPorts(): Set<number> {
  const LISTEN = '0A';
  const lines = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap(path => readFileSync(path, 'utf8').split('\n'));
  const sockets = lines.map(line => line.trim().split(/\s+/)).filter(fields => fields[3] === LISTEN);
  return new Set(sockets.map(([, local = '']) => Number.parseInt(local.split(':').at(-1) ?? '', 16)));
}

function describeUser(): string {
  return `${env['USER'] ?? 'nobody known'} (uid ${process.getuid?.()}, gid ${process.getgid?.()})`;
}
