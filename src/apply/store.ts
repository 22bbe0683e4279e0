import { dirname } from 'node:path';
import { readLinkStat } from '../facts/files.ts';
import type { StoreFacts } from '../facts/system-store.ts';
import type { User } from '../user.ts';
import { makeFolder, removeFile, writeFile } from './files.ts';

/** Puts the operator's certificates where the distribution wants them, and takes old ones away. Throws the system's error. */
export function applyStore({ folder, add, remove }: StoreFacts): void {
  makeFolder(folder);
  for (const name of remove) removeFile(`${folder}/${name}`);
  writeAll(folder, add);
}

/** Lays them out for a program of root's to put there. Returns their paths. Throws the system's error. */
export function stageStore(folder: string, add: StoreFacts['add']): string[] {
  makeFolder(folder);
  writeAll(folder, add);
  return add.map(({ name }) => `${folder}/${name}`);
}

function writeAll(folder: string, files: StoreFacts['add']): void {
  const owner = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  for (const { name, text } of files) writeFile(`${folder}/${name}`, { text, mode: 0o644, owner });
}

/**
 * Whether that user can't change what root will find below the folder: neither it nor one above it is theirs or may be
 * written by them. update-ca-certificates reads every file there as root and shows it to all, links included.
 */
export function isOutOfReach(folder: string, user: User): boolean {
  let isThere = false;
  for (let path = folder; path !== '/' && path !== '.'; path = dirname(path)) {
    const stat = readLinkStat(path);
    if (stat === undefined) continue;
    const isTheirGroup = stat.gid === user.gid || user.groups.includes(stat.gid);
    const openTo = 0o002 | (isTheirGroup ? 0o020 : 0);
    const isOpen = !stat.isSymbolicLink() && (stat.mode & openTo) !== 0;
    // In a folder such as /tmp nobody can take away what is there and not theirs.
    const isKept = isThere && (stat.mode & STICKY) !== 0;
    if (stat.uid === user.uid || (isOpen && !isKept)) return false;
    isThere = true;
  }
  return true;
}

const STICKY = 0o1000;
