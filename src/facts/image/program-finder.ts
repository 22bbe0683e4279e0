import { findProgram } from '../programs.ts';
import type { Found, Tree } from './tree.ts';

/** Looks for an image's programs as its shells would. */
export interface ProgramFinder {
  readonly path: string;
  /** The path of a name that is looked for along PATH, or of a path where a program is. */
  find(name: string): string | undefined;
  isProgram(path: string): boolean;
}

/** `path` is the image's PATH, undefined where it is not known; `coming` are programs that count as there. */
export function makeProgramFinder(
  world: Tree,
  path: string | undefined,
  coming: ReadonlySet<string>,
): ProgramFinder {
  const PATH = path || listProgramFolders(world).join(':');
  const isProgram = (file: string) => coming.has(file) || isUsable(world.find(file));
  return { path: PATH, isProgram, find: name => findProgram(name, { PATH }, isProgram) };
}

const USUAL_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
/** Conda, virtual environments and the like are put there. */
const MOST_OPTIONAL = 50;

/** Of an image whose PATH is not known: where images have their programs. */
function listProgramFolders(tree: Tree): string[] {
  const optional = tree.names('/opt').slice(0, MOST_OPTIONAL);
  return [...USUAL_FOLDERS, '/command', ...optional.map(name => `/opt/${name}/bin`)];
}

const ANY_EXECUTE = 0o111;

/** By its mode: who may really run it is a question of its own. */
function isUsable(found: Found | undefined): boolean {
  return found?.stat.isFile() === true && (found.stat.mode & ANY_EXECUTE) !== 0;
}
