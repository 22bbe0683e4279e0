/**
 * `npm run image [-- [lintel|base|workbench] ARGUMENTS]`: builds three images, or one of them, by docker, podman or
 * buildah, whichever answers first: `lintel`, which holds nothing but Lintel and is for COPY --from=lintel / /,
 * `lintel-base`, which is Dockerfile.base, and examples/workbench on that as `lintel-workbench`. The arguments are the
 * engine's own, such as --build-arg BASE_IMAGE=debian:trixie-slim or --tag.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

const CHECKOUT = join(import.meta.dirname, '..');
const BASE = join(CHECKOUT, 'Dockerfile.base');
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

interface Image {
  readonly tag: string;
  readonly file: string;
  readonly target?: string;
  readonly context: string;
  /** The build arguments that reach something of it: of another the engine would warn. */
  readonly takes: readonly string[];
}

const IMAGES: Readonly<Record<string, Image>> = {
  lintel: { tag: 'lintel', file: BASE, target: 'lintel', context: CHECKOUT, takes: ['NODE_IMAGE'] },
  base: {
    tag: 'lintel-base',
    file: BASE,
    context: CHECKOUT,
    takes: ['BASE_IMAGE', 'NODE_IMAGE', 'LINTEL_USERNAME'],
  },
  workbench: {
    tag: 'lintel-workbench',
    file: join(CHECKOUT, 'examples/workbench/Dockerfile'),
    context: join(CHECKOUT, 'examples/workbench'),
    takes: ['LINTEL_IMAGE'],
  },
};

/** A stop lets the folder with npm's settings, which may hold a password, be removed. */
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());

process.exitCode = await buildImages(process.argv.slice(2));

async function buildImages([first = '', ...rest]: readonly string[]): Promise<number> {
  const only = Object.hasOwn(IMAGES, first) ? IMAGES[first] : undefined;
  const given = only === undefined && first !== '' ? [first, ...rest] : rest;
  const tag = given.find(isTag);
  if (only === undefined && tag !== undefined) {
    const names = Object.keys(IMAGES).join(', ');
    console.error(`Cannot give three images one name: ${tag}, expected one of ${names} before it`);
    return 2;
  }
  const engine = await findEngine();
  if (engine === undefined) {
    console.error(
      'Cannot build an image: none of docker, podman and buildah answers, expected one that does.',
    );
    return 1;
  }
  for (const image of only === undefined ? Object.values(IMAGES) : [only]) {
    const exitCode = await buildImage(engine, image, only === undefined ? keepTaken(given, image) : given);
    if (exitCode !== 0) return exitCode;
  }
  return 0;
}

async function buildImage(engine: Engine, image: Image, given: readonly string[]): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'lintel-image-'));
  try {
    const tag = given.some(isTag) ? [] : ['--tag', image.tag];
    const secrets = await makeSecrets(folder);
    const target = image.target === undefined ? [] : ['--target', image.target];
    const file = ['--file', image.file, image.context];
    const command = [...engine.build, ...secrets, ...target, ...tag, ...given, ...file];
    const { exitCode = 1 } = await execa(engine.name, command, {
      stdio: 'inherit',
      reject: false,
      env: { DOCKER_BUILDKIT: '1' },
      cancelSignal: stop.signal,
    });
    return exitCode;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of arguments that are for all images, without the build arguments that are another one's. */
function keepTaken(given: readonly string[], { takes }: Image): string[] {
  const others = Object.values(IMAGES).flatMap(image => image.takes.filter(name => !takes.includes(name)));
  const isOthers = (pair = '') => others.includes(pair.split('=', 1)[0] ?? '');
  return given.filter((argument, index) => {
    if (argument === '--build-arg') return !isOthers(given[index + 1]);
    if (given[index - 1] === '--build-arg') return !isOthers(argument);
    return !(argument.startsWith('--build-arg=') && isOthers(argument.slice('--build-arg='.length)));
  });
}

function isTag(argument: string): boolean {
  return /^(-t|--tag)(=|$)/.test(argument);
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
