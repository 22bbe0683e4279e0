import { isUtf8 } from 'node:buffer';
import { dirname } from 'node:path';
import { renderCause } from '../errors.ts';
import type { Environment } from '../launch/environ.ts';
import { isDirectory, isWritableFolder, readBytes, readLinkStat, readRealPath, readStat } from './files.ts';
import { findNpmConfig } from './npm.ts';
import type { Programs } from './programs.ts';
import { findSiteFiles } from './r.ts';

/** A configuration file that a tool may change or has to respect. */
export interface ConfigFile {
  readonly path: string;
  /** undefined when there is none, or it can't be read. */
  readonly text: string | undefined;
  /** Whether others may not read it: a copy of it must not be open to them either. */
  readonly isPrivate: boolean;
  /** Whether the file can be made or replaced. */
  readonly isWritable: boolean;
  /** With whose rights: root takes on the user's in a folder of theirs, where a link of theirs could lead it elsewhere. */
  readonly owner: 'lintel' | 'workbench';
  /** Why it is left alone: it can't be read, or not every byte of it would survive. */
  readonly trouble: string | undefined;
}

/** The system's file of each tool, and the files of the user that win over it. */
export interface Configs {
  readonly pip: ConfigFile;
  readonly uv: ConfigFile;
  readonly conda: ConfigFile;
  /** The first that conda reads: what is final there no other file changes. May be the same as `conda`. */
  readonly firstConda: ConfigFile;
  readonly git: ConfigFile;
  readonly sudoers: ConfigFile;
  /** The site file of each R that is installed. */
  readonly r: readonly ConfigFile[];
  /** undefined when the program is not installed; so are the next two. */
  readonly npm: ConfigFile | undefined;
  readonly wget: ConfigFile | undefined;
  readonly apt: ConfigFile | undefined;
  readonly userPip: readonly ConfigFile[];
  readonly userUv: readonly ConfigFile[];
  readonly userConda: readonly ConfigFile[];
  readonly userGit: readonly ConfigFile[];
  readonly userNpm: readonly ConfigFile[];
  readonly userCurl: readonly ConfigFile[];
  readonly userWget: readonly ConfigFile[];
  readonly userR: readonly ConfigFile[];
}

/** Where a file is looked for, and what is mounted: a file that is a mount can't be replaced. */
export interface Place {
  readonly root: string;
  readonly mountPoints: ReadonlySet<string>;
}

interface Where extends Place {
  readonly environment: Environment;
  readonly programs: Programs;
  readonly user: { readonly uid: number; readonly home: string };
}

const MAX_BYTES = 1024 * 1024;

export function readConfigs(where: Where): Configs {
  const { environment, programs } = where;
  const { home } = where.user;
  const xdg = environment['XDG_CONFIG_HOME'] || `${home}/.config`;
  const read = (name: string) => readConfig(where, name);
  const readTheirs = (name: string) => orTheirs(where, read(name));
  const readUsers = (...paths: readonly string[]) =>
    paths.map(path => readConfig({ ...where, root: '' }, path));
  const npm = findNpmConfig(where);
  return {
    pip: read('/etc/pip.conf'),
    uv: read('/etc/uv/uv.toml'),
    conda: readTheirs(condaFile(where)),
    firstConda: read('/etc/conda/.condarc'),
    git: read('/etc/gitconfig'),
    sudoers: read('/etc/sudoers.d/lintel'),
    r: unique(findSiteFiles(where).map(readTheirs)),
    npm: npm === undefined ? undefined : readTheirs(npm),
    wget: programs['wget'] === undefined ? undefined : read('/etc/wgetrc'),
    apt: programs['apt-get'] === undefined ? undefined : read('/etc/apt/apt.conf.d/95lintel-proxy'),
    userPip: readUsers(`${xdg}/pip/pip.conf`, `${home}/.pip/pip.conf`),
    userUv: readUsers(`${xdg}/uv/uv.toml`),
    userConda: readUsers(`${home}/.condarc`, `${home}/.conda/.condarc`, `${xdg}/conda/.condarc`),
    userGit: readUsers(`${home}/.gitconfig`, `${xdg}/git/config`),
    userNpm: readUsers(`${home}/.npmrc`),
    userCurl: readUsers(`${home}/.curlrc`, `${xdg}/curlrc`),
    userWget: readUsers(`${home}/.wgetrc`),
    userR: readUsers(`${home}/.Rprofile`),
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

function unique(configs: readonly ConfigFile[]): ConfigFile[] {
  return [...new Map(configs.map(config => [config.path, config])).values()];
}

export function readConfig(where: Place, name: string): ConfigFile {
  const { root } = where;
  const path = `${root}${name}`;
  const real = readRealPath(path) ?? path;
  const isTrusted = isOurs(root, dirname(path));
  // Debian's R links its site file into /etc: the file is replaced, not the link. But a link out of the root is not
  // followed, and one that another user could have put there is not even read.
  if (real !== path && !isTrusted) return closed(path, 'it is a link in a folder that is not root’s alone');
  const followed = real.startsWith(`${root}/`) ? real : path;
  const isWritable =
    isWritableFolder(dirname(followed)) &&
    isOurs(root, dirname(followed)) &&
    !where.mountPoints.has(followed);
  const isPrivate = ((readStat(followed)?.mode ?? 0o004) & 0o004) === 0;
  const config = { path: followed, isPrivate, isWritable, owner: 'lintel' } as const;
  try {
    const bytes = readBytes(followed, MAX_BYTES);
    if (bytes === undefined || isUtf8(bytes))
      return { ...config, text: bytes?.toString(), trouble: undefined };
    // As text it would lose these bytes when it is written; to look for a key in it, any letters do.
    return { ...config, text: bytes.toString('latin1'), trouble: 'it is not UTF-8 text' };
  } catch (error) {
    return { ...closed(followed, renderCause(error)), isPrivate, isWritable };
  }
}

/**
 * Root may write, with the workbench user's own rights, what is that user's alone: the images of docker-stacks give
 * conda's whole folder to them.
 */
function orTheirs({ user, mountPoints }: Where, config: ConfigFile): ConfigFile {
  if (config.isWritable || process.geteuid?.() !== 0 || user.uid === 0) return config;
  const folder = readLinkStat(dirname(config.path));
  const file = readLinkStat(config.path);
  const isTheirs =
    folder?.isDirectory() === true &&
    folder.uid === user.uid &&
    (folder.mode & 0o200) !== 0 &&
    isWritableFolder(dirname(config.path)) &&
    !mountPoints.has(config.path) &&
    (file === undefined || (file.isFile() && file.uid === user.uid));
  return isTheirs ? { ...config, isWritable: true, owner: 'workbench' } : config;
}

function closed(path: string, trouble: string): ConfigFile {
  return { path, text: undefined, isPrivate: true, isWritable: false, owner: 'lintel', trouble };
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
