import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type * as z from 'zod/mini';
import { renderCause } from '../errors.ts';
import type { Log } from '../log/log.ts';
import { HANDLERS, type Outcome } from './handlers.ts';
import type { LineStream } from './pumps.ts';
import { ROUTES, type Route, type RouteName } from './routes.ts';
import type { Subject } from './subject.ts';

/** Who has connected, and when it becomes too slow. */
export interface Caller {
  readonly isOwner: boolean;
  /** To be cleared when its request is whole. */
  readonly timer: NodeJS.Timeout;
}

/** Requests are a few words; a browser has cookies besides, and a proxy headers of its own. */
export const MOST_HEADER_BYTES = 16 * 1024;
const MOST_BODY_BYTES = 64 * 1024;
/** A client that does not take its answer, or the next lines of it, for this long is dropped. Milliseconds. */
const STALL_MS = 10_000;
/** So much of an answer waits for its client. */
const ROOM_BYTES = 256 * 1024;

/**
 * Speaks HTTP on sockets that somebody else has accepted and let in. Made when the first client connects: loading
 * node:http takes 5 ms and 2 MiB.
 */
export function makeFront(options: { readonly subject: Subject; readonly log: Log }): {
  serve(socket: Socket, caller: Caller): void;
} {
  const callers = new WeakMap<Socket, Caller>();
  const server: Server = process
    .getBuiltinModule('node:http')
    .createServer({ maxHeaderSize: MOST_HEADER_BYTES }, (request, response) => {
      const caller = callers.get(request.socket);
      // A second request on one connection: there is one answer only.
      if (caller === undefined) return void request.socket.destroy();
      callers.delete(request.socket);
      response.on('error', () => undefined);
      answer({ ...options, request, response, caller }).catch(error => {
        options.log.bug(error);
        refuse(response, 500, 'Bug in Lintel: its log says more');
      });
    });
  server.on('clientError', (error, socket) => {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    socket.end(renderRefusal(400, `Cannot read the request: ${renderCause(error)}, expected HTTP/1.1`));
  });
  return {
    serve(socket, caller) {
      callers.set(socket, caller);
      server.emit('connection', socket);
    },
  };
}

const REASONS = { 400: 'Bad Request', 403: 'Forbidden', 503: 'Service Unavailable' } as const;

/** A whole answer without HTTP's machinery: for those who are not let in. */
export function renderRefusal(status: keyof typeof REASONS, error: string): string {
  const body = `${JSON.stringify({ error })}\n`;
  return [
    `HTTP/1.1 ${status} ${REASONS[status]}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    '',
    body,
  ].join('\r\n');
}

interface Exchange {
  readonly subject: Subject;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly caller: Caller;
}

async function answer(exchange: Exchange): Promise<void> {
  const { request, response, caller } = exchange;
  const body = await readBody(request);
  clearTimeout(caller.timer);
  if (body === 'gone') return void response.destroy();
  if (body === 'tooLong')
    return refuse(response, 413, `Cannot read the request: expected at most ${MOST_BODY_BYTES} bytes`);
  // Not by new URL, which takes "//x" for a host.
  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  const found = findRoute(request.method ?? '', path);
  if (typeof found === 'number') return refuse(response, found, renderRoutes());
  const route: Route = ROUTES[found];
  if (route.callers === 'owner' && !caller.isOwner)
    return refuse(response, 403, 'Only root and the workbench user may ask for this');
  const given = route.method === 'GET' ? readQuery(new URLSearchParams(query)) : parseJson(body.text);
  const checked = route.request().safeParse(given);
  if (!checked.success) return refuse(response, 400, renderIssues(checked.error.issues));
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  // The schema is this very route's, which the compiler can't see in a union of all.
  const handle = HANDLERS[found] as (request: unknown, context: unknown) => Outcome<unknown>;
  const outcome = await handle(checked.data, { subject: exchange.subject, signal: gone.signal });
  if ('error' in outcome) return refuse(response, outcome.status, outcome.error);
  if ('value' in outcome) return send(response, 200, outcome.value);
  if (!response.destroyed) stream(response, outcome.begin);
}

type Body = { readonly text: string } | 'tooLong' | 'gone';

/** Resolves when the request is whole, or can never be. Reads no more than its limit. */
function readBody(request: IncomingMessage): Promise<Body> {
  const { promise, resolve } = Promise.withResolvers<Body>();
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MOST_BODY_BYTES) chunks.push(chunk);
    else {
      request.pause();
      resolve('tooLong');
    }
  });
  request.once('end', () => resolve({ text: Buffer.concat(chunks).toString('utf8') }));
  request.once('error', () => resolve('gone'));
  request.once('close', () => resolve('gone'));
  return promise;
}

function findRoute(method: string, path: string): RouteName | 404 | 405 {
  const there = Object.entries(ROUTES).filter(([, route]) => route.path === path);
  if (there.length === 0) return 404;
  const found = there.find(([, route]) => route.method === method);
  return found === undefined ? 405 : (found[0] as RouteName);
}

function renderRoutes(): string {
  const known = Object.values(ROUTES).map(({ method, path }) => `${method} ${path}`);
  return `No such request, expected one of ${known.join(', ')}`;
}

/** A name that occurs in `LISTS` is a list, however often it is given. */
function readQuery(query: URLSearchParams): Record<string, string | string[]> {
  return Object.fromEntries(
    [...new Set(query.keys())].map(key => {
      const values = query.getAll(key);
      return [key, LISTS.has(key) || values.length > 1 ? values : (values[0] ?? '')];
    }),
  );
}

const LISTS: ReadonlySet<string> = new Set(['name']);

function parseJson(text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function renderIssues(issues: readonly z.core.$ZodIssue[]): string {
  const said = issues.map(issue => {
    const place = issue.path.join('.');
    if (issue.code === 'unrecognized_keys') return `unknown field ${issue.keys.join(', ')}`;
    return place === '' ? 'expected a JSON object' : `${place} is malformed`;
  });
  return `Cannot use the request: ${said.join('; ')}`;
}

function refuse(response: ServerResponse, status: number, error: string): void {
  send(response, status, { error });
}

function send(response: ServerResponse, status: number, value: unknown): void {
  if (response.headersSent) return void response.destroy();
  const body = `${JSON.stringify(value)}\n`;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  });
  response.end(body);
  dropWhenStalled(response);
}

function stream<T>(response: ServerResponse, begin: (stream: LineStream<T>) => () => void): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson', connection: 'close' });
  // The client hears that it is heard before there is anything to say.
  response.flushHeaders();
  let timer: NodeJS.Timeout | undefined;
  const drained: (() => void)[] = [];
  response.on('drain', () => {
    clearTimeout(timer);
    timer = undefined;
    for (const listener of drained) listener();
  });
  const stop = begin({
    write(values) {
      response.write(values.map(value => `${JSON.stringify(value)}\n`).join(''));
      const hasRoom = response.writableLength < ROOM_BYTES || !response.writableNeedDrain;
      if (!hasRoom) timer ??= setTimeout(() => response.destroy(), STALL_MS);
      return hasRoom;
    },
    onDrain: listener => void drained.push(listener),
    end() {
      if (response.writableEnded) return;
      response.end();
      dropWhenStalled(response);
    },
  });
  const close = () => {
    stop();
    clearTimeout(timer);
  };
  if (response.destroyed) close();
  else response.once('close', close);
}

function dropWhenStalled(response: ServerResponse): void {
  if (response.destroyed) return;
  const timer = setTimeout(() => response.destroy(), STALL_MS);
  response.once('close', () => clearTimeout(timer));
}
