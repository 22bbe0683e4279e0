import { realpathSync } from 'node:fs';
import { basename } from 'node:path';
import type { Layer } from '../environment.ts';
import type { Environment } from '../launch/environ.ts';
import type { Settings } from '../settings/settings.ts';
import { isDirectory, isExecutableFile } from './files.ts';

/** The start programs of Pangeo's and of repo2docker's images. Both run the rest of their command line in a login shell. */
const WRAPPERS = ['/srv/start', '/usr/local/bin/repo2docker-entrypoint'];

/** The image's start program; undefined where there is none, or it is Lintel itself. */
export function findStartWrapper(root: string): string | undefined {
  const path = WRAPPERS.map(each => `${root}${each}`).find(isExecutableFile);
  return path === undefined || basename(realpathSync.native(path)).startsWith('lintel') ? undefined : path;
}

/** Where those images keep conda, when CONDA_DIR does not say it. */
const CONDA_DIRS = ['/srv/conda', '/opt/conda'];

/**
 * The conda environment that PANGEO_ENV or CONDA_ENV names comes first on PATH. Where there is none of that name there
 * is nothing to do: Pangeo's own images call the whole image so.
 */
export function readCondaEnvironment(
  root: string,
  { condaDir, pangeoEnvironment, condaEnvironment }: Settings,
  environment: Environment,
): Layer | undefined {
  const folders = condaDir === undefined ? CONDA_DIRS : [condaDir];
  for (const [source, name] of [
    ['PANGEO_ENV', pangeoEnvironment],
    ['CONDA_ENV', condaEnvironment],
  ] as const) {
    if (name === undefined) continue;
    const prefix = placesOf(name, folders).find(folder => isDirectory(`${root}${folder}/conda-meta`));
    if (prefix !== undefined) return makeLayer(source, { name, prefix: `${root}${prefix}` }, environment);
  }
  return undefined;
}

/** An environment's name, that of conda's own, or a path. */
function placesOf(name: string, folders: readonly string[]): string[] {
  if (name.startsWith('/')) return [name];
  if (!/^[^/]+$/.test(name) || name.startsWith('.')) return [];
  return folders.map(folder => (name === 'base' || name === 'root' ? folder : `${folder}/envs/${name}`));
}

function makeLayer(
  source: string,
  { name, prefix }: { readonly name: string; readonly prefix: string },
  environment: Environment,
): Layer | undefined {
  const path = environment['PATH'] ?? '';
  const bin = `${prefix}/bin`;
  const set: Record<string, string> = {};
  if (!path.split(':').includes(bin)) set['PATH'] = path === '' ? bin : `${bin}:${path}`;
  if ((environment['CONDA_PREFIX'] ?? '') === '') set['CONDA_PREFIX'] = prefix;
  if ((environment['CONDA_DEFAULT_ENV'] ?? '') === '') set['CONDA_DEFAULT_ENV'] = name;
  return Object.keys(set).length === 0 ? undefined : { source, set, unset: [] };
}
