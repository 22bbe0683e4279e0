import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findRefusal } from '../../src/remote/names.ts';

/** Which names a secret of the user's may set. */
const ALWAYS = [
  'PATH',
  'HOME',
  'USER',
  'SHELL',
  'IFS',
  'LINTEL_STRICT',
  'S6_CMD_ARG0',
  'a-b',
  'a.b',
  '1A',
  '',
  'A=B',
  'A\nB',
];
const ROOT = [
  'LD_PRELOAD',
  'GLIBC_TUNABLES',
  'BASH_ENV',
  'ENV',
  'SHELLOPTS',
  'PS4',
  'PYTHONPATH',
  'PERL5LIB',
  'RUBYOPT',
  'NODE_OPTIONS',
  'JAVA_TOOL_OPTIONS',
  '_JAVA_OPTIONS',
  'R_PROFILE_USER',
  'GIT_SSH_COMMAND',
  'GIT_CONFIG_COUNT',
  'TMPDIR',
  'APT_CONFIG',
  'TAR_OPTIONS',
  'RSYNC_RSH',
  'MAKEFLAGS',
  'SUDO_ASKPASS',
  'CONDA_EXE',
  'CONDA_PREFIX',
  'KUBECONFIG',
  'AWS_CONFIG_FILE',
  'CONDA_DIR',
  'CONDA_ENV',
  'PANGEO_ENV',
  'CHOWN_EXTRA',
  'GRANT_SUDO',
  'NB_UID',
  'HOME_TMP',
  'PERSONAL_INIT_SCRIPT',
  'PATH_TO_CA_BUNDLE',
  'FILE__X',
  'VAULT_TOKEN_FILE',
  'SSL_CERT_FILE',
];
const FINE = [
  'A',
  '_a1',
  'DATABASE_URL',
  'AWS_SECRET_ACCESS_KEY',
  'PASSWORD',
  'VNC_PASSWORD',
  'GIT_PERSONAL_ACCESS_TOKEN',
  'GIT_AUTHOR_NAME',
  'PIP_REPOSITORY',
  'CONDA_REPOSITORY',
  'HTTPS_PROXY',
  'NODE_AUTH_TOKEN',
  'ENVIRONMENT',
  'LDAP_PASSWORD',
  'R_TOKEN',
  'PYTHON_TOKEN',
  'USERNAME_DB',
];

test('what decides the boot is never taken', () => {
  for (const name of ALWAYS) for (const isRoot of [true, false]) assert.ok(findRefusal(name, isRoot), name);
});

test('what could act as root is taken by others than root only', () => {
  for (const name of ROOT) {
    assert.ok(findRefusal(name, true), name);
    assert.equal(findRefusal(name, false), undefined, name);
  }
});

test('everything else is taken', () => {
  for (const name of FINE) assert.equal(findRefusal(name, true), undefined, name);
});
