/**
 * `npm run image [-- ARGUMENTS]`: builds Dockerfile.base by docker, podman or buildah, whichever answers first. The
 * arguments are the engine's own; without a --tag the image is called lintel.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

const CHECKOUT = join(import.meta.dirname, '..');
const ANSWER_LIMIT_MS = 10_000;

/** What npm tells its scripts of the Node that it runs under. */
const GLOBAL_UNSET = { npm_config_globalconfig: undefined, npm_config_prefix: undefined };

interface Engine {
  readonly name: string;
  /** Ends with 0 only where it could build: a docker client may be there without a server. */
  readonly question: readonly string[];
  /** Without HEALTHCHECK and STOPSIGNAL in it, an image is only half of what the Dockerfile says. */
  readonly build: readonly string[];
}

const ENGINES: readonly Engine[] = [
  { name: 'docker', question: ['version', '--format', '{{.Server.Version}}'], build: ['build'] },
  { name: 'podman', question: ['info'], build: ['build', '--format', 'docker'] },
  { name: 'buildah', question: ['info'], build: ['build', '--format', 'docker'] },
];

process.exitCode = await buildImage(process.argv.slice(2));

async function buildImage(given: readonly string[]): Promise<number> {
  const engine = await findEngine();
  if (engine === undefined) {
    console.error(
      'Cannot build the image: none of docker, podman and buildah answers, expected one that does.',
    );
    return 1;
  }
  const folder = await mkdtemp(join(tmpdir(), 'lintel-image-'));
  try {
    const tag = given.some(argument => /^(-t|--tag)(=|$)/.test(argument)) ? [] : ['--tag', 'lintel'];
    const file = ['--file', join(CHECKOUT, 'Dockerfile.base')];
    const command = [...engine.build, ...(await makeSecrets(folder)), ...tag, ...given, ...file, CHECKOUT];
    const { exitCode = 1 } = await execa(engine.name, command, {
      stdio: 'inherit',
      reject: false,
      env: { DOCKER_BUILDKIT: '1' },
    });
    return exitCode;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function findEngine(): Promise<Engine | undefined> {
  for (const engine of ENGINES) {
    const { failed } = await execa(engine.name, engine.question, { reject: false, timeout: ANSWER_LIMIT_MS });
    if (!failed) return engine;
  }
  return undefined;
}

/** npm's own settings of this machine, where it has any: a plain `docker build` needs none and gets none. */
async function makeSecrets(folder: string): Promise<string[]> {
  const [registry, ca, userConfig] = await Promise.all([
    readNpmSetting('registry'),
    readNpmSetting('cafile'),
    readNpmSetting('userconfig'),
  ]);
  const own = userConfig !== '' && existsSync(userConfig) ? await readFile(userConfig, 'utf8') : '';
  const lines = [
    ...own.split('\n').filter(line => !/^\s*(cafile|registry|nodedir|prefix|cache)\s*=/.test(line)),
    `registry=${registry}`,
    ...(ca === '' ? [] : ['cafile=/run/secrets/npm-ca']),
  ];
  const npmrc = join(folder, 'npmrc');
  await writeFile(npmrc, `${lines.join('\n')}\n`, { mode: 0o600 });
  const secrets = ['--secret', `id=npmrc,src=${npmrc}`];
  return ca === '' ? secrets : [...secrets, '--secret', `id=npm-ca,src=${ca}`];
}

/** "" where it is not set. */
async function readNpmSetting(name: string): Promise<string> {
  // Beside the pinned Node, npm would look for the machine's settings beside that, too.
  const path = (process.env['PATH'] ?? '').split(':').filter(folder => !folder.includes('node_modules'));
  const options = { reject: false, cwd: CHECKOUT, env: { ...GLOBAL_UNSET, PATH: path.join(':') } };
  const { stdout } = await execa('npm', ['config', 'get', name], options);
  const value = (stdout ?? '').trim();
  return ['undefined', 'null'].includes(value) ? '' : value;
}
