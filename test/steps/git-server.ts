import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** A real git behind a real http server, as a forge serves it: /tiny.git for all, /private.git for who has the token. */
export interface GitServer {
  readonly url: string;
  readonly port: number;
  /** "user:password" of every request that had one. */
  readonly credentials: readonly string[];
  /** Called with each request for the private repository that is let in, before it is answered. */
  onLetIn: () => Promise<void>;
  /** The first requests that get 503 instead. */
  failures: number;
}

const QUIET = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null', PATH: process.env['PATH'] };

/** Repositories with the branches main and other, and a file README that names its branch. */
export function makeRepositories(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'lintel-git-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const source = join(folder, 'source');
  mkdirSync(source);
  const git = (...argv: readonly string[]) =>
    execFileSync('git', ['-C', source, '-c', 'user.name=x', '-c', 'user.email=x@git.example', ...argv], {
      env: QUIET,
      stdio: 'pipe',
    });
  git('init', '--quiet', '--initial-branch=main');
  for (const branch of ['main', 'other']) {
    if (branch !== 'main') git('checkout', '--quiet', '-b', branch);
    writeFileSync(join(source, 'README'), `${branch}\n`);
    git('add', '.');
    git('commit', '--quiet', '--message', branch);
  }
  git('checkout', '--quiet', 'main');
  for (const name of ['tiny.git', 'private.git']) {
    const path = join(folder, name);
    git('clone', '--quiet', '--template=', '--bare', source, path);
    execFileSync('git', ['-C', path, 'config', 'http.receivepack', 'true'], { env: QUIET });
  }
  return folder;
}

export async function startGitServer(
  t: TestContext,
  options: { readonly token: string; readonly port?: number; readonly echo?: string } = { token: '' },
): Promise<GitServer> {
  const folder = makeRepositories(t);
  const credentials: string[] = [];
  const server = createServer((request, response) => void answer(request, response));
  const made: GitServer = { url: '', port: 0, credentials, onLetIn: async () => undefined, failures: 0 };
  async function answer(request: IncomingMessage, response: ServerResponse) {
    if (made.failures > 0) {
      Object.assign(made, { failures: made.failures - 1 });
      response.writeHead(503).end();
      return;
    }
    const given = /^Basic (.*)$/.exec(request.headers.authorization ?? '')?.[1];
    if (given !== undefined) credentials.push(Buffer.from(given, 'base64').toString());
    if (request.url?.startsWith('/private.git')) {
      const password = credentials.at(-1)?.replace(/^[^:]*:/, '');
      if (given === undefined || password !== options.token) {
        const body = options.echo ?? '';
        response
          .writeHead(401, { 'WWW-Authenticate': 'Basic realm="git"', 'Content-Type': 'text/plain' })
          .end(body);
        return;
      }
      await made.onLetIn();
    }
    runBackend(folder, request, response);
  }
  await new Promise<void>(resolve => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return Object.assign(made, { port, url: `http://127.0.0.1:${port}` });
}

/** git's own CGI program. */
function runBackend(folder: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://x');
  const child = spawn('git', ['http-backend'], {
    env: {
      ...QUIET,
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROTOCOL: request.headers['git-protocol']?.toString() ?? '',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      REMOTE_USER: 'ada',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.on('close', () => {
    const output = Buffer.concat(chunks);
    const end = output.indexOf('\r\n\r\n');
    const headers = output
      .subarray(0, Math.max(end, 0))
      .toString()
      .split('\r\n')
      .map(line => line.split(': ', 2));
    const status = Number(headers.find(([name]) => name === 'Status')?.[1]?.slice(0, 3) ?? 200);
    for (const [name = '', value = ''] of headers)
      if (name !== 'Status' && name !== '') response.setHeader(name, value);
    response.writeHead(status).end(output.subarray(end + 4));
  });
}
