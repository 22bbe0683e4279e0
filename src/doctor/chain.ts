import type { PeerCertificate, TLSSocket } from 'node:tls';
import { renderCause } from '../errors.ts';

/** A certificate that the server shows. */
export interface Shown {
  readonly subject: string;
  readonly issuer: string;
  /** ISO 8601. */
  readonly validTo: string;
}

/** Whether certain roots are enough for what the server shows. */
export interface Verdict {
  readonly roots: string;
  readonly isTrusted: boolean;
  /** OpenSSL's word for what is missing; "" when nothing is. */
  readonly why: string;
}

export interface Chain {
  readonly shown: readonly Shown[];
  readonly verdicts: readonly Verdict[];
  /** Why there is none. */
  readonly trouble: string | undefined;
}

/** Some roots: what they are called, and their certificates; undefined for those of Node's own. */
export interface Roots {
  readonly name: string;
  readonly pem: string | undefined;
}

const TIMEOUT_MS = 10_000;
/** More than any server shows; a chain may lead back to itself. */
const MOST_CERTIFICATES = 10;

/** Asks the server for its certificates, straight and without sending anything else, by each of the roots. Never rejects. */
export async function readChain(url: URL, roots: readonly Roots[]): Promise<Chain> {
  const tls = process.getBuiltinModule('node:tls');
  const looks = await Promise.all(
    roots.map(({ pem }) => {
      const { promise, resolve } = Promise.withResolvers<Look>();
      const socket = tls.connect({
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: Number(url.port || 443),
        // It is an address's affair alone where there is no name.
        ...(/^[\d.]+$|:/.test(url.hostname) ? {} : { servername: url.hostname }),
        rejectUnauthorized: false,
        ca: pem ?? [...tls.rootCertificates],
      });
      socket.setTimeout(TIMEOUT_MS, () =>
        socket.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)),
      );
      socket.on('error', error => resolve({ trouble: explain(error) }));
      socket.once('secureConnect', () => {
        resolve(look(socket));
        socket.destroy();
      });
      return promise;
    }),
  );
  const verdicts = looks.flatMap((seen, index) =>
    'why' in seen ? [{ roots: roots[index]?.name ?? '', isTrusted: seen.why === '', why: seen.why }] : [],
  );
  const seen = looks.find(one => 'shown' in one);
  const failed = looks.find(one => 'trouble' in one);
  return { shown: seen?.shown ?? [], verdicts, trouble: seen === undefined ? failed?.trouble : undefined };
}

type Look = { readonly shown: readonly Shown[]; readonly why: string } | { readonly trouble: string };

/** What OpenSSL finds where it expected TLS. */
function explain(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ERR_SSL_WRONG_VERSION_NUMBER'
    ? 'what answers there speaks no TLS (plain http?)'
    : renderCause(error);
}

function look(socket: TLSSocket): Look {
  // Node's types have an Error, its sockets a code.
  const error: unknown = socket.authorizationError;
  const why = socket.authorized ? '' : error instanceof Error ? error.message : String(error);
  return { shown: listShown(socket.getPeerCertificate(true)), why };
}

function listShown(leaf: PeerCertificate): Shown[] {
  const shown: Shown[] = [];
  const seen = new Set<string>();
  let next: PeerCertificate | undefined = leaf;
  while (next?.subject !== undefined && !seen.has(next.fingerprint256) && shown.length < MOST_CERTIFICATES) {
    seen.add(next.fingerprint256);
    shown.push({
      subject: nameOf(next.subject),
      issuer: nameOf(next.issuer),
      validTo: new Date(next.valid_to).toISOString(),
    });
    next = 'issuerCertificate' in next ? (next.issuerCertificate as PeerCertificate) : undefined;
  }
  return shown;
}

/** The common name, else the organisation; several of one kind come as a list. */
function nameOf({ CN, O }: Partial<Record<'CN' | 'O', string | string[]>>): string {
  return [CN ?? O ?? 'no name'].flat().join(', ');
}
