import { findWriter, type Groups } from '../user.ts';
import { isOnReadOnly, readLinkStat } from './files.ts';

/** What root runs when it starts Lintel: each file, and the folders in which it could be replaced. */
const INSTALLATION: readonly string[] = [
  '/',
  '/opt',
  '/opt/onyxia-init.sh',
  '/usr',
  '/usr/local',
  '/usr/local/lib',
  '/usr/local/lib/lintel',
  ...[
    'lintel.cjs',
    'lintel.cjs.cache',
    'loader.cjs',
    'node',
    'libatomic.so.1',
    'shims',
    'cont-init.d',
    'services.d',
  ].map(name => `/usr/local/lib/lintel/${name}`),
];

/** A part of the installation that is not root's alone. */
export interface ForeignFile {
  readonly path: string;
  /** Who may change it, in words: "uid 1000". */
  readonly who: string;
}

/**
 * Those parts of the installation below `base` that another user than root may change: their owner, and the groups of
 * `user`.
 */
export function readForeignFiles(base: string, user: Groups): ForeignFile[] {
  return listForeignFiles(path => {
    const stat = readLinkStat(base + path);
    const who = stat && findWriter(stat, user);
    // On a read-only file system its owner can do nothing.
    return who === undefined || isOnReadOnly(base + path) ? undefined : who;
  });
}

/** `findWho`: who may change a path. A file in a folder of the same writer's is not listed as well. */
export function listForeignFiles(findWho: (path: string) => string | undefined): ForeignFile[] {
  const found: ForeignFile[] = [];
  for (const path of INSTALLATION) {
    const who = findWho(path);
    if (who === undefined) continue;
    if (!found.some(known => path.startsWith(`${known.path}/`.replace('//', '/')) && known.who === who))
      found.push({ path, who });
  }
  return found;
}
