import type { Problem } from '../errors.ts';
import type { Environment } from '../launch/environ.ts';
import { SECRETS } from '../settings/variables.ts';
import { readValueFile } from './value-file.ts';

/** linuxserver's way: FILE__NAME=/path sets NAME, for any name. */
const PREFIX = 'FILE__';
/** Docker's way: NAME_FILE=/path sets NAME, for SECRETS alone. SSL_CERT_FILE and many more end alike and mean something else. */
const SUFFIX = '_FILE';

export interface SecretFiles {
  /** With the variables that files hold. */
  readonly environment: Environment;
  /** Those variables: their values are shown nowhere. */
  readonly names: ReadonlySet<string>;
  /** Who brought which of them: "PASSWORD_FILE=/run/secrets/password" -> PASSWORD. */
  readonly sources: ReadonlyMap<string, Environment>;
  /** The platform's, none of them fatal. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}

/** Reads the files that variables name. An empty variable, or one of blanks, counts as an absent one. Never throws. */
export function readSecretFiles(environment: Environment): SecretFiles {
  const found = new Map<string, string>();
  const sources = new Map<string, Environment>();
  const problems: Problem[] = [];
  const warnings: string[] = [];
  for (const [by, name] of findNamers(environment)) {
    if (found.has(name)) {
      warnings.push(`${by} and ${PREFIX}${name} are both set: ${PREFIX}${name} wins`);
      continue;
    }
    const read = readSecret(name, environment[by] ?? '');
    if ('trouble' in read) {
      problems.push({ what: by, seen: read.trouble, expected: EXPECTED, fatal: false });
      continue;
    }
    // A Lintel above this one has set what it found in the file.
    if ((environment[name] || read.value) !== read.value)
      warnings.push(`${by} and ${name} are both set: the file wins`);
    found.set(name, read.value);
    sources.set(`${by}=${environment[by]}`, { [name]: read.value });
  }
  if (found.size === 0) return { environment, names: new Set(), sources, problems, warnings };
  return {
    environment: { ...environment, ...Object.fromEntries(found) },
    names: new Set(found.keys()),
    sources,
    problems,
    warnings,
  };
}

/** The variables that may name a file for `name`. */
export function namersOf(name: string): string[] {
  return [PREFIX + name, ...(SECRETS.includes(name) ? [name + SUFFIX] : [])];
}

/** Whether a file's path stands in the variable. */
export function isNamer(variable: string): boolean {
  return variable.startsWith(PREFIX) || SECRETS.some(name => name + SUFFIX === variable);
}

const EXPECTED = 'the path of a readable file with text for one variable';

/** Variables that are set, and what each is to set; FILE__ first. */
function findNamers(environment: Environment): (readonly [by: string, name: string])[] {
  const prefixed = Object.keys(environment)
    .filter(by => by.startsWith(PREFIX) && by !== PREFIX)
    .map(by => [by, by.slice(PREFIX.length)] as const);
  const known = SECRETS.map(name => [name + SUFFIX, name] as const);
  return [...prefixed, ...known].filter(([by]) => (environment[by] ?? '').trim() !== '');
}

function readSecret(name: string, path: string): ReturnType<typeof readValueFile> {
  // Not shown: whoever takes FILE__NAME for NAME writes the secret there.
  if (!path.startsWith('/')) return { trouble: 'no absolute path' };
  const read = readValueFile(name, path);
  return 'trouble' in read ? { trouble: `${JSON.stringify(path)}: ${read.trouble}` } : read;
}
