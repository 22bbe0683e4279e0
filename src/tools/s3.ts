import type { SecretFolder } from '../facts/duckdb.ts';
import type { Facts } from '../facts/facts.ts';
import type { Settings } from '../settings/settings.ts';
import { renderSecret } from './duckdb-secret.ts';
import { type Contribution, type FileWrite, NOTHING, type Tool } from './tool.ts';

/** Servers of Amazon's: other services of theirs stand under other names. */
const AMAZON = /(^|\.)amazonaws\.com(\.cn)?$/;

/**
 * Object storage for the AWS CLI and boto3, arrow, R, mc and duckdb: by variables, as its keys stand in variables too.
 * mc reads its alias as it stands, without decoding anything.
 */
export const s3: Tool = {
  name: 's3',
  configure(settings, facts) {
    const region = settings.awsRegion;
    const regions = region === undefined ? {} : { AWS_REGION: region, AWS_DEFAULT_REGION: region };
    const server = settings.s3Endpoint;
    const duckdb = configureDuckdb(settings, facts);
    if (server === undefined) return { ...NOTHING, files: duckdb.files, defaults: regions };
    const { host, hostname, protocol } = new URL(server);
    const mc = makeMcHost(settings, { host, protocol });
    return {
      files: duckdb.files,
      env: {
        AWS_ENDPOINT_URL_S3: server,
        ...(AMAZON.test(hostname) ? {} : { AWS_ENDPOINT_URL: server }),
        DUCKDB_S3_ENDPOINT: host,
        DUCKDB_S3_USE_SSL: String(protocol === 'https:'),
        ...mc.env,
      },
      defaults: { ...regions, AWS_S3_ENDPOINT: host },
      notes: [`object storage at ${server}`, ...duckdb.notes],
      warnings: mc.warnings,
    };
  },
};

/** The alias s3, as Onyxia has it. */
function makeMcHost(
  { awsAccessKeyId: key, awsSecretAccessKey: secret, awsSessionToken: token }: Settings,
  { host, protocol }: { readonly host: string; readonly protocol: string },
): Pick<Contribution, 'env' | 'warnings'> {
  if (key === undefined || secret === undefined) return { env: {}, warnings: [] };
  // mc splits at colons.
  if (key.includes(':') || secret.includes(':'))
    return { env: {}, warnings: ['mc can’t be given a key with a colon: it gets none'] };
  const credentials = [key, secret, ...(token === undefined ? [] : [token])].join(':');
  return { env: { MC_HOST_s3: `${protocol}//${credentials}@${host}` }, warnings: [] };
}

/**
 * duckdb takes server and keys from variables, but whether buckets stand in the path only from a secret. It holds no
 * key. A secret of the user's own is for the same paths, so that then ours is none.
 */
function configureDuckdb(settings: Settings, facts: Facts): Pick<Contribution, 'files' | 'notes'> {
  const { s3Endpoint: server, s3PathStyle } = settings;
  const isWanted = server !== undefined && s3PathStyle === true;
  const made = facts.duckdb.map(folder => {
    const isTheirs = folder.others.length > 0 && settings.enforce !== true;
    const hasClient = !folder.isForR || facts.configs.r.length > 0;
    const isOurs = isWanted && hasClient && !isTheirs;
    return writeSecret(folder, isOurs ? renderDuckdbSecret(folder.name, new URL(server)) : undefined);
  });
  const theirs = isWanted ? facts.duckdb.flatMap(({ others }) => others) : [];
  return {
    files: made.flat(),
    notes:
      theirs.length === 0 || settings.enforce === true
        ? []
        : [
            `duckdb keeps the user’s own ${theirs.length === 1 ? 'secret' : 'secrets'} ${[...new Set(theirs)].join(', ')}`,
          ],
  };
}

function writeSecret({ file, ours }: SecretFolder, text: string | undefined): FileWrite[] {
  if (text === ours) return [];
  // duckdb trusts no secret that others may read.
  const bytes = text === undefined ? undefined : Buffer.from(text, 'latin1').toString('base64');
  return [{ path: file, text: bytes, encoding: 'base64', mode: 0o600, owner: 'workbench' }];
}

function renderDuckdbSecret(name: string, { host, protocol }: URL): string {
  return renderSecret({
    name,
    type: 's3',
    scope: ['s3://', 's3n://', 's3a://'],
    entries: { endpoint: host, url_style: 'path', use_ssl: protocol === 'https:' },
    hidden: ['secret', 'session_token'],
  });
}
