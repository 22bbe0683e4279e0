import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { execa } from 'execa';
import { CLASSES, CONDA_CLIENT, PYTHON, VENV } from './clients.ts';
import { makeFetchClass } from './java-class.ts';

/** What the clients need that no package of Debian's brings. */
export interface ClientsLayer {
  /** A folder to copy onto /. */
  readonly folder: string;
  remove(): Promise<void>;
}

const MAKERS = { venv: makeVenv, java: makeClass, conda: bundleConda } as const;

/** Makes a venv with its pip (in 2 s), a class for Java, the client that stands for conda: what is asked for. */
export async function makeClientsLayer(...parts: readonly (keyof typeof MAKERS)[]): Promise<ClientsLayer> {
  const folder = await mkdtemp(join(tmpdir(), 'lintel-clients-'));
  await Promise.all(parts.map(part => MAKERS[part](folder)));
  return { folder, remove: () => rm(folder, { recursive: true }) };
}

async function makeVenv(root: string): Promise<void> {
  const folder = join(root, VENV);
  // With this variable compiled modules are checked by their source's hash: copies have another time.
  const env = { PATH: process.env['PATH'], SOURCE_DATE_EPOCH: '0' };
  await execa(PYTHON, ['-m', 'venv', folder], { env, extendEnv: false });
  const modules = (await execa('/bin/sh', ['-c', 'echo lib/python3*/site-packages'], { cwd: folder })).stdout;
  const others = ['setuptools', 'pkg_resources', '_distutils_hack', 'distutils-precedence.pth'];
  await Promise.all(others.map(name => rm(join(folder, modules, name), { recursive: true, force: true })));
}

async function makeClass(root: string): Promise<void> {
  await mkdir(join(root, CLASSES), { recursive: true });
  await writeFile(join(root, CLASSES, 'Fetch.class'), makeFetchClass('Fetch'));
}

/** As one file, since a sandbox has no node_modules. */
async function bundleConda(root: string): Promise<void> {
  await build({
    entryPoints: [join(import.meta.dirname, 'fixtures/conda-client.ts')],
    outfile: join(root, CONDA_CLIENT),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'warning',
  });
}
