import { once } from 'node:events';
import { type Agent, type IncomingHttpHeaders, request } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { bootWorkbench, type Workbench } from '../control/workbench.ts';
import { type BootOptions, type Files, isAlive } from '../rig.ts';

export interface Reply {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Asking {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Default: one connection for each request. */
  readonly agent?: Agent;
}

export interface WebWorkbench extends Workbench {
  readonly port: number;
  ask(path: string, asking?: Asking): Promise<Reply>;
  /** A connection, to say on it what one likes. */
  open(): Socket;
}

/** As `bootWorkbench`, with LINTEL_HTTP on a free port of the loopback; returns once it answers there. */
export async function bootWeb(
  t: TestContext,
  files: Files,
  options: BootOptions = {},
): Promise<WebWorkbench> {
  const port = await findFreePort();
  const workbench = bootWorkbench(t, files, {
    ...options,
    environment: { LINTEL_HTTP: String(port), ...options.environment },
  });
  await workbench.lintel.waitForText(/answers HTTP on .*\(LINTEL_HTTP\)/);
  return {
    ...workbench,
    port,
    ask: (path, asking) => askAt(port, path, asking),
    open: () => connect(port, '127.0.0.1').on('error', () => undefined),
  };
}

/** Nobody's at the moment; who else takes it keeps it for a moment only. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export async function askAt(port: number, path: string, asking: Asking = {}): Promise<Reply> {
  const { method = 'GET', headers = {}, body, agent = false } = asking;
  const sent = request({ host: '127.0.0.1', port, path, method, headers, agent });
  sent.end(body);
  const [response] = await once(sent, 'response');
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return { status: response.statusCode, headers: response.headers, body: text };
}

/** Asks until the answer matches: between an event of a service and its word in the log lies no promise. */
export async function untilBody(
  { lintel, ask }: WebWorkbench,
  path: string,
  pattern: RegExp,
): Promise<Reply> {
  for (;;) {
    const reply = await ask(path);
    if (pattern.test(reply.body)) return reply;
    if (!isAlive(lintel.pid)) throw new Error(`Lintel ended, and ${path} said ${reply.body}`);
  }
}

/** All that comes until the other end closes. */
export async function readAll(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1').on('data', chunk => {
    text += chunk;
  });
  if (!socket.closed) await once(socket, 'close');
  return text;
}
