import { type Problem, renderCause } from '../errors.ts';
import type { Settings } from '../settings/settings.ts';
import { isDirectory, readNames, readText, readTextIfAny } from './files.ts';

/** Certificates to trust besides the system's. Only certificates: a private key beside one is never taken along. */
export interface CertificateFacts {
  /** PEM blocks, each ending with a newline. */
  readonly extra: readonly string[];
  /** Where they came from, for people. */
  readonly source: string;
  /** The system's own bundle; undefined when there is nothing to add or no bundle. */
  readonly system: { readonly path: string; readonly text: string } | undefined;
  readonly problems: readonly Problem[];
}

/** Debian and Alpine, Fedora and RHEL, older RHEL, openSUSE, BSD-like. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];
const LOCAL_FOLDER = '/usr/local/share/ca-certificates';
const EXPECTED = 'a PEM file with certificates, a folder of such files, or the PEM text itself';
const PEM =
  /-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----\s([A-Za-z0-9+/=\s]+)-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

export function readCertificates(root: string, settings: Settings): CertificateFacts {
  const wanted = settings.pathToCaBundle;
  const found = wanted === undefined ? readLocal(root) : readWanted(wanted, settings.strict === true);
  if (found.extra.length === 0) return { ...found, system: undefined };
  const system = readSystem(root);
  // What the system trusts already needs no bundle of ours. Its bundle is in canonical PEM too.
  const extra = [...new Set(found.extra)].filter(pem => system?.text.includes(bodyOf(pem)) !== true);
  if (extra.length === 0) return { ...found, extra, system: undefined };
  return { ...found, extra, system };
}

function bodyOf(pem: string): string {
  return pem.slice(pem.indexOf('\n') + 1, pem.indexOf('-----END'));
}

type Found = Omit<CertificateFacts, 'system'>;

function readWanted(wanted: string, strict: boolean): Found {
  const what = 'PATH_TO_CA_BUNDLE';
  if (wanted.includes('-----BEGIN'))
    return parseAll([{ name: `${what} (inline)`, text: wanted }], {
      what,
      source: `${what} (inline PEM)`,
      strict,
    });
  const paths = isDirectory(wanted)
    ? readNames(wanted)
        .filter(name => /\.(pem|crt|cer)$/i.test(name))
        .map(name => `${wanted}/${name}`)
    : [wanted];
  const texts: { name: string; text: string }[] = [];
  const problems: Problem[] = [];
  for (const path of paths) {
    const text = tryRead(path);
    if (typeof text === 'string') texts.push({ name: path, text });
    else
      problems.push({
        what,
        seen: `${JSON.stringify(path)} (${text.trouble})`,
        expected: EXPECTED,
        fatal: strict,
      });
  }
  if (paths.length === 0)
    problems.push({
      what,
      seen: `folder ${JSON.stringify(wanted)} without *.pem, *.crt or *.cer`,
      expected: EXPECTED,
      fatal: strict,
    });
  const parsed = parseAll(texts, { what, source: wanted, strict, isFolder: isDirectory(wanted) });
  return { ...parsed, problems: [...problems, ...parsed.problems] };
}

/** What a platform mounted for update-ca-certificates, which needs root to take effect. */
function readLocal(root: string): Found {
  const folder = `${root}${LOCAL_FOLDER}`;
  const names = readNames(folder).filter(name => name.endsWith('.crt'));
  const texts = names.map(name => ({
    name: `${folder}/${name}`,
    text: readTextIfAny(`${folder}/${name}`) ?? '',
  }));
  return parseAll(texts, { what: folder, source: folder, strict: false });
}

function tryRead(path: string): string | { readonly trouble: string } {
  try {
    return readText(path) ?? { trouble: 'no such file' };
  } catch (error) {
    return { trouble: renderCause(error) };
  }
}

function parseAll(
  texts: readonly { readonly name: string; readonly text: string }[],
  about: {
    readonly what: string;
    readonly source: string;
    readonly strict: boolean;
    readonly isFolder?: boolean;
  },
): Found {
  const extra: string[] = [];
  const problems: Problem[] = [];
  // Kubernetes mounts tls.key beside tls.crt.
  const isFolder = about.isFolder === true;
  const complain = (seen: string) =>
    problems.push({ what: about.what, seen, expected: EXPECTED, fatal: about.strict });
  for (const { name, text } of texts) {
    const blocks = [...text.matchAll(PEM)];
    const begun = text.split(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/).length - 1;
    if (begun === 0 && isFolder && text.includes('PRIVATE KEY-----')) continue;
    if (begun === 0) complain(`${JSON.stringify(name)} without a certificate`);
    else if (begun > blocks.length)
      complain(`${JSON.stringify(name)} with ${begun - blocks.length} certificate(s) cut short or garbled`);
    for (const [index, [, kind, body = '']] of blocks.entries()) {
      const pem = renderCertificate(body, kind === 'TRUSTED ');
      if (pem === undefined) complain(`${JSON.stringify(name)}, certificate ${index + 1}: no X.509 data`);
      else extra.push(pem);
    }
  }
  return { extra, source: about.source, problems };
}

/**
 * The certificate in canonical PEM; undefined unless its bytes are whole. OpenSSL's "trusted certificates" carry
 * notes behind the certificate, which no other client reads: they are left out.
 */
function renderCertificate(body: string, mayHaveNotes: boolean): string | undefined {
  const bytes = Buffer.from(body, 'base64');
  const end = findEnd(bytes, 0, bytes.length);
  if (end === undefined || !isSigned(bytes, end) || (end < bytes.length && !mayHaveNotes)) return undefined;
  const lines = bytes.toString('base64', 0, end).match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** X.509's outermost form: a sequence of the contents, the algorithm, and the signature as a bit string. */
function isSigned(bytes: Buffer, end: number): boolean {
  const first = bytes[1] ?? 0;
  const tags: (number | undefined)[] = [bytes[0]];
  for (let next = first < 0x80 ? 2 : first - 0x80 + 2; next < end; next = findEnd(bytes, next, end) ?? end) {
    tags.push(bytes[next]);
  }
  return tags.join() === [SEQUENCE, SEQUENCE, SEQUENCE, BIT_STRING].join();
}

const SEQUENCE = 0x30;
const BIT_STRING = 0x03;
/** The bit of a DER tag that says that elements are inside. */
const CONSTRUCTED = 0x20;

/**
 * Where the DER element at `start` ends; undefined when it, or an element inside, does not fit its place. Finds
 * garbled bytes in nearly all places without loading a cryptography library, which would double the boot.
 */
function findEnd(bytes: Buffer, start: number, limit: number): number | undefined {
  const tag = bytes[start];
  const first = bytes[start + 1];
  if (tag === undefined || first === undefined || start + 2 > limit) return undefined;
  const lengthBytes = first < 0x80 ? 0 : first - 0x80;
  if (lengthBytes > 3 || start + 2 + lengthBytes > limit) return undefined;
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(start + 2, lengthBytes);
  const inside = start + 2 + lengthBytes;
  const end = inside + length;
  if (end > limit) return undefined;
  if ((tag & CONSTRUCTED) === 0) return end;
  let next: number | undefined = inside;
  while (next !== undefined && next < end) next = findEnd(bytes, next, end);
  return next === end ? end : undefined;
}

function readSystem(root: string): { path: string; text: string } | undefined {
  for (const name of SYSTEM_BUNDLES) {
    const path = `${root}${name}`;
    const text = readTextIfAny(path);
    if (text?.includes('-----BEGIN')) return { path, text: text.endsWith('\n') ? text : `${text}\n` };
  }
  return undefined;
}
