import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:net';
import type { Subject } from '../control/subject.ts';
import { renderCause } from '../errors.ts';
import type { Log } from '../log/log.ts';
import type { Plan } from '../plan.ts';
import { type Answer, PAGES } from './answers.ts';
import { makeView } from './view.ts';

export interface WebOptions {
  readonly http: NonNullable<Plan['http']>;
  readonly subject: Subject;
  readonly log: Log;
}

/** Enough for a proxy's headers and a browser's cookies. */
const MOST_HEADER_BYTES = 16 * 1024;

/**
 * Listens on LINTEL_HTTP, and returns the way to end that. Never throws: where nobody can listen there is one warning.
 * Answers GET and HEAD of what PAGES lists; it changes nothing.
 */
export function openWeb({ http, subject, log }: WebOptions): () => void {
  const { createServer } = process.getBuiltinModule('node:http');
  const server: Server = createServer({ maxHeaderSize: MOST_HEADER_BYTES }, (request, response) => {
    answer(request, { prefix: http.prefix, subject }).then(
      made => send(response, made, request.method),
      error => {
        log.bug(error);
        response.destroy();
      },
    );
  });
  server.on('error', error =>
    log.warn(`Cannot listen on ${http.host}:${http.port} (LINTEL_HTTP): ${renderCause(error)}`),
  );
  server.listen({ host: http.host, port: http.port });
  return () => void server.close();
}

async function answer(
  { method = '', url = '' }: IncomingMessage,
  { prefix, subject }: { readonly prefix: string; readonly subject: Subject },
): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') return refuse(405);
  const [asked = ''] = url.split('?', 1);
  const path = asked.startsWith(`${prefix}/`) ? asked.slice(prefix.length) : asked;
  const page = PAGES.find(candidate => candidate.path === path);
  return page === undefined ? refuse(404) : page.answer(makeView(subject));
}

function refuse(status: 404 | 405): Answer {
  const known = PAGES.map(({ path }) => `GET ${path}`).join(', ');
  return { status, type: 'text/plain; charset=utf-8', body: `expected one of ${known}\n` };
}

function send(response: ServerResponse, { status, type, body, headers }: Answer, method?: string): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(method === 'HEAD' ? undefined : body);
}
