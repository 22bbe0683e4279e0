import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ONYXIA_VARIABLES } from '../../src/settings/onyxia-variables.ts';
import { parseSettings } from '../../src/settings/settings.ts';
import { VARIABLES } from '../../src/settings/variables.ts';

/*
 * Every variable that a platform may set and that onyxia-init.sh or onyxia-set-repositories.sh reads, in any of the
 * versions that were found: https://github.com/InseeFrLab/images-datascience, of 2021 (onyxia-init.sh,
 * base/onyxia-init.sh), of 2022 and 2023 (base/common-scripts, scripts) and of 2024 and later (base/scripts). HOME and
 * PATH are everybody's, SUDO and MC_HOST_s3 the script's own.
 */
const READ_BY_ONYXIA = [
  'AWS_ACCESS_KEY_ID',
  'AWS_DEFAULT_REGION',
  'AWS_EXPIRATION',
  'AWS_PATH_STYLE_ACCESS',
  'AWS_S3_ENDPOINT',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'CONDA_DIR',
  'CONDA_REPOSITORY',
  'CUSTOM_PYTHON_ENV',
  'DARK_MODE',
  'ENABLE_JUPYTER_AI_EXTENSION',
  'EXTRA_APT_PACKAGES',
  'EXTRA_CONDA_PACKAGES',
  'EXTRA_PIP_PACKAGES',
  'FAUXPILOT_SERVER',
  'GIT_BRANCH',
  'GIT_CREDENTIALS_CACHE_DURATION',
  'GIT_PERSONAL_ACCESS_TOKEN',
  'GIT_REPOSITORY',
  'GIT_USER_MAIL',
  'GIT_USER_NAME',
  'GROUPNAME',
  'HADOOP_HOME',
  'HADOOP_OPTIONAL_TOOLS',
  'HTTPS_PROXY',
  'HTTP_PROXY',
  'IMAGE_NAME',
  'JAVA_HOME',
  'KUBERNETES_SERVICE_HOST',
  'MAMBA_DIR',
  'NO_PROXY',
  'PACKAGE_MANAGER_URL',
  'PATH_STYLE_ACCES',
  'PATH_TO_CA_BUNDLE',
  'PERSONAL_INIT_ARGS',
  'PERSONAL_INIT_SCRIPT',
  'PIP_REPOSITORY',
  'PROJECT_GROUP',
  'PROJECT_USER',
  'REGION_INIT_SCRIPT',
  'ROOT_PROJECT_DIRECTORY',
  'R_HOME',
  'R_REPOSITORY',
  'SPARK_HOME',
  'URL_INIT_SERVICE',
  'USERNAME',
  'VAULT_ADDR',
  'VAULT_INJECTION_SA_AUTH_PATH',
  'VAULT_INJECTION_SA_AUTH_ROLE',
  'VAULT_INJECTION_SA_ENABLED',
  'VAULT_INJECTION_SA_MODE',
  'VAULT_MOUNT',
  'VAULT_RELATIVE_PATH',
  'VAULT_TOKEN',
  'VAULT_TOP_DIR',
  'WORKSPACE_DIR',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  // What its README calls PATH_TO_CA_BUNDLE.
  'PATH_TO_CABUNDLE',
] as const;

const SETTINGS: readonly string[] = Object.values(VARIABLES).flatMap(({ names }) => [...names]);
const OTHERS = [...Object.keys(ONYXIA_VARIABLES.always), ...Object.keys(ONYXIA_VARIABLES.never)];
const NONE: readonly string[] = [];

describe('of the variables of onyxia-init.sh', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/variables.md'), 'utf8');

  for (const name of READ_BY_ONYXIA) {
    test(`${name} is a setting or has a reason, and stands in docs/variables.md once`, () => {
      assert.equal(SETTINGS.includes(name) !== OTHERS.includes(name), true);
      const rows = page.split('\n').filter(line => line.startsWith('| ') && line.includes(`\`${name}\``));
      assert.equal(rows.length, 1, rows.join('\n'));
    });
  }

  test('every one with a reason is one that it reads', () => {
    assert.deepEqual(
      OTHERS.filter(name => !(READ_BY_ONYXIA as readonly string[]).includes(name)),
      NONE,
    );
  });

  for (const name of Object.keys(ONYXIA_VARIABLES.never)) {
    test(`${name} is named when it asks for something`, () => {
      const warn = (value: string) => parseSettings({ [name]: value }).warnings;
      const reason = ONYXIA_VARIABLES.never[name];
      assert.deepEqual(warn('x'), [`without effect: ${name} (${reason}); see docs/onyxia.md`]);
      for (const nothing of ['', ' ', 'false', '0']) assert.deepEqual(warn(nothing), NONE);
    });
  }

  for (const name of Object.keys(ONYXIA_VARIABLES.always)) {
    test(`${name} needs no setting, and is nothing to talk about`, () => {
      assert.deepEqual(parseSettings({ [name]: 'x' }).warnings, NONE);
    });
  }
});
