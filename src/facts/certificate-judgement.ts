import type { Problem } from '../errors.ts';
import type { CertificateFile } from './certificate-files.ts';
import { type Pem, splitPem } from './pem.ts';
import { type Certificate, parseCertificate } from './x509.ts';

/** The certificates of some files that clients will take for authorities, and what is said of the others. */
export interface Found {
  /** In canonical PEM, each ending with a newline, none twice. */
  readonly extra: readonly string[];
  /** Where they came from, for people. */
  readonly source: string;
  /** What is odd and yet used, one sentence each. */
  readonly warnings: readonly string[];
  readonly problems: readonly Problem[];
}

export interface Judgement {
  /** Mistakes stop the boot. */
  readonly strict: boolean;
  /** Whether the system trusts it already: then its age is not the operator's affair. */
  readonly isKnown: (pem: string) => boolean;
}

export const EXPECTED = 'a PEM file with certificates, a folder of such files, or the PEM text itself';
/** Of many that are wrong in the same way, so many are named. */
const MOST_NAMED = 3;
/** A longer path or name is cut: it may be something else, put there by mistake. */
const MOST_CHARACTERS = 100;

/** What is wrong with a certificate or a file of them. */
type Fault = 'unread' | 'empty' | 'cut' | 'garbled' | 'expired' | 'leaf';

const FAULTS: Readonly<Record<Fault, { readonly expected: string; readonly isMistake: boolean }>> = {
  unread: { expected: EXPECTED, isMistake: true },
  empty: { expected: EXPECTED, isMistake: true },
  cut: { expected: EXPECTED, isMistake: true },
  garbled: { expected: EXPECTED, isMistake: true },
  // Time alone brings that about: it must not keep every container from starting one day.
  expired: { expected: 'certificates that are valid today: left out', isMistake: false },
  leaf: { expected: 'the certificate of the authority that signed it: left out', isMistake: true },
};

export function parseAll(
  files: readonly CertificateFile[],
  about: Judgement & { readonly what: string; readonly source: string; readonly isFolder?: boolean },
): Found {
  const faults: Record<Fault, string[]> = {
    unread: [],
    empty: [],
    cut: [],
    garbled: [],
    expired: [],
    leaf: [],
  };
  const blank: string[] = [];
  const withKey: string[] = [];
  const early: string[] = [];
  const extra = new Set<string>();
  const nowMs = Date.now();
  for (const file of files) {
    if ('trouble' in file) {
      faults.unread.push(`${quote(file.name)} (${file.trouble})`);
      continue;
    }
    const name = quote(file.name);
    const pem = splitPem(file.bytes);
    if (pem.hasPrivateKey) withKey.push(name);
    if (about.isFolder === true && isBlank(file.bytes)) blank.push(`${name} without a certificate`);
    // Kubernetes mounts a key beside its certificate.
    else if (pem.begun === 0 && !(pem.hasPrivateKey && about.isFolder === true))
      faults.empty.push(`${name} without a certificate`);
    if (pem.begun > pem.blocks.length)
      faults.cut.push(`${name} with ${pem.begun - pem.blocks.length} certificate(s) cut short or garbled`);
    for (const { certificate, where } of parseBlocks(pem, name)) {
      if (certificate === undefined) faults.garbled.push(`${where}: no X.509 data`);
      else if (certificate.notAfterMs < nowMs && !about.isKnown(certificate.pem))
        faults.expired.push(`${where}: expired on ${renderDay(certificate.notAfterMs)}`);
      else if (!certificate.isAnchor) faults.leaf.push(`${where}: a server’s or a user’s, no authority’s`);
      else {
        extra.add(certificate.pem);
        if (certificate.notBeforeMs > nowMs)
          early.push(`${where}, from ${renderDay(certificate.notBeforeMs)}`);
      }
    }
  }
  if (extra.size === 0) faults.empty.push(...blank);
  return {
    extra: [...extra],
    source: about.source,
    warnings: [
      ...(early.length === 0 ? [] : [`not valid yet, so clients refuse what they signed: ${few(early)}`]),
      ...(withKey.length === 0
        ? []
        : [`a private key lies in ${few(withKey)}: it is not copied, and better not there`]),
    ],
    problems: Object.entries(faults).flatMap(([fault, seen]) => {
      const { expected, isMistake } = FAULTS[fault as Fault];
      return seen.length === 0
        ? []
        : [{ what: about.what, seen: few(seen), expected, fatal: about.strict && isMistake }];
    }),
  };
}

/** More of it is no mere heading. */
const BLANK_BYTES = 4096;

/** Blanks and comments: what stood above the first certificate of a bundle that was cut to pieces. */
function isBlank(bytes: Buffer): boolean {
  if (bytes.length > BLANK_BYTES) return false;
  return bytes
    .toString('latin1')
    .split('\n')
    .every(line => /^(#|$)/.test(line.trim()));
}

function* parseBlocks(
  { blocks }: Pem,
  name: string,
): Generator<{ readonly certificate: Certificate | undefined; readonly where: string }> {
  for (const [index, { bytes, mayHaveNotes }] of blocks.entries()) {
    const certificate = parseCertificate(bytes, mayHaveNotes);
    const own = certificate === undefined || certificate.name === '' ? '' : ` (${quote(certificate.name)})`;
    yield { certificate, where: `${name}, certificate ${index + 1}${own}` };
  }
}

function few(things: readonly string[]): string {
  const named = things.slice(0, MOST_NAMED).join('; ');
  return things.length > MOST_NAMED ? `${named}; and ${things.length - MOST_NAMED} more` : named;
}

/** "2031-05-04"; of a date that no calendar has, nothing. */
function renderDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** For a message. */
export function quote(text: string): string {
  return JSON.stringify(cut(text));
}

export function cut(text: string): string {
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS)}…`;
}
