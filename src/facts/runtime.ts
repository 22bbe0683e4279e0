import type { Environment } from '../launch/environ.ts';
import { isWritableFolder, readLinkStat } from './files.ts';

/** Where runtime state goes: the first of these that is ours to write and no trap of another user. */
export function findRuntimeDir(where: {
  readonly root: string;
  readonly environment: Environment;
  readonly uid: number;
}): string {
  const { root, environment, uid } = where;
  const xdg = environment['XDG_RUNTIME_DIR'];
  // Engines mount /dev/shm writable even under a read-only root.
  const shared = [`${root}/tmp`, `${root}/dev/shm`];
  const usual = [
    `${root}/run/lintel`,
    ...(xdg?.startsWith('/') ? [`${xdg}/lintel`] : []),
    ...shared.map(folder => `${folder}/lintel-${uid}`),
  ];
  const found = usual.find(path => isOurs(path, uid) && isWritableFolder(path));
  if (found !== undefined) return found;
  // Somebody holds the usual names there: a name that nobody could have foreseen.
  const folder = shared.find(isWritableFolder) ?? `${root}/tmp`;
  return `${folder}/lintel-${uid}-${crypto.randomUUID().slice(0, 8)}`;
}

/** Absent, or a real folder of this uid that nobody else may write. */
function isOurs(path: string, uid: number): boolean {
  const stat = readLinkStat(path);
  return stat === undefined || (stat.isDirectory() && stat.uid === uid && (stat.mode & 0o022) === 0);
}
