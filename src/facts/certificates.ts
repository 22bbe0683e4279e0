import type { Environment } from '../launch/environ.ts';
import type { Settings } from '../settings/settings.ts';
import { VARIABLES } from '../settings/variables.ts';
import { listCertificateFiles, listLocalFiles, readInline } from './certificate-files.ts';
import { cut, EXPECTED, type Found, type Judgement, parseAll, quote } from './certificate-judgement.ts';
import { readStat, readTextIfAny } from './files.ts';
import { findStore, type StoreFacts } from './system-store.ts';

/** Certificates to trust besides the system's. Only certificates: a private key beside one is never taken along. */
export interface CertificateFacts extends Found {
  /** Those of `extra` that the system's bundle lacks. */
  readonly lacking: readonly string[];
  /** The system's own bundle, as it was before any boot of ours; undefined when there is nothing to add or no bundle. */
  readonly system: { readonly path: string; readonly text: string } | undefined;
  readonly store: StoreFacts;
  /** The container's own variables of that kind which name what is not there. */
  readonly broken: Readonly<Record<string, string>>;
}

/** What Lintel's own downloads trust: the system's bundle, and what is added to it. */
export function readRoots(
  root: string,
  { system, extra }: CertificateFacts,
): { readonly system: string | undefined; readonly extra: readonly string[] } {
  return { system: (system ?? readSystem(root, Object.values(findStore(root).installed)))?.text, extra };
}

/** Debian and Alpine, Fedora and RHEL, older RHEL, openSUSE, BSD-like. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** Variables by which a client takes a file of certificates for all that it trusts, or for more to trust. */
const CERTIFICATE_VARIABLES = [
  'AWS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'NODE_EXTRA_CA_CERTS',
  'PIP_CERT',
  'REQUESTS_CA_BUNDLE',
  'SSL_CERT_FILE',
] as const;

export function readCertificates(
  root: string,
  settings: Settings,
  environment: Environment = {},
): CertificateFacts {
  const wanted = settings.pathToCaBundle;
  const { installed, ...store } = findStore(root);
  const readOwn = once(() => readSystem(root, Object.values(installed)));
  const isKnown = (pem: string) => readOwn()?.bodies.has(bodyOf(pem)) === true;
  const found =
    wanted === undefined
      ? readLocal(root, isKnown)
      : readWanted(wanted, nameVariable(environment), { isKnown, strict: settings.strict === true });
  const { extra } = found;
  const system = extra.length === 0 ? undefined : readOwn();
  const lacking = extra.filter(pem => !isKnown(pem));
  return {
    ...found,
    lacking,
    system: system === undefined ? undefined : { path: system.path, text: system.text },
    store: {
      ...store,
      ...compare(installed, wanted === undefined ? [] : lacking),
      hasAll: lacking.every(pem => system?.oursInIt.has(pem) === true),
    },
    broken: findBroken(environment),
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

interface SystemBundle {
  readonly path: string;
  /** Without what an earlier boot of ours put there, which is no part of the system. */
  readonly text: string;
  readonly bodies: ReadonlySet<string>;
  readonly oursInIt: ReadonlySet<string>;
}

/** Without `installed`, which stands in the bundle as it was put into the store. undefined where there is none. */
export function readSystem(root: string, installed: readonly string[]): SystemBundle | undefined {
  for (const name of SYSTEM_BUNDLES) {
    const path = `${root}${name}`;
    const whole = readTextIfAny(path);
    if (whole?.includes('-----BEGIN') !== true) continue;
    const oursInIt = new Set(installed.filter(pem => pem !== '' && whole.includes(pem)));
    const text = [...oursInIt].reduce((rest, pem) => rest.replaceAll(pem, ''), whole);
    return { path, text: text.endsWith('\n') ? text : `${text}\n`, bodies: listBodies(text), oursInIt };
  }
  return undefined;
}

function listBodies(bundle: string): Set<string> {
  return new Set(
    bundle.split('-----BEGIN CERTIFICATE-----\n').map(part => part.slice(0, part.indexOf('-----'))),
  );
}

function bodyOf(pem: string): string {
  return pem.slice(pem.indexOf('\n') + 1, pem.indexOf('-----END'));
}

/** One certificate a file, as OpenSSL's links to them want it. */
function compare(
  installed: Readonly<Record<string, string>>,
  wanted: readonly string[],
): Pick<StoreFacts, 'add' | 'remove'> {
  const files = wanted.map((text, index) => ({ name: `lintel-${index + 1}.crt`, text }));
  const names = new Set(files.map(({ name }) => name));
  return {
    add: files.filter(({ name, text }) => installed[name] !== text),
    remove: Object.keys(installed).filter(name => !names.has(name)),
  };
}

function readWanted(wanted: string, variable: string, judgement: Judgement): Found {
  const inline = readInline(wanted);
  if (inline !== undefined)
    return parseAll([{ name: `${variable} (inline)`, bytes: inline }], {
      what: variable,
      source: `${variable} (inline PEM)`,
      ...judgement,
    });
  const { files, isFolder } = listCertificateFiles(wanted);
  const parsed = parseAll(files, { what: variable, source: cut(wanted), isFolder, ...judgement });
  if (files.length > 0) return parsed;
  const seen = `folder ${quote(wanted)} without *.pem, *.crt, *.cer or *.der`;
  return { ...parsed, problems: [{ what: variable, seen, expected: EXPECTED, fatal: judgement.strict }] };
}

/** Of its two names the one that is set. */
function nameVariable(environment: Environment): string {
  const { names } = VARIABLES.pathToCaBundle;
  return names.find(name => (environment[name] ?? '').trim() !== '') ?? names[0] ?? '';
}

/** What a platform mounted for update-ca-certificates, which needs root to take effect. */
function readLocal(root: string, isKnown: Judgement['isKnown']): Found {
  const { files, folder } = listLocalFiles(root);
  return parseAll(files, { what: folder, source: folder, strict: false, isKnown, isFolder: true });
}

function findBroken(environment: Environment): Record<string, string> {
  const set = CERTIFICATE_VARIABLES.map(name => [name, environment[name] ?? ''] as const);
  return Object.fromEntries(set.filter(([, path]) => path !== '' && readStat(path) === undefined));
}
