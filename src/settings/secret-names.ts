import { maskUrl, maskUrls } from './url.ts';
import { SECRETS, VARIABLES } from './variables.ts';

/** What stands in place of a secret. */
export const MASK = '***';

/** Those of Lintel's own that only sound like one: LINTEL_SET_PASSWORD is a flag. */
const PLAIN: ReadonlySet<string> = new Set(
  Object.values(VARIABLES).flatMap(({ names }) => names.filter(name => !SECRETS.includes(name))),
);
const KNOWN: ReadonlySet<string> = new Set(SECRETS);
/** DB_PASSWORD, PGPASSWORD, AWS_SECRET_ACCESS_KEY, JUPYTERHUB_API_TOKEN, APIKEY; not TOKENIZERS_PARALLELISM. */
const PART = /(TOKENS?|PASSWORDS?|PASSWD|PASSPHRASE|SECRETS?|KEYS?)$/;
/** SMTP_PASS, MYSQL_PWD, NPM_CONFIG__AUTH: only at the end, since GIT_AUTHOR_NAME and PASS_THROUGH are none. */
const LAST_PART = /^(PASS|PWD|JWT|AUTH|CREDENTIALS?)$/;
/** PASSWORD_FILE: where it is, if that is a path. */
const PLACE = /_(FILE|PATH|DIR)$/;

/** Whether a variable of that name holds a secret, as far as a name can tell: rather one too many. */
export function isSecretName(name: string): boolean {
  if (KNOWN.has(name)) return true;
  if (PLAIN.has(name)) return false;
  const upper = name.toUpperCase();
  const parts = upper.split(/[^A-Z0-9]+/).filter(part => part !== '');
  return (
    upper.startsWith('MC_HOST_') ||
    parts.some(part => PART.test(part)) ||
    (parts.length > 1 && LAST_PART.test(parts.at(-1) ?? ''))
  );
}

/** The value as it may be printed: of a secret nothing, of a URL no credentials. `isSecret`: for another reason than its name. */
export function maskValue(name: string, value: string, isSecret = false): string {
  if (value === '') return value;
  if (isSecret || isSecretValue(name, value)) return MASK;
  // curl and its like take a proxy without a scheme too: user:password@host:3128.
  return /_proxy$/i.test(name) ? maskUrl(value) : maskUrls(value);
}

/** Whether what stands in the variable is a secret, and not the place of one: LINTEL_PASSWORD_FILE holds none. */
export function isSecretValue(name: string, value: string): boolean {
  return isSecretName(name) && !(PLACE.test(name.toUpperCase()) && value.startsWith('/'));
}
