import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { renderCause } from '../errors.ts';
import type { Environment } from '../launch/environ.ts';
import { isDirectory, isWritableFolder, readLinkStat, readStat, readText } from './files.ts';
import type { Programs } from './programs.ts';

/** A configuration file that a tool may change or has to respect. */
export interface ConfigFile {
  readonly path: string;
  /** undefined when there is none. */
  readonly text: string | undefined;
  /** Whether others may not read it: a copy of it must not be open to them either. */
  readonly isPrivate: boolean;
  /** Whether the file can be made or replaced. */
  readonly isWritable: boolean;
  /** Why it can't be read; such a file is left alone. */
  readonly trouble: string | undefined;
}

/** The system's file of each tool, and the files of the user that win over it. */
export interface Configs {
  readonly pip: ConfigFile;
  readonly uv: ConfigFile;
  readonly conda: ConfigFile;
  readonly git: ConfigFile;
  readonly sudoers: ConfigFile;
  /** undefined when R is not installed. */
  readonly r: ConfigFile | undefined;
  readonly userPip: readonly ConfigFile[];
  readonly userConda: readonly ConfigFile[];
  readonly userGit: readonly ConfigFile[];
}

interface Where {
  readonly root: string;
  readonly environment: Environment;
  readonly programs: Programs;
  readonly home: string;
}

export function readConfigs(where: Where): Configs {
  const { root, environment, home } = where;
  const xdg = environment['XDG_CONFIG_HOME'] || `${home}/.config`;
  return {
    pip: readConfig(root, '/etc/pip.conf'),
    uv: readConfig(root, '/etc/uv/uv.toml'),
    conda: readConfig(root, condaFile(where)),
    git: readConfig(root, '/etc/gitconfig'),
    sudoers: readConfig(root, '/etc/sudoers.d/lintel'),
    r: readRProfile(where),
    userPip: [`${xdg}/pip/pip.conf`, `${home}/.pip/pip.conf`].map(path => readConfig('', path)),
    userConda: [`${home}/.condarc`, `${home}/.conda/.condarc`, `${xdg}/conda/.condarc`].map(path =>
      readConfig('', path),
    ),
    userGit: [`${home}/.gitconfig`, `${xdg}/git/config`].map(path => readConfig('', path)),
  };
}

/** Conda's own folder wins over /etc/conda, so an image's choice there has to give way too. */
function condaFile({ root, environment, programs }: Where): string {
  const program = programs['conda'];
  const prefixes = [
    environment['CONDA_DIR'],
    program === undefined ? undefined : dirname(dirname(program)),
    '/opt/conda',
  ];
  const prefix = prefixes.find(
    folder => folder?.startsWith('/') && isDirectory(`${root}${folder}/conda-meta`),
  );
  return prefix === undefined ? '/etc/conda/.condarc' : `${prefix}/.condarc`;
}

function readRProfile({ root, environment, programs }: Where): ConfigFile | undefined {
  const rHome = environment['R_HOME'];
  const folders = [
    ...(rHome?.startsWith('/') ? [`${rHome}/etc`] : []),
    '/etc/R',
    '/usr/lib/R/etc',
    '/usr/local/lib/R/etc',
    '/opt/conda/lib/R/etc',
  ];
  const folder =
    folders.find(path => isDirectory(`${root}${path}`)) ??
    (programs['R'] === undefined ? undefined : '/etc/R');
  return folder === undefined ? undefined : readConfig(root, `${folder}/Rprofile.site`);
}

export function readConfig(root: string, name: string): ConfigFile {
  const path = `${root}${name}`;
  const real = readRealPath(path);
  const isTrusted = isOurs(root, dirname(path));
  // Debian's R links its site file into /etc: the file is replaced, not the link. But a link out of the root is not
  // followed, and one that another user could have put there is not even read.
  if (real !== path && !isTrusted) return closed(path, 'it is a link in a folder that is not root’s alone');
  const followed = real.startsWith(`${root}/`) ? real : path;
  const isWritable = isWritableFolder(dirname(followed)) && isOurs(root, dirname(followed));
  const isPrivate = ((readStat(followed)?.mode ?? 0o004) & 0o004) === 0;
  try {
    return { path: followed, text: readText(followed), isPrivate, isWritable, trouble: undefined };
  } catch (error) {
    return { ...closed(followed, renderCause(error)), isPrivate, isWritable };
  }
}

function closed(path: string, trouble: string): ConfigFile {
  return { path, text: undefined, isPrivate: true, isWritable: false, trouble };
}

/** Where the links of a path lead; the path itself when there is nothing yet. */
function readRealPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}

/** Whether root may write there: nobody else can turn the folder, or one above it, into a trap. */
function isOurs(root: string, folder: string): boolean {
  if (process.geteuid?.() !== 0) return true;
  for (let path = folder; path.length > root.length && path !== '/'; path = dirname(path)) {
    const stat = readLinkStat(path);
    if (stat !== undefined && (stat.uid !== 0 || (stat.mode & 0o022) !== 0) && !stat.isSymbolicLink())
      return false;
    if (stat?.isSymbolicLink() === true && stat.uid !== 0) return false;
  }
  return true;
}
