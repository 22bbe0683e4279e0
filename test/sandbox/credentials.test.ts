import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLIENTS } from './clients.ts';
import { WORKBENCH_USER, whyNot } from './container.ts';
import { MIRROR_PROGRAMS, MIRROR_USER, makeMirror, ORIGINS } from './mirror.ts';
import { AUTHORITY_FILE, assertProof, tryCommands } from './try-commands.ts';

/** Of a mirror that asks who it is. */
const ORIGIN = ORIGINS.https.replace('//', `//${MIRROR_USER.name}:${MIRROR_USER.password}@`);
const SETTINGS = {
  PIP_REPOSITORY: `${ORIGIN}/private/pypi/simple`,
  R_REPOSITORY: `${ORIGIN}/private/cran`,
  CONDA_REPOSITORY: `${ORIGIN}/private/conda`,
  NPM_REPOSITORY: `${ORIGIN}/private/npm/https`,
  PATH_TO_CA_BUNDLE: AUTHORITY_FILE,
};
const PLACES = { origin: ORIGINS.https };
const PROGRAMS = [
  ...MIRROR_PROGRAMS,
  ...CLIENTS.pip.programs,
  ...CLIENTS.R.programs,
  ...CLIENTS.npm.programs,
];

/** Looks, as nobody, for the password in all that may be read; the canary has to be found. */
const SCAN = `#!/bin/sh
setpriv --reuid 65534 --regid 65534 --clear-groups env -i grep -rlsFf - /etc /home /root /run /tmp /usr/local /var \
  /proc/[0-9]*/cmdline /proc/[0-9]*/environ </srv/secrets >/run/found
mv /run/found /srv/found
exec sleep infinity
`;
const SECRETS = [
  MIRROR_USER.password,
  Buffer.from(`${MIRROR_USER.name}:${MIRROR_USER.password}`).toString('base64'),
];
const FOUND = ['/bin/sh', '-c', 'until [ -e /srv/found ]; do sleep 0.05; done; exec cat /srv/found'];

for (const [how, options] of [
  ['as root', {}],
  ['as uid 1000', { user: WORKBENCH_USER }],
] as const) {
  test(`a mirror's credentials reach its clients and no other user, started ${how}`, {
    skip: whyNot({ isRoot: true, programs: PROGRAMS }),
  }, async t => {
    const isRoot = how === 'as root';
    const mirror = await makeMirror();
    const commands = {
      pip: CLIENTS.pip.command(PLACES),
      R: CLIENTS.R.command(),
      npm: CLIENTS.npm.command(),
      ...(isRoot ? { found: FOUND } : {}),
    };
    const scan = {
      '/etc/services.d/scan/run': SCAN,
      '/etc/services.d/scan/service.json': JSON.stringify({ user: 'root' }),
      '/srv/secrets': SECRETS.join('\n'),
      '/etc/canary': `${MIRROR_USER.password}\n`,
    };
    const { outcomes, log } = await tryCommands(t, mirror, commands, {
      ...options,
      environment: SETTINGS,
      files: isRoot ? scan : {},
    });
    assertProof(outcomes.pip, CLIENTS.pip.proof);
    assertProof(outcomes.R, CLIENTS.R.proof);
    assertProof(outcomes.npm, CLIENTS.npm.proof);
    if (isRoot) assert.equal(outcomes.found?.stdout, '/etc/canary\n');
    assert.ok(!log.includes(MIRROR_USER.password), log);
  });
}
