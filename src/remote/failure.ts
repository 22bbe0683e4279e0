import { renderCause } from '../errors.ts';

/** Why there is no answer. Never holds a secret. */
export interface Failure {
  /** A clause: "connection refused". */
  readonly trouble: string;
  /** The connection failed, so that another attempt may succeed. */
  readonly isTemporary: boolean;
  /** Only the server's certificate was not trusted. */
  readonly isVerification: boolean;
}

/** What connecting and reading can end with, in words. */
export function explainFailure(error: unknown): Failure {
  const { code, cause } = findCode(error);
  const mistrust = explainMistrust(code, cause);
  if (mistrust !== undefined) return { trouble: mistrust, isTemporary: false, isVerification: true };
  return {
    trouble: explain(code, cause),
    isTemporary: code !== undefined && TEMPORARY.has(code),
    isVerification: false,
  };
}

const TEMPORARY = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_PRX_CONN',
  'UND_ERR_SOCKET',
]);

const SENTENCES: Readonly<Record<string, string>> = {
  EPIPE: 'connection closed without an answer',
  ERR_SSL_WRONG_VERSION_NUMBER: 'what answers there speaks no TLS: is http:// meant?',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'what answers there speaks no TLS: is http:// meant?',
  ETIMEDOUT: 'no connection in time',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_HEADERS_OVERFLOW: 'the headers of its answer are too large',
  UND_ERR_PRX_CONN: 'the proxy closed the connection',
  UND_ERR_PRX_TLS: 'the proxy’s certificate is not trusted',
  UND_ERR_SOCKET: 'connection closed before the answer was complete',
};

function explain(code: string | undefined, cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  const refusal = /Proxy response \((\d+)\)/.exec(message)?.[1];
  if (refusal !== undefined && refusal !== '407') return `the proxy refuses with status ${refusal}`;
  if (/\b407\b/.test(message)) return 'the proxy wants a user and a password (407)';
  if (cause instanceof Error && cause.name === 'HTTPParserError') return 'what answers there speaks no HTTP';
  const sentence = SENTENCES[code ?? ''];
  if (sentence === undefined && code?.startsWith('ERR_SSL_'))
    return `no TLS connection: ${code.slice('ERR_SSL_'.length).toLowerCase().replaceAll('_', ' ')}`;
  return sentence ?? renderCause(cause);
}

/** Both come from OpenSSL's list of reasons, in Node's spelling. */
const UNKNOWN_AUTHORITY =
  'its certificate comes from an authority that is not trusted here (see PATH_TO_CA_BUNDLE)';
const MISTRUST: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: is the clock right?',
  CERT_REVOKED: 'its certificate has been revoked',
  CERT_SIGNATURE_FAILURE: 'the signature of its certificate is wrong',
  CERT_UNTRUSTED: UNKNOWN_AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'its certificate is signed by itself and not trusted here (see PATH_TO_CA_BUNDLE)',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
  HOSTNAME_MISMATCH: 'its certificate is for another host',
  INVALID_CA: 'its certificate was issued by what is no authority',
  INVALID_PURPOSE: 'its certificate is not one for servers',
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
};
const OTHER_MISTRUST = /^(CERT_|CRL_|UNABLE_TO_(DECRYPT|DECODE|GET_CRL)|ERROR_IN_CERT|PATH_LENGTH_EXCEEDED)/;

function explainMistrust(code: string | undefined, cause: unknown): string | undefined {
  if (code === undefined) return undefined;
  const sentence = MISTRUST[code];
  if (code !== 'ERR_TLS_CERT_ALTNAME_INVALID')
    return sentence ?? (OTHER_MISTRUST.test(code) ? `its certificate is not trusted (${code})` : undefined);
  const names = /is not in the cert's altnames: (.+)$/.exec(cause instanceof Error ? cause.message : '')?.[1];
  return names === undefined ? sentence : `${sentence}: ${names.replaceAll(/[^\x20-\x7e]/g, '?')}`;
}

/** The system's or the library's word for it, and who said it: it may be wrapped, or one of several attempts'. */
function findCode(error: unknown, depth = 0): { code: string | undefined; cause: unknown } {
  if (!(error instanceof Error) || depth > 5) return { code: undefined, cause: error };
  const { code, cause } = error as NodeJS.ErrnoException & { cause?: unknown };
  if (code === 'UND_ERR_PRX_CONN' && cause instanceof Error) {
    const inner = findCode(cause, depth + 1);
    if (inner.code !== undefined && inner.code !== 'UND_ERR_SOCKET') return inner;
  }
  if (typeof code === 'string') return { code, cause: error };
  if (error instanceof AggregateError) return findCode(error.errors[0], depth + 1);
  return cause === undefined ? { code: undefined, cause: error } : findCode(cause, depth + 1);
}
