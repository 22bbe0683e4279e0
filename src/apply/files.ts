import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { asMaker, asUser } from './as-user.ts';

/** Who shall own what is written. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Of a file that the workbench user may read, and nobody but Lintel's own user may write. */
export function ofReader(user: Owner): { readonly mode: number; readonly owner: Owner } {
  const isRoot = process.geteuid?.() === 0;
  return isRoot ? { mode: 0o640, owner: { uid: 0, gid: user.gid } } : { mode: 0o600, owner: user };
}

/**
 * Replaces a file whole or not at all: a new file beside it takes its name. Never follows a link at `path`. An
 * existing file keeps its owner and mode. Throws the system's error and leaves the old file as it was.
 */
export function writeFile(
  path: string,
  file: { readonly text: string | Buffer; readonly mode: number; readonly owner: Owner },
): void {
  makeFolder(dirname(path));
  const old = lstatSync(path, { throwIfNoEntry: false });
  const kept = old?.isFile() ? { mode: old.mode & 0o7777, owner: { uid: old.uid, gid: old.gid } } : file;
  const temporary = `${path}.lintel-${process.pid}`;
  rmSync(temporary, { force: true });
  const fd = openNew(temporary, kept);
  try {
    writeAll(fd, file.text);
    renameSync(temporary, path);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** A new file of that owner. Throws the system's error, and leaves none then. */
function openNew(path: string, file: { readonly mode: number; readonly owner: Owner }): number {
  const { mode, owner } = file;
  try {
    return openGiven(path, mode, owner);
  } catch (error) {
    if (process.geteuid?.() !== 0 || (error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
    return asMaker(owner, () => openGiven(path, mode));
  }
}

/** Without an owner it is its maker's. */
function openGiven(path: string, mode: number, owner?: Owner): number {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const fd = openSync(path, flags, 0o600);
  try {
    if (owner !== undefined) give(fd, owner);
    fchmodSync(fd, mode);
    return fd;
  } catch (error) {
    closeSync(fd);
    unlinkSync(path);
    throw error;
  }
}

/** A new file without text, its owner's alone, in place of whatever stands there. Throws the system's error. */
export function emptyFile(path: string, owner: Owner): void {
  // A script may have made a folder of it.
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) rmSync(path, { recursive: true });
  writeFile(path, { text: '', mode: 0o600, owner });
}

/** Only root can; for others the owner is right already. Throws the system's error. */
export function giveFile(path: string, owner: Owner): void {
  if (process.geteuid?.() === 0) chownSync(path, owner.uid, owner.gid);
}

export function removeFile(path: string): void {
  rmSync(path, { force: true });
}

/** A folder with its parents; new ones are 0755, whatever the umask. */
export function makeFolder(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return;
  makeFolder(dirname(path));
  mkdirSync(path);
  chmodSync(path, 0o755);
}

/**
 * The folder of this boot's state, empty: what an earlier run of the same container left is removed, without
 * following links. `secrets` below it is the workbench user's alone.
 */
export function makeRuntimeFolder(
  path: string,
  options: { readonly mode: number; readonly user: Owner },
): void {
  makeFolder(path);
  // The folder itself may be a mount, so it is emptied, not removed.
  for (const name of readdirSync(path))
    if (name !== 'secrets') rmSync(`${path}/${name}`, { recursive: true, force: true });
  chmodSync(path, options.mode);
  const secrets = `${path}/secrets`;
  if (!clearSecrets(secrets)) {
    rmSync(secrets, { recursive: true, force: true });
    mkdirSync(secrets, { mode: 0o700 });
    if (process.geteuid?.() === 0) makeGiven(secrets, options.user);
  }
  giveSecrets(path, options.user);
}

/** Where root may not give it away and can't have it made either, it stays root's, and the user goes without it. */
function makeGiven(path: string, user: Owner): void {
  try {
    chownSync(path, user.uid, user.gid);
  } catch {
    rmdirSync(path);
    try {
      makeAsUser(path, user);
    } catch {
      mkdirSync(path, { mode: 0o700 });
    }
  }
}

/**
 * Root without CAP_CHOWN: a folder is its maker's, so the user makes it, where nobody else gets in: in a folder that is
 * everybody's, below one that is root's alone, by a descriptor. Until it lies in its place root has it by its group.
 */
function makeAsUser(path: string, user: Owner): void {
  const nest = `${path}.nest`;
  mkdirSync(`${nest}/open`, { recursive: true, mode: 0o700 });
  chmodSync(`${nest}/open`, 0o777);
  const fd = openSync(`${nest}/open`, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const made = `/proc/self/fd/${fd}/made`;
    asMaker({ uid: user.uid, gid: process.getegid?.() ?? 0 }, () => {
      mkdirSync(made);
      chmodSync(made, 0o770);
    });
    renameSync(`${nest}/open/made`, path);
    asMaker(user, () => {
      chownSync(path, user.uid, user.gid);
      chmodSync(path, 0o700);
    });
  } finally {
    closeSync(fd);
    rmSync(nest, { recursive: true, force: true });
  }
}

/** Passwords outlive a restart of the container, as the accounts do that have them. */
const KEPT: ReadonlySet<string> = new Set(['password', 'vnc-password']);

/** Takes away all else, with the rights of the folder's owner. Returns whether that could be done. */
function clearSecrets(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return false;
  try {
    asUser({ uid: stat.uid, gid: stat.gid, groups: [] }, () => {
      for (const entry of readdirSync(path, { withFileTypes: true }))
        if (!KEPT.has(entry.name) || !entry.isFile())
          rmSync(`${path}/${entry.name}`, { recursive: true, force: true });
      chmodSync(path, 0o700);
    });
    return true;
  } catch {
    return false;
  }
}

/** What is secret in the folder of this boot's state is that user's from now on. */
export function giveSecrets(path: string, user: Owner): void {
  try {
    for (const name of KEPT) {
      const file = `${path}/secrets/${name}`;
      // With one name: another one's file, linked there, is not given away.
      const stat = lstatSync(file, { throwIfNoEntry: false });
      if (process.geteuid?.() === 0 && stat?.isFile() && stat.nlink === 1)
        lchownSync(file, user.uid, user.gid);
    }
    giveFile(`${path}/secrets`, user);
  } catch {
    // Root without CAP_CHOWN: whoever has it keeps it.
  }
}

function writeAll(fd: number, text: string | Buffer): void {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
}

/** Only root can give a file away, and only what is not its own already needs it. */
function give(fd: number, owner: Owner): void {
  if (process.geteuid?.() === 0) fchownSync(fd, owner.uid, owner.gid);
}
