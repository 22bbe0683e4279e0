import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { CLIENTS } from './clients.ts';
import { type ClientsLayer, makeClientsLayer } from './clients-layer.ts';
import { type ContainerOptions, WORKBENCH_USER, whyNot } from './container.ts';
import type { CondaConfiguration } from './fixtures/condarc.ts';
import { MIRROR_PROGRAMS, type Mirror, makeMirror, ORIGINS } from './mirror.ts';
import { AUTHORITY_FILE, assertProof, tryCommands } from './try-commands.ts';

const MIRROR = `${ORIGINS.https}/conda`;
/** A channel that the image or the user names. */
const OTHER = `${ORIGINS.https}/empty`;
const SETTINGS = { CONDA_REPOSITORY: MIRROR, PATH_TO_CA_BUNDLE: AUTHORITY_FILE, CONDA_DIR: '/opt/conda' };
const AS_USER: ContainerOptions = { user: WORKBENCH_USER };
const OF_IMAGE = {
  '/opt/conda/.condarc': `# the image's\nchannels:\n  - ${OTHER}\nshow_channel_urls: true\n`,
};
const OF_SYSTEM = { '/etc/conda/.condarc': `{channels: [${OTHER}], ssl_verify: false}\n` };
const OF_USER = { '/home/lintel/.condarc': `channels: [${OTHER}]\n` };

interface Row {
  readonly how: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly options?: ContainerOptions;
  /** What conda then asks, the highest first. */
  readonly channels: readonly string[];
  readonly needsRoot?: boolean;
}

const ROWS: readonly Row[] = [
  {
    how: 'the channels of the image’s own file give way',
    files: OF_IMAGE,
    channels: [MIRROR],
    needsRoot: true,
  },
  {
    how: 'what the image says in /etc/conda comes after them',
    files: OF_SYSTEM,
    channels: [MIRROR, OTHER],
    needsRoot: true,
  },
  {
    how: 'they come before those of an image whose file can’t be written',
    files: OF_IMAGE,
    options: AS_USER,
    channels: [MIRROR, OTHER],
  },
  {
    how: 'a user’s own channels come before them',
    files: OF_USER,
    channels: [OTHER, MIRROR],
    needsRoot: true,
  },
  {
    how: 'LINTEL_ENFORCE=1 leaves a user’s own channels out',
    files: OF_USER,
    environment: { LINTEL_ENFORCE: '1' },
    channels: [MIRROR],
    needsRoot: true,
  },
];

/** `.condarc` by conda's own rules, and a package resolved with what they give. */
suite('the operator’s channels for conda', { skip: whyNot({ programs: MIRROR_PROGRAMS }) }, () => {
  let mirror: Mirror;
  let layer: ClientsLayer;
  before(async () => {
    [mirror, layer] = await Promise.all([makeMirror(), makeClientsLayer('conda')]);
  });
  after(() => layer.remove());

  for (const { how, files, environment, options, channels, needsRoot = false } of ROWS) {
    test(how, { skip: whyNot({ isRoot: needsRoot }) }, async t => {
      const { outcomes, log } = await tryCommands(
        t,
        mirror,
        { conda: CLIENTS.conda.command() },
        {
          ...options,
          environment: { ...SETTINGS, ...environment },
          files: { '/opt/conda/conda-meta/history': '', ...files },
          layers: [layer.folder],
        },
      );
      assertProof(outcomes.conda, CLIENTS.conda.proof);
      const seen: CondaConfiguration = JSON.parse(outcomes.conda.stderr);
      assert.deepEqual(seen.channels, channels, log);
      assert.match(String(seen.sslVerify), /\/ca-bundle\.pem$/);
    });
  }
});
