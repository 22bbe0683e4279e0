import { readClockMs } from '../clock.ts';
import { maskUrl } from '../settings/url.ts';
import { explainFailure, type Failure } from './failure.ts';
import { chooseProxy, type Network } from './network.ts';

export interface Request {
  /** http or https; a user and a password in it are sent as such. */
  readonly url: string;
  /** Posted where it is given. */
  readonly body?: string;
  /** Secrets, which no other server gets: a redirect there is a failure. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly limitBytes: number;
  /** How long connection errors are tried again. Milliseconds. */
  readonly retryMs: number;
  /** For one attempt, redirects included. Default: 30 s. Milliseconds. */
  readonly timeoutMs?: number;
  /** False: any certificate will do. */
  readonly isVerified?: boolean;
  readonly signal: AbortSignal;
  /** Told once, when it is going to be tried again. */
  readonly onRetry?: (trouble: string) => void;
}

export type Download =
  | {
      readonly isOk: true;
      readonly body: Buffer;
      readonly contentType: string;
      /** With all attempts. Milliseconds. */
      readonly elapsedMs: number;
    }
  | (Failure & {
      readonly isOk: false;
      /** The answer's, where there was one. */
      readonly status: number | undefined;
      /** The beginning of its body. */
      readonly answer: string;
      readonly elapsedMs: number;
    });

/** What is read of an answer that reports an error. */
const MAX_ANSWER_BYTES = 16 * 1024;
const CONNECT_TIMEOUT_MS = 5000;
const TIMEOUT_MS = 30_000;
const MAX_REDIRECTS = 5;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;

/**
 * The one way in which Lintel fetches anything. Follows redirects, never from https to http. What goes wrong is an
 * outcome, whose `trouble` says how long it took; a secret is in none. Never rejects.
 */
export async function download(request: Request, network: Network): Promise<Download> {
  const startMs = readClockMs();
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    const outcome = await attempt(request, network);
    const elapsedMs = Math.round(readClockMs() - startMs);
    if (outcome.isOk) return { ...outcome, elapsedMs };
    const isLast = !outcome.isTemporary || request.signal.aborted || elapsedMs + pauseMs > request.retryMs;
    if (isLast)
      return { ...outcome, trouble: `${outcome.trouble}, after ${renderElapsed(elapsedMs)}`, elapsedMs };
    if (pauseMs === FIRST_PAUSE_MS) request.onRetry?.(outcome.trouble);
    await pause(pauseMs, request.signal);
  }
}

/** "12 ms", "5.0 s". */
export function renderElapsed(elapsedMs: number): string {
  return elapsedMs < 1000 ? `${elapsedMs} ms` : `${(elapsedMs / 1000).toFixed(1)} s`;
}

/** Whether nobody but this machine sees what is sent there. */
export function isLoopback(url: string): boolean {
  const host = URL.parse(url)?.hostname ?? '';
  return host === 'localhost' || host === '[::1]' || /^127(\.\d+){3}$/.test(host);
}

type WithoutTime<T> = T extends unknown ? Omit<T, 'elapsedMs'> : never;
type Outcome = WithoutTime<Download>;

async function attempt(request: Request, network: Network): Promise<Outcome> {
  const timer = new AbortController();
  const { timeoutMs = TIMEOUT_MS } = request;
  const timeout = setTimeout(() => timer.abort(), timeoutMs);
  const signal = AbortSignal.any([timer.signal, request.signal]);
  try {
    return await followRedirects({ ...request, signal }, network);
  } catch (error) {
    if (request.signal.aborted) return fail('given up, since a stop was asked for');
    if (timer.signal.aborted) return fail(`no complete answer within ${renderElapsed(timeoutMs)}`);
    return fail('', explainFailure(error));
  } finally {
    clearTimeout(timeout);
  }
}

async function followRedirects(request: Request, network: Network): Promise<Outcome> {
  let url = new URL(request.url);
  let headers = { ...makeAuthorization(url), ...request.headers };
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const answer = await ask(url, { ...request, headers }, network);
    if (!('location' in answer)) return answer;
    const target = URL.parse(answer.location, url);
    const refusal = refuseRedirect(url, target, answer.status, request);
    if (target === null || refusal !== undefined) return fail(refusal ?? '', { status: answer.status });
    if (target.origin !== url.origin) headers = makeAuthorization(target);
    url = target;
  }
  return fail(`more than ${MAX_REDIRECTS} redirects`);
}

/** The reason not to follow it. */
function refuseRedirect(from: URL, to: URL | null, status: number, request: Request): string | undefined {
  if (to === null) return 'it redirects to what is no URL';
  const where = maskUrl(to.href);
  if (to.protocol !== 'https:' && to.protocol !== 'http:')
    return `it redirects to ${where}, which is not followed`;
  if (from.protocol === 'https:' && to.protocol === 'http:')
    return `it redirects to ${where}, without encryption, which is not followed`;
  if (request.headers !== undefined && to.origin !== from.origin)
    return `it redirects to ${where}, another server, which is not given the secret`;
  if (request.body !== undefined && status !== 307 && status !== 308)
    return `it redirects to ${where} (${status}), where nothing can be posted`;
  return undefined;
}

