import type { Socket } from 'node:net';
import { renderCause } from '../errors.ts';
import type { Log } from '../log/log.ts';
import type { HttpAddress } from '../settings/values.ts';

/** So many may stand before the door in one moment; the kernel has a limit of its own. */
const BACKLOG = 1024;
/** What stands in the way may go away: tried again after this time, then twice as long, without end. Milliseconds. */
const RETRY_MS = { least: 1000, most: 60_000 } as const;
/** An address that another program uses, or that the machine is still to get; no descriptor or memory left. */
const PASSING = new Set(['EADDRINUSE', 'EADDRNOTAVAIL', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']);

/** Listens until the returned function is called. Never throws: where that can't be, one warning says so. */
export function listen(
  { host, port }: HttpAddress,
  { onSocket, log }: { readonly onSocket: (socket: Socket) => void; readonly log: Log },
): () => void {
  const { createServer } = process.getBuiltinModule('node:net');
  const where = renderAddress(host, port);
  let retryMs: number = RETRY_MS.least;
  let isSaid = false;
  let isRefusalSaid = false;
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;
  let close: () => void = () => undefined;

  function attempt(): void {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, onSocket);
    close = () => void server.close();
    server.once('listening', () => log.info(`answers HTTP on ${where} (LINTEL_HTTP)`));
    server.on('error', (error: NodeJS.ErrnoException) => {
      // Without a descriptor left libuv turns clients away by itself, one by one; what is left is said once.
      if (error.syscall !== 'accept') return isOver ? undefined : fail(error);
      if (!isRefusalSaid) log.warn(`Cannot let in a client (LINTEL_HTTP): ${renderCause(error)}`);
      isRefusalSaid = true;
    });
    server.listen({ host, port, backlog: BACKLOG });
  }

  function fail(error: NodeJS.ErrnoException): void {
    const isPassing = PASSING.has(error.code ?? '');
    const next = isPassing ? 'tried again until it works' : 'nobody is answered there';
    if (!isSaid) log.warn(`Cannot listen on ${where} (LINTEL_HTTP): ${renderCause(error)}; ${next}`);
    isSaid = true;
    if (!isPassing) return;
    timer = setTimeout(attempt, retryMs);
    retryMs = Math.min(RETRY_MS.most, retryMs * 2);
  }

  attempt();
  return () => {
    isOver = true;
    clearTimeout(timer);
    close();
  };
}

function renderAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
