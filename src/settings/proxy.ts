/** A proxy as clients that take no URL want it. */
export interface Proxy {
  /** "http", "https", "socks5" …: how the proxy itself is spoken to. */
  readonly protocol: string;
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
  /** As they are meant, not as they stand in the URL; "" for none. */
  readonly user: string;
  readonly password: string;
}

const PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };
const SOCKS_PORT = 1080;

/** Of HTTP_PROXY and the like, also without a scheme, as curl takes it; undefined for what is none. */
export function parseProxy(text: string): Proxy | undefined {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  if (url === null || url.hostname === '') return undefined;
  const protocol = url.protocol.slice(0, -1);
  return {
    protocol,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (PORTS[protocol] ?? SOCKS_PORT) : Number(url.port),
    user: decode(url.username),
    password: decode(url.password),
  };
}

/** The hosts of NO_PROXY, each without blanks: "localhost", ".svc", "10.0.0.0/8". */
export function parseNoProxy(text: string): string[] {
  return text.split(/[\s,]+/).filter(host => host !== '');
}

/** Whether requests to this container itself stay in it: no proxy can reach its loopback. */
export function sparesLoopback(noProxy: readonly string[]): boolean {
  return noProxy.some(host => host === '*' || host === 'localhost' || host.startsWith('127.'));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