function makeAuthorization({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === '' && password === '') return {};
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(text).toString('base64')}` };
}

interface Redirect {
  readonly location: string;
  readonly status: number;
}

async function ask(url: URL, request: Request, network: Network): Promise<Outcome | Redirect> {
  // Loaded here, since most boots fetch nothing: it takes 25 ms and 16 MiB.
  const undici = await import('undici');
  const net = process.getBuiltinModule('node:net');
  const proxy = chooseProxy(url, network, (address, subnet) => isInSubnet(net, address, subnet));
  if (proxy?.startsWith('socks4') === true)
    return fail('a socks4 proxy can’t be used, only http, https and socks5');
  if (proxy?.startsWith('https:') === true && net.isIP(bareHost(proxy)) !== 0)
    return fail('an https proxy can’t be used by its address, only by its name');
  const usesTls = url.protocol === 'https:' || proxy?.startsWith('https:') === true;
  const trust = usesTls ? { ca: readTrust(network) } : {};
  const connect = { ...trust, rejectUnauthorized: request.isVerified !== false };
  const common = { connectTimeout: CONNECT_TIMEOUT_MS, allowH2: false };
  const dispatcher =
    proxy === undefined
      ? new undici.Agent({ ...common, connect: { ...connect, timeout: CONNECT_TIMEOUT_MS } })
      : new undici.ProxyAgent({ ...common, uri: proxy, requestTls: connect, proxyTls: trust });
  try {
    const asked = dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: request.body === undefined ? 'GET' : 'POST',
      headers: { 'user-agent': 'lintel', accept: '*/*', ...request.headers },
      ...(request.body === undefined ? {} : { body: request.body }),
      signal: request.signal,
    });
    const answer = await unlessAborted(asked, request.signal);
    const { statusCode: status } = answer;
    const location = textOf(answer.headers['location']);
    if (status >= 300 && status < 400 && location !== '') return { location, status };
    const isOk = status >= 200 && status < 300;
    const limit = isOk ? request.limitBytes : MAX_ANSWER_BYTES;
    const body = await readAtMost(answer.body, limit);
    if (!isOk) return fail(explainStatus(status), { status, answer: body.bytes.toString() });
    if (body.isMore) return fail(`more than ${limit / 1024 / 1024} MiB`, { status });
    return { isOk: true, body: body.bytes, contentType: textOf(answer.headers['content-type']) };
  } catch (error) {
    if (proxy === undefined || request.signal.aborted) throw error;
    const failure = explainFailure(error);
    return fail(`${failure.trouble} (through the proxy ${maskUrl(proxy)})`, failure);
  } finally {
    void dispatcher.destroy().catch(() => undefined);
  }
}

/** undici looks at the signal only once it is connected, and a server or proxy that never says a word does not end that. */
function unlessAborted<T>(asked: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    asked.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** An image without a bundle of the system's has the roots that Node brings. */
function readTrust(network: Network): string[] {
  const { system, extra } = network.readRoots();
  return [
    ...(system === undefined ? process.getBuiltinModule('node:tls').rootCertificates : [system]),
    ...extra,
  ];
}

function bareHost(url: string): string {
  return (URL.parse(url)?.hostname ?? '').replace(/^\[|\]$/g, '');
}

function isInSubnet(net: typeof import('node:net'), address: string, subnet: string): boolean {
  const [network = '', bits = ''] = subnet.split('/');
  const version = net.isIP(network);
  if (version === 0 || net.isIP(address) === 0) return false;
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > (version === 6 ? 128 : 32)) return false;
  const list = new net.BlockList();
  list.addSubnet(network, Number(bits), version === 6 ? 'ipv6' : 'ipv4');
  return list.check(address, net.isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

async function readAtMost(
  body: AsyncIterable<Buffer>,
  limitBytes: number,
): Promise<{ readonly bytes: Buffer; readonly isMore: boolean }> {
  const chunks: Buffer[] = [];
  let count = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    count += chunk.length;
    if (count > limitBytes) return { bytes: Buffer.concat(chunks).subarray(0, limitBytes), isMore: true };
  }
  return { bytes: Buffer.concat(chunks), isMore: false };
}

const STATUSES: Readonly<Record<number, string>> = {
  401: 'the server wants to know who asks',
  403: 'the server refuses access',
  404: 'there is nothing at that address',
  407: 'the proxy wants a user and a password',
  429: 'the server was asked too often',
  500: 'the server has an error of its own',
  502: 'the server behind a gateway does not answer',
  503: 'the server can’t answer now',
  504: 'the server behind a gateway does not answer',
};

function explainStatus(status: number): string {
  const meaning = STATUSES[status];
  return meaning === undefined ? `status ${status}` : `status ${status}, ${meaning}`;
}

function textOf(header: string | string[] | undefined): string {
  return (typeof header === 'string' ? header : header?.[0]) ?? '';
}

function fail(
  trouble: string,
  more: Partial<Extract<Outcome, { isOk: false }>> = {},
): Extract<Outcome, { isOk: false }> {
  const nothing = { isTemporary: false, isVerification: false, status: undefined, answer: '' };
  return { ...nothing, ...more, isOk: false, trouble: trouble || (more.trouble ?? '') };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, ms);
    const stop = () => {
      clearTimeout(timer);
      resolve();
    };
    signal.addEventListener('abort', stop, { once: true });
  });
}
