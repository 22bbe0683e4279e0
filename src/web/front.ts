import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { MOST_HEADER_BYTES } from '../control/http.ts';
import type { Subject } from '../control/subject.ts';
import type { Log } from '../log/log.ts';
import { PAGES, type Wish } from './answers.ts';
import { makeLooks, type Prepared, prepare } from './look.ts';
import { readTarget } from './paths.ts';

/**
 * A client asks for something, and has taken the answer, within this time since it came or was last answered; else it is
 * dropped. It covers those that say nothing, half a request, or never read. Milliseconds.
 */
const PATIENCE_MS = 10_000;
/** Told to clients, and kept a second longer, so that no request meets a closed door. Milliseconds. */
const KEEP_ALIVE_MS = 5000;
/** So many requests of one client may be under way: an honest one waits for its answer. */
const MOST_UNANSWERED = 32;

/** What is known of one connection. */
interface Guest {
  readonly timer: NodeJS.Timeout;
  readonly onAnswered: () => void;
  unanswered: number;
}

export interface Front {
  /** `onAnswered` is told whenever the socket has had an answer. */
  serve(socket: Socket, onAnswered: () => void): void;
  close(): void;
}

/**
 * Speaks HTTP on sockets that somebody else has accepted and let in. Made when the first client connects: loading
 * node:http takes 5 ms and 2 MiB. What is no HTTP, or too long, Node itself answers with 400 or 431.
 */
export function makeFront({
  prefix,
  subject,
  log,
}: {
  /** As it is at the moment. */
  readonly prefix: () => string;
  readonly subject: Subject;
  readonly log: Log;
}): Front {
  const guests = new WeakMap<Socket, Guest>();
  const looks = makeLooks(subject);
  const refusals = makeRefusals();
  const { createServer } = process.getBuiltinModule('node:http');
  const server = createServer(
    { maxHeaderSize: MOST_HEADER_BYTES, keepAliveTimeout: KEEP_ALIVE_MS },
    (request, response) => {
      const guest = guests.get(request.socket);
      if (guest === undefined || ++guest.unanswered > MOST_UNANSWERED) return void request.socket.destroy();
      response.on('error', () => undefined);
      response.once('close', () => {
        guest.unanswered -= 1;
        if (request.socket.destroyed) return;
        guest.timer.refresh();
        guest.onAnswered();
      });
      const fail = (error: unknown) => {
        log.bug(error);
        send(request, response, refusals.bug);
      };
      try {
        const answer = choose(request);
        if (answer instanceof Promise) answer.then(made => send(request, response, made)).catch(fail);
        else send(request, response, answer);
      } catch (error) {
        fail(error);
      }
    },
  );

  function choose(request: IncomingMessage): Prepared | Promise<Prepared> {
    const { method, url = '' } = request;
    if (method !== 'GET' && method !== 'HEAD') return refusals.notAllowed;
    if (hasBody(request)) return refusals.tooLong;
    const asked = readTarget(url, prefix());
    if ('redirect' in asked) return redirect(asked.redirect);
    const page = PAGES.find(({ path }) => path === asked.path);
    return page === undefined ? refusals.notFound : looks.answer(page, readWish(request));
  }

  return {
    serve(socket, onAnswered) {
      const timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
      socket.once('close', () => clearTimeout(timer));
      guests.set(socket, { timer, onAnswered, unanswered: 0 });
      server.emit('connection', socket);
    },
    close: looks.close,
  };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
}

function readWish({ url = '', headers: { accept = '' } }: IncomingMessage): Wish {
  const [, query] = url.split('?', 2);
  return { accept, format: query === undefined ? null : new URLSearchParams(query).get('format') };
}

/** What has a body is not read to its end: the connection closes instead. */
function send(request: IncomingMessage, response: ServerResponse, { status, headers, body }: Prepared): void {
  if (response.headersSent) return void response.destroy();
  if (hasBody(request)) response.shouldKeepAlive = false;
  response.writeHead(status, headers);
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** All that is answered without a look at the workbench. */
function makeRefusals() {
  const known = PAGES.map(({ path }) => `GET ${path}`).join(', ');
  return {
    notFound: refuse(404, `No such page, expected one of ${known}`),
    notAllowed: refuse(405, 'Nothing can be changed here, expected GET or HEAD', { allow: 'GET, HEAD' }),
    tooLong: refuse(413, 'Cannot use the request: it has a body, expected none'),
    bug: refuse(500, 'Bug in Lintel: its log says more'),
  };
}

function redirect(location: string): Prepared {
  return refuse(307, `See ${location}`, { location });
}

function refuse(status: number, sentence: string, headers: Readonly<Record<string, string>> = {}): Prepared {
  return prepare({ status, type: 'text/plain; charset=utf-8', body: `${sentence}\n`, headers });
}
