import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { readClockMs } from '../clock.ts';
import { LintelError } from '../errors.ts';
import type { Environment } from '../launch/environ.ts';
import { openPeer, type Peer, readPeer } from '../pid1/peer.ts';
import { escapeLine } from '../printable.ts';
import { isBetween, isTrustedFolder, listPlaces, listSockets, listTrusted } from './places.ts';
import { type RequestOf, type ResponseOf, ROUTES, type Route, type RouteName } from './routes.ts';

/** Lintel answers at once, or something is wrong. Milliseconds. */
const ANSWER_MS = 10_000;
/** While others connect by the hundred the kernel has no room for one more, for a moment. Milliseconds. */
const CROWD_MS = 3000;
const CROWD_POLL_MS = 10;
const MOST_ANSWER_CHARACTERS = 64 * 1024 * 1024;

/** "Lintel does not run here" */
export const NOT_RUNNING = 3;
const FAILED = 1;
/** Who has no descriptor left, or too many before the door, can't say so. */
const CUT =
  'The running Lintel ended, or cut the connection, as it has to where too many are open or no file descriptor is left';
const USAGE = 2;

/**
 * Asks the running Lintel, and returns its checked answer. Throws a LintelError: code 3 when none runs, 2 when it
 * does not know what was asked for, 1 when it refused. `waitMs`: what the request itself may take.
 */
export async function ask<Name extends RouteName>(
  environment: Environment,
  name: Name,
  given: {
    readonly request: RequestOf<Name>;
    readonly waitMs?: number;
    /** Told whose process it is that will answer, where the kernel says so. */
    readonly onServer?: (server: Peer) => void;
  },
): Promise<ResponseOf<Name>> {
  const lines: string[] = [];
  await exchange(environment, name, { ...given, onLine: line => void lines.push(line) });
  return makeCheck(name)(lines[0] ?? '');
}

/** As `ask`, for an answer of many lines. Resolves when Lintel has said everything, or has ended. */
export async function listen<Name extends RouteName>(
  environment: Environment,
  name: Name,
  given: {
    readonly request: RequestOf<Name>;
    /** No more is read until what it returns has been done. */
    readonly onValue: (value: ResponseOf<Name>) => Promise<void>;
    /** Ends it, as Lintel's end would, or with an error where no answer has begun. */
    readonly signal?: AbortSignal;
  },
): Promise<void> {
  const check = makeCheck(name);
  await exchange(environment, name, { ...given, onLine: line => given.onValue(check(line)) });
}

/** For every line of an answer: a schema made anew for each would take ten times as long as the line itself. */
function makeCheck<Name extends RouteName>(name: Name): (line: string) => ResponseOf<Name> {
  const schema = ROUTES[name].response();
  return line => {
    const parsed = schema.safeParse(parseJson(line));
    if (parsed.success) return parsed.data as ResponseOf<Name>;
    const place = parsed.error.issues[0]?.path.join('.') ?? '';
    throw new LintelError(
      `Cannot understand the running Lintel's answer${place === '' ? '' : ` (${place})`}: is it another version?`,
      FAILED,
    );
  };
}

interface Exchange {
  readonly request: unknown;
  readonly waitMs?: number;
  readonly onLine: (line: string) => Promise<void> | void;
  readonly onServer?: (server: Peer) => void;
  readonly signal?: AbortSignal;
}

async function exchange(environment: Environment, name: RouteName, given: Exchange): Promise<void> {
  const route: Route = ROUTES[name];
  const socket = await connect(environment);
  given.signal?.addEventListener('abort', () => socket.destroy());
  try {
    const read = openPeer();
    const server = read === undefined ? undefined : readPeer(read, socket);
    if (server !== undefined) given.onServer?.(server);
    const response = await send(socket, route, given);
    if (response.statusCode !== 200) throw makeRefusal(response.statusCode ?? 0, await readAll(response));
    await readLines(response, given.onLine);
  } finally {
    socket.destroy();
  }
}

