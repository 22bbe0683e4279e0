import type { LookupAddress } from 'node:dns';
import { stat } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { LookupFunction, NetConnectOpts } from 'node:net';
import { renderCause } from '../errors.ts';
import { hasDescriptor, isStarved } from '../processes/spare.ts';
import { isHttpUrl } from '../settings/url.ts';
import type { Starved } from './probe-exec.ts';

/** Why not, or that nobody could be asked; undefined for yes. */
type Answer = string | Starved | undefined;

/**
 * Whether a GET is answered with 200 to 399. Follows no redirection, reads no body, uses no proxy; a certificate is
 * not verified, because the service is this container's own. Resolves with why not.
 */
export function askHttp(text: string, signal: AbortSignal): Promise<Answer> {
  if (!isHttpUrl(text)) return Promise.resolve('no http or https URL');
  const url = new URL(text);
  return new Promise(resolve => {
    // Without an agent: no connection is kept, and Node's own proxy settings are those of agents.
    const options = { agent: false, signal, lookup, headers: { 'user-agent': 'lintel' } };
    const answer = ({ statusCode = 0 }: IncomingMessage) => {
      // The body is left unread: when the look ends, its signal closes the connection.
      resolve(statusCode >= 200 && statusCode < 400 ? undefined : String(statusCode));
    };
    // Loaded only here: they cost 5 ms, once.
    const request =
      url.protocol === 'https:'
        ? process
            .getBuiltinModule('node:https')
            .request(url, { ...options, rejectUnauthorized: false }, answer)
        : process.getBuiltinModule('node:http').request(url, options, answer);
    request.on('error', error => resolve(judgeError(error)));
    request.end();
  });
}

/** Whether somebody accepts a connection, which is closed at once. Resolves with why not. */
export function askSocket(where: NetConnectOpts, signal: AbortSignal): Promise<Answer> {
  return new Promise(resolve => {
    const socket = process.getBuiltinModule('node:net').connect({ ...where, lookup });
    signal.addEventListener('abort', () => socket.destroy());
    socket.on('connect', () => resolve(undefined));
    socket.on('error', error => resolve(judgeError(error)));
  });
}

/** sockaddr_un has room for so many bytes and a NUL. */
const MOST_PATH_BYTES = 107;

/** As `askSocket`. The kernel says no more of a long path than "invalid argument". */
export function askUnixSocket(path: string, signal: AbortSignal): Promise<Answer> {
  if (Buffer.byteLength(path) <= MOST_PATH_BYTES) return askSocket({ path }, signal);
  return Promise.resolve(`longer than ${MOST_PATH_BYTES} bytes, no unix socket has such a path`);
}

/** Whether there is such a file, whatever it is. Resolves with why not. */
export function askFile(path: string): Promise<string | undefined> {
  return askOnce(
    `file ${path}`,
    () =>
      new Promise(resolve => stat(path, error => resolve(error === null ? undefined : renderCause(error)))),
  );
}

/**
 * What the system has not answered yet. A name server or a network drive may take minutes, in one of the four threads
 * that Node also writes the log with: who asks the same again joins the one who waits already.
 */
const unanswered = new Map<string, Promise<unknown>>();

function askOnce<T>(question: string, ask: () => Promise<T>): Promise<T> {
  const waiting = (unanswered.get(question) as Promise<T> | undefined) ?? ask();
  unanswered.set(question, waiting);
  const forget = () => unanswered.delete(question);
  waiting.then(forget, forget);
  return waiting;
}

const lookup: LookupFunction = (hostname, options, callback) => {
  const ask = () => process.getBuiltinModule('node:dns').promises.lookup(hostname, { all: true });
  askOnce<LookupAddress[]>(`host ${hostname}`, ask).then(
    addresses => {
      const [first] = addresses;
      if (options.all) callback(null, addresses);
      else callback(null, first?.address ?? '', first?.family ?? 0);
    },
    error => callback(error as NodeJS.ErrnoException, ''),
  );
};

/** Of Lintel's own affairs, a port to ask from is what can be missing besides descriptors and memory. */
function judgeError(error: NodeJS.ErrnoException): string | Starved {
  if (error.code === 'EADDRNOTAVAIL' || isStarved(error) || (isOfLookup(error) && !hasDescriptor()))
    return { starvedOf: `it could not be asked: ${renderNetCause(error)}` };
  return renderNetCause(error);
}

/** Without a descriptor libc can't read /etc/hosts, and says no more than that there is no such name. */
function isOfLookup({ syscall }: NodeJS.ErrnoException): boolean {
  return syscall === 'getaddrinfo';
}

/** Node's messages repeat the address, a name of its parser's says nothing to a reader. */
function renderNetCause(error: NodeJS.ErrnoException): string {
  if (error.code?.startsWith('HPE_')) return 'the answer is not HTTP';
  return renderCause(error);
}
