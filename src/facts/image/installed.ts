import { dirname } from 'node:path';
import { findWriter, type Groups } from '../../user.ts';
import { type ForeignFile, listForeignFiles } from '../installation.ts';
import { readElfNeeds } from './elf.ts';
import { readOwned } from './owners.ts';
import type { Tree } from './tree.ts';

/** Whether Lintel is in the image as its last layer left it. */
export interface Installed {
  /** The program itself is there. */
  readonly hasProgram: boolean;
  /** Names that are not Lintel's, or not there. */
  readonly wrong: readonly { readonly path: string; readonly isThere: boolean }[];
  /** Parts that others than root may change. */
  readonly foreign: readonly ForeignFile[];
  /** What its Node needs to begin and is not in the image. */
  readonly missingLibraries: readonly string[];
  readonly missingPrograms: readonly string[];
}

const HOME = '/usr/local/lib/lintel';
const PROGRAM = `${HOME}/lintel.cjs`;
/** Name -> what it leads to. */
const LINKS: Readonly<Record<string, string>> = {
  '/init': PROGRAM,
  '/usr/local/bin/lintel': PROGRAM,
  ...Object.fromEntries(
    ['with-contenv', 's6-setuidgid', 's6-envuidgid', 'printcontenv'].flatMap(name =>
      ['/command', '/usr/bin'].map(folder => [`${folder}/${name}`, `${HOME}/shims/${name}`]),
    ),
  ),
};
/** Programs that an image has when Lintel is in it. */
export const OWN_PROGRAMS: ReadonlySet<string> = new Set(Object.keys(LINKS));
/** Onyxia's charts call it; a copy, since tests of their images want a regular file. */
const COPY = '/opt/onyxia-init.sh';
const PARTS = [`${HOME}/node`, `${HOME}/services.d`, `${HOME}/cont-init.d`];
/** The launcher starts with the first, hands variables on by the second; as root, services get their groups by the third. */
const PROGRAMS = ['/bin/sh', 'base64', 'setpriv'];
const COMPARED_BYTES = 4096;

export function readInstalled(
  tree: Tree,
  {
    user,
    findProgram,
  }: { readonly user: Groups; readonly findProgram: (name: string) => string | undefined },
): Installed {
  const isThere = (path: string) => tree.find(path)?.stat.isFile() === true;
  const wrong = [
    ...Object.entries(LINKS).filter(([path, target]) => !isSame(tree, path, target)),
    ...(isSame(tree, COPY, PROGRAM) ? [] : [[COPY]]),
    ...PARTS.filter(path => tree.find(path) === undefined).map(path => [path]),
  ];
  // What is in a folder that this user may not look into may well be there: that is said of the folder.
  const closed = new Set(tree.troubles().map(({ path }) => path));
  return {
    hasProgram: isThere(PROGRAM),
    wrong: wrong
      .map(([path = '']) => ({ path, isThere: isThere(path) }))
      .filter(({ path }) => !closed.has(dirname(path))),
    foreign: listForeignFiles(path => {
      const owned = readOwned(tree, path);
      return owned && findWriter(owned, user);
    }),
    missingLibraries: findMissingLibraries(tree),
    missingPrograms: PROGRAMS.filter(name => isMissing(tree, name, findProgram(name))),
  };
}

/** BusyBox's setpriv can't keep groups. */
function isMissing(tree: Tree, name: string, path: string | undefined): boolean {
  return path === undefined || (name === 'setpriv' && tree.find(path)?.path.endsWith('/busybox') === true);
}

/** It leads there, or is a copy, as an engine or a tool makes one of a link. */
function isSame(tree: Tree, path: string, target: string): boolean {
  const [one, other] = [tree.find(path), tree.find(target)];
  if (one === undefined || other === undefined || !one.stat.isFile()) return false;
  if (one.path === other.path) return true;
  const head = (of: string) => tree.readPart(of, { offset: 0, bytes: COMPARED_BYTES });
  return one.stat.size === other.stat.size && head(path)?.equals(head(target) ?? Buffer.alloc(0)) === true;
}

/** Where the loader looks without being told; Debian and Ubuntu have a folder for each processor. */
const LIBRARY_FOLDERS = ['/lib', '/usr/lib', '/lib64', '/usr/lib64', '/usr/local/lib'].flatMap(folder => [
  folder,
  `${folder}/x86_64-linux-gnu`,
  `${folder}/aarch64-linux-gnu`,
]);
const MOST_BYTES = 64 * 1024;
/** An image names some dozens of its own; each library is looked for in all of them. */
const MOST_FOLDERS = 500;

/** Nothing is started: what the program says that it needs is looked for where the image's loader would. */
function findMissingLibraries(tree: Tree): string[] {
  const needs = readElfNeeds(tree, `${HOME}/node`);
  if (needs === undefined) return [];
  // Beside Node its libraries count only where the one that Lintel brings is there: the launcher looks for that.
  const own = tree.find(`${HOME}/libatomic.so.1`) === undefined ? [] : [HOME];
  const named = new Set(readLibraryFolders(tree));
  const folders = [...own, ...LIBRARY_FOLDERS, ...[...named].slice(0, MOST_FOLDERS)];
  const libraries = needs.libraries.filter(
    name => !folders.some(folder => tree.find(`${folder}/${name}`)?.stat.isFile() === true),
  );
  const hasLoader = needs.loader === undefined || tree.find(needs.loader)?.stat.isFile() === true;
  return [...(hasLoader ? [] : [needs.loader ?? '']), ...libraries];
}

function readLibraryFolders(tree: Tree): string[] {
  const drops = tree.names('/etc/ld.so.conf.d').filter(name => name.endsWith('.conf'));
  const files = ['/etc/ld.so.conf', ...drops.map(name => `/etc/ld.so.conf.d/${name}`)];
  return files.flatMap(path => {
    const lines = (tree.read(path, MOST_BYTES)?.toString('latin1') ?? '')
      .split('\n')
      .map(line => line.trim());
    return lines.filter(line => line.startsWith('/'));
  });
}
