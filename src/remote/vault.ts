import { findUnusable } from '../environment.ts';
import type { Environment } from '../launch/environ.ts';
import type { Settings } from '../settings/settings.ts';
import { withoutLastSlashes } from '../slashes.ts';
import { findRefusal } from './names.ts';

/** Where a secret of Vault's KV engine, version 2, is. */
export interface SecretPlace {
  /** For people: "kv/ada/tables". */
  readonly name: string;
  readonly url: string;
}

/** undefined where a setting is missing: VAULT_TOP_DIR need not be there. */
export function makeSecretPlace(settings: Settings): SecretPlace | undefined {
  const { vaultAddress, vaultMount, vaultTopDir, vaultRelativePath } = settings;
  if (vaultAddress === undefined || vaultMount === undefined || vaultRelativePath === undefined)
    return undefined;
  const path = [vaultTopDir ?? '', vaultRelativePath].filter(part => part !== '').join('/');
  return { name: `${vaultMount}/${path}`, url: makeUrl(vaultAddress, `${vaultMount}/data/${path}`) };
}

/** Where a Kubernetes service account logs in. */
export function makeLoginUrl({ vaultAddress = '', vaultSaAuthPath = 'kubernetes' }: Settings): string {
  return makeUrl(vaultAddress, `auth/${vaultSaAuthPath}/login`);
}

function makeUrl(address: string, path: string): string {
  return `${withoutLastSlashes(address.replace(/[?#].*$/s, ''))}/v1/${path}`;
}

/** The token that a login was answered with. */
export function parseLogin(text: string): string | { readonly trouble: string } {
  const token = read(read(parseJson(text), 'auth'), 'client_token');
  return typeof token === 'string' && token !== '' ? token : { trouble: 'its answer holds no token' };
}

export interface Secret {
  /** In the order that they are listed in, values byte for byte. */
  readonly set: Environment;
  /** What is not among them, and why: "PATH (decides what programs run)". Never a value. */
  readonly passedOver: readonly string[];
}

/**
 * The variables of a secret: texts as they are, numbers and booleans as they are written, lists and objects as JSON;
 * null is none. Onyxia's own notes (`.onyxia`) only say in which order. `isRoot`: scripts that see them run as root.
 */
export function parseSecret(text: string, isRoot: boolean): Secret | { readonly trouble: string } {
  const answer = parseJson(text);
  if (answer === undefined)
    return { trouble: /^\s*</.test(text) ? 'an HTML page came instead of JSON' : 'its answer is no JSON' };
  const data = read(answer, 'data');
  const secret = read(data, 'data');
  if (!isObject(secret)) {
    if (secret === null) return { trouble: 'its latest version is deleted' };
    return {
      trouble: `its answer has no "data" in "data"${isObject(data) ? ': is the engine version 1?' : ''}`,
    };
  }
  const set: [string, string][] = [];
  const passedOver: string[] = [];
  for (const [name, value] of sortEntries(secret)) {
    if (name === NOTES || value === null) continue;
    const written = typeof value === 'string' ? value : JSON.stringify(value);
    const why = findRefusal(name, isRoot) ?? findUnusable(name, written);
    if (why === undefined) set.push([name, written]);
    else passedOver.push(`${renderName(name)} (${why})`);
  }
  return { set: Object.fromEntries(set), passedOver };
}

const NOTES = '.onyxia';
const MAX_NAME = 60;

/** Those that the notes list come first. */
function sortEntries(secret: Readonly<Record<string, unknown>>): [string, unknown][] {
  const ordering = read(secret[NOTES], 'keysOrdering');
  const listed = Array.isArray(ordering) ? ordering.filter(name => typeof name === 'string') : [];
  const names = new Set([...listed.filter(name => Object.hasOwn(secret, name)), ...Object.keys(secret)]);
  return [...names].map(name => [name, secret[name]]);
}

function renderName(name: string): string {
  return /^\w+$/.test(name) ? name.slice(0, MAX_NAME) : JSON.stringify(name.slice(0, MAX_NAME));
}

/** What Vault says of an error, for people: one printable line. */
export function parseErrors(text: string): string {
  const errors = read(parseJson(text), 'errors');
  if (!Array.isArray(errors)) return '';
  return errors
    .filter(error => typeof error === 'string')
    .join('; ')
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, MAX_ERRORS);
}

const MAX_ERRORS = 200;

/** TypeScript does not know it yet. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** Numbers stay as they are written: 1.0 and 12345678901234567890 are not rounded. */
function parseJson(text: string): unknown {
  const keepNumbers = (_name: string, value: unknown, source?: { readonly source?: string }) =>
    typeof value === 'number' && source?.source !== undefined ? rawJSON(source.source) : value;
  try {
    return JSON.parse(text, keepNumbers);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function read(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}
