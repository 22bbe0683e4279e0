import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { CLIENTS } from './clients.ts';
import { type ClientsLayer, makeClientsLayer } from './clients-layer.ts';
import { runContainer, WORKBENCH_USER, whyNot } from './container.ts';
import { MIRROR_PROGRAMS, type Mirror, makeMirror, ORIGINS, PROXY_URL } from './mirror.ts';
import { AUTHORITY_FILE, assertProof, tryCommands } from './try-commands.ts';

const PLACES = { origin: ORIGINS.https };
const MIRRORS = {
  PIP_REPOSITORY: `${ORIGINS.https}/pypi/simple`,
  CONDA_REPOSITORY: `${ORIGINS.https}/conda`,
  PATH_TO_CA_BUNDLE: AUTHORITY_FILE,
};

/** What is wrong in an image or on a volume costs its own tool its setting, is said, and is left as it is. */
suite('bad input', { skip: whyNot({ programs: MIRROR_PROGRAMS }) }, () => {
  let mirror: Mirror;
  let layer: ClientsLayer;
  before(async () => {
    [mirror, layer] = await Promise.all([makeMirror(), makeClientsLayer('java', 'conda')]);
  });
  after(() => layer.remove());

  test('files of an image that their own tools can’t read are left byte for byte, and named', {
    skip: whyNot({ isRoot: true }),
  }, async t => {
    const files = {
      '/etc/pip.conf': '[global\nindex-url = https://other.test/simple\r\n',
      '/etc/conda/.condarc': 'channels: [a\n  - b: "c\n',
    };
    const commands = {
      kept: ['cat', ...Object.keys(files)],
      pip: CLIENTS.pip.command(PLACES),
      git: CLIENTS.git.command(PLACES),
    };
    const { outcomes, log } = await tryCommands(t, mirror, commands, { environment: MIRRORS, files });
    assert.equal(outcomes.kept.stdout, Object.values(files).join(''));
    for (const path of Object.keys(files)) assert.match(log, new RegExp(`warning.*${path}`, 'i'));
    // pip says itself what is wrong.
    assert.match(outcomes.pip.stderr, /Configuration file could not be loaded[\s\S]*\/etc\/pip\.conf/);
    assertProof(outcomes.git, CLIENTS.git.proof);
  });

  test('files that a platform mounts are left alone, and the settings go by variables', {
    skip: whyNot({ isRoot: true, programs: CLIENTS.wget.programs }),
  }, async t => {
    const mounts = {
      '/etc/pip.conf': '[global]\ntimeout = 7\nindex-url = https://other.test/simple\n',
      '/etc/conda/.condarc': 'show_channel_urls: true\n',
      '/etc/gitconfig': '[core]\n\tautocrlf = input\n',
      '/etc/wgetrc': 'tries = 3\n',
    };
    const names = ['pip', 'conda', 'git', 'wget'] as const;
    const commands = Object.fromEntries(names.map(name => [name, CLIENTS[name].command(PLACES)]));
    const { outcomes } = await tryCommands<string>(
      t,
      mirror,
      { ...commands, kept: ['cat', ...Object.keys(mounts)] },
      {
        environment: MIRRORS,
        files: mounts,
        layers: [layer.folder],
        before: bindOnThemselves(Object.keys(mounts)),
      },
    );
    assert.equal(outcomes['kept']?.stdout, Object.values(mounts).join(''));
    for (const name of names) assertProof(outcomes[name] ?? assert.fail(name), CLIENTS[name].proof);
  });

  test('no mirror is asked for anything at boot, so one that is away costs nothing', async t => {
    const environment = {
      ...MIRRORS,
      R_REPOSITORY: `${ORIGINS.https}/cran`,
      PACKAGE_MANAGER_URL: ORIGINS.https,
      NPM_REPOSITORY: `${ORIGINS.http}/npm/http`,
      HTTP_PROXY: PROXY_URL,
      HTTPS_PROXY: PROXY_URL,
    };
    const first = `node=/usr/local/lib/lintel/node
env -i $node /srv/mirror-server.ts >/tmp/requests &
until curl --silent --output /dev/null ${ORIGINS.http}/started; do sleep 0.05; done
exec /init cat /tmp/requests`;
    const files = { ...mirror.files, '/etc/services.d/mirror/down': '', [AUTHORITY_FILE]: mirror.caPem };
    const { stdout, stderr } = await runContainer(t, ['/bin/sh', '-c', first], { environment, files });
    assert.equal(stdout, 'GET /started 404\n', stderr);
  });

  test('a folder of 300 PEM files is taken whole, but for what is broken', async t => {
    const folder = '/etc/platform';
    const others = Array.from({ length: 300 }, (_, at) => [
      `${folder}/${at}.pem`,
      makeOther(mirror.caPem, at),
    ]);
    const files = {
      ...Object.fromEntries(others),
      [`${folder}/cut.pem`]: mirror.caPem.slice(0, 300),
      [`${folder}/tls.key`]: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n',
    };
    const names = ['git', 'curl', 'wget', 'node', 'urllib', 'requests with certifi', 'Java'] as const;
    const installed = names.filter(name => whyNot(CLIENTS[name]) === false);
    const commands = Object.fromEntries(installed.map(name => [name, CLIENTS[name].command(PLACES)]));
    const environment = { PATH_TO_CA_BUNDLE: folder };
    const options = { environment, files, layers: [layer.folder], user: WORKBENCH_USER };
    const { outcomes, log } = await tryCommands(t, mirror, commands, options);
    for (const name of installed) assertProof(outcomes[name] ?? assert.fail(name), CLIENTS[name].proof);
    assert.match(log, /\b301 certificates?\b/);
    assert.match(log, /cut\.pem/);
  });
});

/** Makes each file a mount of its own, as Kubernetes does with a key of a ConfigMap. */
function bindOnThemselves(paths: readonly string[]): string {
  return paths.map(path => `mount -n --bind ${path} ${path}`).join('\n');
}

/** The certificate of another authority, in all but its signature, which nobody checks of what is trusted. */
function makeOther(pem: string, number: number): string {
  const [, body = ''] = pem.split(/-----[A-Z ]+-----/);
  const text = Buffer.from(body, 'base64').toString('latin1');
  const renamed = text.replaceAll('private', String(number).padStart('private'.length, '0'));
  const lines =
    Buffer.from(renamed, 'latin1')
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
