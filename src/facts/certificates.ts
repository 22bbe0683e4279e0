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
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----\s([A-Za-z0-9+/=\s]+)-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

export function readCertificates(root: string, settings: Settings): CertificateFacts {
  const wanted = settings.pathToCaBundle;
  const found = wanted === undefined ? readLocal(root) : readWanted(wanted, settings.strict === true);
  if (found.extra.length === 0) return { ...found, system: undefined };
  const system = readSystem(root);
  // What the system trusts already needs no bundle of ours.
  const held = system?.text.replaceAll(/\s/g, '') ?? '';
  const extra = [...new Set(found.extra)].filter(pem => !held.includes(pem.replaceAll(/\s/g, '')));
  if (extra.length === 0) return { ...found, extra, system: undefined };
  return { ...found, extra, system };
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
  const parsed = parseAll(texts, { what, source: wanted, strict });
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
  about: { readonly what: string; readonly source: string; readonly strict: boolean },
): Found {
  const extra: string[] = [];
  const problems: Problem[] = [];
  const complain = (seen: string) =>
    problems.push({ what: about.what, seen, expected: EXPECTED, fatal: about.strict });
  for (const { name, text } of texts) {
    const blocks = [...text.matchAll(PEM)];
    const begun = text.split(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/).length - 1;
    if (begun === 0) complain(`${JSON.stringify(name)} without a certificate`);
    else if (begun > blocks.length)
      complain(`${JSON.stringify(name)} with ${begun - blocks.length} certificate(s) cut short or garbled`);
    for (const [index, [, body = '']] of blocks.entries()) {
      const pem = renderCertificate(body);
      if (pem === undefined) complain(`${JSON.stringify(name)}, certificate ${index + 1}: no X.509 data`);
      else extra.push(pem);
    }
  }
  return { extra, source: about.source, problems };
}

/** The certificate in canonical PEM; undefined unless its bytes are one DER SEQUENCE of just that length. */
function renderCertificate(body: string): string | undefined {
  const der = Buffer.from(body, 'base64');
  const isSequence =
    der.length > 4 && der[0] === 0x30 && der[1] === 0x82 && der.readUInt16BE(2) + 4 === der.length;
  if (!isSequence) return undefined;
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function readSystem(root: string): { path: string; text: string } | undefined {
  for (const name of SYSTEM_BUNDLES) {
    const path = `${root}${name}`;
    const text = readTextIfAny(path);
    if (text?.includes('-----BEGIN')) return { path, text: text.endsWith('\n') ? text : `${text}\n` };
  }
  return undefined;
}
