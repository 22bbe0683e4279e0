import { readValueFile } from '../facts/value-file.ts';
import { type Download, download, isLoopback, renderElapsed } from '../remote/download.ts';
import { makeNetwork } from '../remote/network.ts';
import {
  makeLoginUrl,
  makeSecretPlace,
  parseErrors,
  parseLogin,
  parseSecret,
  type SecretPlace,
} from '../remote/vault.ts';
import { maskUrl } from '../settings/url.ts';
import { complain } from './complaint.ts';
import type { Step, StepContext } from './step.ts';

const MAX_BYTES = 4 * 1024 * 1024;
/** How long a mesh's or a sidecar's proxy may take to come up. */
const RETRY_MS = 10_000;
const ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** Secrets of Vault's become variables. They win over the container's, as what a user chose for this workbench. */
export const vault: Step = {
  name: 'vault',
  // With a wrong setting of Vault's it is not asked for something else; the problem is said with all others.
  isWanted: ({ settings, plan }) =>
    settings.vaultRelativePath !== undefined &&
    !plan.problems.some(({ what }) => /^(FILE__)?VAULT_/.test(what)),
  async run(context) {
    const { settings, log, facts } = context;
    const place = makeSecretPlace(settings);
    if (place === undefined) {
      const missing = settings.vaultAddress === undefined ? 'VAULT_ADDR' : 'VAULT_MOUNT';
      return void complain(context, `Cannot ask Vault for VAULT_RELATIVE_PATH: there is no ${missing}`);
    }
    if (place.url.startsWith('http:') && !isLoopback(place.url))
      log.warn(
        `VAULT_ADDR "${maskUrl(settings.vaultAddress ?? '')}" is not encrypted: token and secrets can be read on their way`,
      );
    const isLogin = settings.vaultSaEnabled === true;
    const token = isLogin ? await logIn(context) : findToken(place, context);
    if (token === undefined) return undefined;
    const known = isLogin ? { VAULT_TOKEN: token } : {};
    const answer = await ask(place.url, token, context);
    const secret = answer.isOk
      ? parseSecret(answer.body.toString(), facts.process.uid === 0)
      : { trouble: explain(answer, READING, token) };
    if ('trouble' in secret) {
      if (!context.stop.aborted)
        complain(context, `Cannot read ${place.name} from Vault (${at(context)}): ${secret.trouble}`);
    } else saySecret(place, secret, answer.elapsedMs, context);
    const set = { ...known, ...('trouble' in secret ? {} : secret.set) };
    return Object.keys(set).length === 0
      ? undefined
      : { set, unset: [], source: `Vault ${place.name}`, isSecret: true };
  },
};

function saySecret(
  { name }: SecretPlace,
  { set, passedOver }: Extract<ReturnType<typeof parseSecret>, { set: unknown }>,
  elapsedMs: number,
  { log }: StepContext,
): void {
  const names = Object.keys(set);
  const list =
    names.length === 0 ? 'no variables' : `${names.length} variable${names.length === 1 ? '' : 's'}`;
  log.info(`Vault: ${list} from ${name}${names.length === 0 ? '' : `: ${names.join(', ')}`}`, {
    ms: elapsedMs,
  });
  if (passedOver.length > 0) log.warn(`Vault: not taken from ${name}: ${passedOver.join(', ')}`);
}

function findToken({ name }: SecretPlace, context: StepContext): string | undefined {
  // A newline at its end is a common slip, and no header can hold one.
  const token = context.settings.vaultToken?.trim() ?? '';
  if (token !== '') return token;
  return void complain(
    context,
    `Cannot read ${name} from Vault: there is neither a VAULT_TOKEN nor VAULT_INJECTION_SA_ENABLED`,
  );
}

/** With the Kubernetes service account's token: Vault's own, which the workbench gets to know too. */
async function logIn(context: StepContext): Promise<string | undefined> {
  const { settings, facts, stop } = context;
  const refuse = (trouble: string) => {
    if (!stop.aborted)
      complain(context, `Cannot log in to Vault (${at(context)}) with the service account: ${trouble}`);
    return undefined;
  };
  const role = settings.vaultSaAuthRole;
  if (role === undefined) return refuse('there is no VAULT_INJECTION_SA_AUTH_ROLE');
  const account = readValueFile('JWT', facts.root + ACCOUNT_TOKEN);
  if ('trouble' in account) return refuse(`${ACCOUNT_TOKEN}: ${account.trouble}`);
  const jwt = account.value.trim();
  const answer = await ask(makeLoginUrl(settings), undefined, context, JSON.stringify({ role, jwt }));
  if (!answer.isOk) return refuse(explain(answer, LOGGING_IN, jwt));
  const token = parseLogin(answer.body.toString());
  return typeof token === 'string' ? token : refuse(token.trouble);
}

function ask(
  url: string,
  token: string | undefined,
  { settings, facts, log, stop }: StepContext,
  body?: string,
): Promise<Download> {
  const { vaultNamespace } = settings;
  const headers = {
    ...(token === undefined ? {} : { 'x-vault-token': token }),
    ...(vaultNamespace === undefined ? {} : { 'x-vault-namespace': vaultNamespace }),
    // Vault's agents and proxies answer only who says that he means Vault.
    'x-vault-request': 'true',
  };
  const onRetry = (trouble: string) =>
    log.warn(`Vault can't be reached yet, it is tried for ${RETRY_MS / 1000} s: ${trouble}`);
  return download(
    {
      url,
      headers,
      ...(body === undefined ? {} : { body }),
      limitBytes: MAX_BYTES,
      retryMs: RETRY_MS,
      signal: stop,
      onRetry,
    },
    makeNetwork(settings, facts),
  );
}

type Meanings = Readonly<Record<number, string>>;

const READING: Meanings = {
  403: 'the token is wrong or has expired, or no policy lets it read this path',
  404: 'there is no such secret, or its latest version is deleted',
  503: 'it is sealed or not ready',
};
const LOGGING_IN: Meanings = {
  400: 'it does not take this role or this account',
  403: 'it does not take this account for this role',
  404: 'nobody can log in at VAULT_INJECTION_SA_AUTH_PATH',
  503: 'it is sealed or not ready',
};

/** With Vault's own words, which hold no secret; should it repeat one, it is masked. */
function explain(
  { status, trouble, answer, elapsedMs }: Extract<Download, { isOk: false }>,
  meanings: Meanings,
  secret: string,
): string {
  const meaning = meanings[status ?? 0];
  const sentence =
    meaning === undefined ? trouble : `status ${status}, ${meaning}, after ${renderElapsed(elapsedMs)}`;
  const said = parseErrors(answer).replaceAll(secret, '***');
  return said === '' ? sentence : `${sentence}; it says "${said}"`;
}

function at({ settings }: StepContext): string {
  return maskUrl(settings.vaultAddress ?? '');
}
