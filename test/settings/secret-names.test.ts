import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isSecretName, maskValue } from '../../src/settings/secret-names.ts';
import { SECRETS } from '../../src/settings/variables.ts';

describe('a name says that a variable is secret', () => {
  const secret = [
    ...SECRETS,
    'DB_PASSWORD',
    'PGPASSWORD',
    'db_password',
    'JUPYTERHUB_API_TOKEN',
    'HF_TOKEN',
    'OPENAI_API_KEY',
    'APIKEY',
    'S3_KEY_ID',
    'MINIO_SECRETS',
    'MC_HOST_s3',
    'SMTP_PASS',
    'MYSQL_PWD',
    'NPM_CONFIG__AUTH',
    'npm_config_//registry.example/:_authToken',
    'GCP_CREDENTIALS',
  ];
  for (const name of secret) test(name, () => assert.equal(isSecretName(name), true));
});

describe('a name says nothing of a secret', () => {
  const plain = [
    'PATH',
    'PWD',
    'OLDPWD',
    'PASS',
    'LINTEL_SET_PASSWORD',
    'GIT_CREDENTIALS_CACHE_DURATION',
    'TOKENIZERS_PARALLELISM',
    'GIT_AUTHOR_NAME',
    'SSH_AUTH_SOCK',
    'KEYBOARD',
    'VAULT_ADDR',
    'HOST_MC_HOST_',
  ];
  for (const name of plain) test(name, () => assert.equal(isSecretName(name), false));
});

describe('what is printed of a value', () => {
  const rows: readonly (readonly [name: string, value: string, shown: string, isSecret?: boolean])[] = [
    ['HF_TOKEN', 'hunter2', '***'],
    ['HF_TOKEN', '', ''],
    ['LANG', 'C.UTF-8', 'C.UTF-8'],
    ['LANG', 'C.UTF-8', '***', true],
    ['PASSWORD_FILE', '/run/secrets/password', '/run/secrets/password'],
    ['PASSWORD_FILE', 'hunter2', '***'],
    ['SSH_KEY_PATH', '/home/ada/.ssh/id', '/home/ada/.ssh/id'],
    ['DATABASE_URL', 'postgres://ada:hunter2@db.example/x', 'postgres://***@db.example/x'],
    ['PIP_INDEX_URL', 'https://mirror.example/simple?sig=hunter2', 'https://mirror.example/simple?***'],
    ['http_proxy', 'ada:hunter2@proxy.example:3128', '***@proxy.example:3128'],
    ['HTTPS_PROXY', 'http://ada:hunter2@proxy.example:3128', 'http://***@proxy.example:3128'],
    ['NO_PROXY', 'localhost,.svc', 'localhost,.svc'],
    ['MC_HOST_s3', 'https://key:hunter2@s3.example', '***'],
  ];
  for (const [name, value, shown, isSecret] of rows)
    test(`${name}=${value}${isSecret === true ? ' from a secret’s file' : ''} is shown as "${shown}"`, () =>
      assert.equal(maskValue(name, value, isSecret), shown));
});
