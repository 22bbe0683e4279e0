import { anyText, endpoint, flag, httpUrl, oneOf, pathInUrl } from '../values.ts';
import { platform, secret, type Variable } from '../variable.ts';

export const VAULT = {
  vaultAddress: platform('VAULT_ADDR', httpUrl, 'Vault server whose secrets become variables.'),
  vaultToken: secret('VAULT_TOKEN', anyText, 'Token for Vault.'),
  vaultNamespace: platform('VAULT_NAMESPACE', anyText, 'Namespace of Vault Enterprise.'),
  vaultMount: platform('VAULT_MOUNT', pathInUrl, 'Where Vault’s KV engine (version 2) is mounted.'),
  vaultTopDir: platform('VAULT_TOP_DIR', pathInUrl, 'Folder of the user’s secrets below the mount.'),
  vaultRelativePath: platform(
    'VAULT_RELATIVE_PATH',
    pathInUrl,
    'Path of the secret below VAULT_TOP_DIR. Without it Vault is not asked.',
  ),
  vaultSaEnabled: platform(
    'VAULT_INJECTION_SA_ENABLED',
    flag,
    'Log in to Vault with the Kubernetes service account instead of VAULT_TOKEN.',
  ),
  vaultSaMode: platform('VAULT_INJECTION_SA_MODE', oneOf(['jwt']), 'How: by the account’s JWT.'),
  vaultSaAuthPath: platform(
    'VAULT_INJECTION_SA_AUTH_PATH',
    pathInUrl,
    'Where Vault’s Kubernetes login is mounted. Default: kubernetes.',
  ),
  vaultSaAuthRole: platform('VAULT_INJECTION_SA_AUTH_ROLE', anyText, 'Vault’s role for that login.'),
} as const satisfies Record<string, Variable<unknown>>;

export const STORAGE = {
  awsAccessKeyId: secret('AWS_ACCESS_KEY_ID', anyText, 'Key of the object storage.'),
  awsSecretAccessKey: secret('AWS_SECRET_ACCESS_KEY', anyText, 'Secret of that key.'),
  awsSessionToken: secret('AWS_SESSION_TOKEN', anyText, 'Token of a temporary key.'),
  awsRegion: platform(['AWS_DEFAULT_REGION', 'AWS_REGION'], anyText, 'Region of the object storage.'),
  s3Endpoint: platform(
    ['AWS_S3_ENDPOINT', 'S3_ENDPOINT'],
    endpoint,
    'S3 server; without a scheme https is meant. For mc, the AWS CLI, R and duckdb.',
  ),
  s3PathStyle: platform(
    ['AWS_PATH_STYLE_ACCESS', 'PATH_STYLE_ACCES'],
    flag,
    'Buckets stand in the path (1) or in the host’s name (0). The second name is an older one of Onyxia’s.',
  ),
} as const satisfies Record<string, Variable<unknown>>;