/** A socket of the first Lintel that answers and may be trusted. */
async function connect(environment: Environment): Promise<Socket> {
  const uid = process.geteuid?.() ?? 0;
  const paths = listSockets(environment, uid);
  const obstacles: string[] = [];
  const deadlineMs = readClockMs() + CROWD_MS;
  for (const path of paths) {
    const found = await connectPatiently(path, deadlineMs);
    if (typeof found === 'string') {
      if (found !== 'ENOENT' && found !== 'ECONNREFUSED' && found !== 'ENOTDIR')
        obstacles.push(
          `Cannot reach ${path}: ${found === 'EACCES' ? 'permission denied, expected the user whom Lintel runs as' : found}`,
        );
      continue;
    }
    const stranger = findStranger(found, path, uid);
    if (stranger === undefined) return found;
    found.destroy();
    obstacles.push(
      `Cannot trust ${path}: ${stranger}, expected root's, this user's or that of PID 1's owner`,
    );
  }
  if (obstacles.length > 0) throw new LintelError(obstacles.map(escapeLine).join('; '), FAILED);
  const looked = `looked for ${paths.map(escapeLine).join(', ')}`;
  throw new LintelError(
    `${renderSilence(environment, uid)}: no control socket answers (${looked})`,
    NOT_RUNNING,
  );
}

/** Why nobody answers. */
function renderSilence(environment: Environment, uid: number): string {
  return isBetween(environment, listPlaces(environment, uid))
    ? 'Lintel does not answer yet: it boots, or is about to end'
    : 'Lintel does not run here';
}

async function connectPatiently(path: string, deadlineMs: number): Promise<Socket | string> {
  for (;;) {
    const found = await tryConnect(path);
    if (found !== 'EAGAIN' || readClockMs() >= deadlineMs) return found;
    await new Promise(resolve => setTimeout(resolve, CROWD_POLL_MS));
  }
}

function tryConnect(path: string): Promise<Socket | string> {
  const { promise, resolve } = Promise.withResolvers<Socket | string>();
  const socket = process.getBuiltinModule('node:net').connect({ path });
  socket.once('connect', () => resolve(socket));
  socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  return promise;
}

/** Whose server this is, when it is none that may be trusted: anybody may make a socket in /tmp. */
function findStranger(socket: Socket, path: string, uid: number): string | undefined {
  const trusted = listTrusted(uid);
  const read = openPeer();
  if (read === undefined) return isTrustedFolder(path, trusted) ? undefined : 'its folder is another user’s';
  const peer = readPeer(read, socket);
  if (peer === undefined) return 'its server is unknown';
  return trusted.has(peer.uid) ? undefined : `its server is uid ${peer.uid}'s`;
}

function send(socket: Socket, route: Route, { request, waitMs = 0 }: Exchange): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const isGet = route.method === 'GET';
  const body = isGet ? '' : JSON.stringify(request);
  const timer = setTimeout(
    () => reject(new LintelError('The running Lintel does not answer', FAILED)),
    waitMs + ANSWER_MS,
  );
  const sent = process.getBuiltinModule('node:http').request({
    createConnection: () => socket,
    method: route.method,
    path: isGet ? `${route.path}${renderQuery(request)}` : route.path,
    headers: isGet ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
  });
  sent.once('response', resolve);
  sent.on('error', () => reject(new LintelError(CUT, FAILED)));
  sent.end(body);
  return promise.finally(() => clearTimeout(timer));
}

function renderQuery(request: unknown): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(
    request as Record<string, string | readonly string[] | undefined>,
  )) {
    if (value === undefined) continue;
    for (const one of typeof value === 'string' ? [value] : value) query.append(key, one);
  }
  return query.size === 0 ? '' : `?${query}`;
}

/** The end of the server in the middle of a line is the end of the lines. */
async function readLines(response: IncomingMessage, onLine: Exchange['onLine']): Promise<void> {
  let rest = '';
  for await (const text of readTexts(response)) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MOST_ANSWER_CHARACTERS) throw new LintelError('The answer is too long', FAILED);
    for (const line of lines) await onLine(line);
  }
}

async function readAll(response: IncomingMessage): Promise<string> {
  let all = '';
  for await (const text of readTexts(response)) {
    all += text;
    if (all.length > MOST_ANSWER_CHARACTERS) throw new LintelError('The answer is too long', FAILED);
  }
  return all;
}

async function* readTexts(response: IncomingMessage): AsyncGenerator<string> {
  const chunks = response.setEncoding('utf8')[Symbol.asyncIterator]() as AsyncIterator<string>;
  for (;;) {
    let next: IteratorResult<string>;
    try {
      next = await chunks.next();
    } catch {
      return;
    }
    if (next.done === true) return;
    yield next.value;
  }
}

function makeRefusal(status: number, body: string): LintelError {
  const said = parseJson(body) as { readonly error?: unknown } | undefined;
  const sentence = typeof said?.error === 'string' ? said.error : `The running Lintel answered ${status}`;
  return new LintelError(escapeLine(sentence), status === 400 || status === 404 ? USAGE : FAILED);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
