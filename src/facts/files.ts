import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { renderCause } from '../errors.ts';

/** Larger than any configuration; a limit so that a planted file can't fill memory. */
const MAX_BYTES = 16 * 1024 * 1024;

/** The text of a regular file, as `readBytes` reads it. */
export function readText(path: string, maxBytes = MAX_BYTES): string | undefined {
  return readBytes(path, maxBytes)?.toString('utf8');
}

/**
 * The bytes of a regular file, undefined when there is none. Never waits for a fifo that nobody writes.
 * Throws the system's error for a file that is there but can't be read, and says so of a folder or a huge file.
 */
export function readBytes(path: string, maxBytes: number): Buffer | undefined {
  const fd = openIfThere(path);
  if (fd === undefined) return undefined;
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new Error(stat.isDirectory() ? 'it is a directory' : 'it is no regular file');
    if (stat.size > maxBytes) throw new Error(`it has ${stat.size} bytes, more than ${maxBytes}`);
    return readAll(fd, stat.size);
  } finally {
    closeSync(fd);
  }
}

/** All that comes on stdin. Waits for its end; throws when that is more. */
export function readStdin(maxBytes: number): string {
  const buffer = Buffer.alloc(maxBytes + 1);
  let done = 0;
  for (;;) {
    const more = readSync(0, buffer, done, buffer.length - done, null);
    done += more;
    if (more === 0) return buffer.toString('utf8', 0, done);
    if (done > maxBytes) throw new Error(`it has more than ${maxBytes} bytes`);
  }
}

/** As `readText`, but what can't be read counts as absent: for files of the system that need not be there. */
export function readTextIfAny(path: string): string | undefined {
  try {
    return readText(path);
  } catch {
    return undefined;
  }
}

/** The first bytes of a file as latin1 text; undefined when it can't be read. */
export function readHead(path: string, bytes: number): string | undefined {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const buffer = Buffer.alloc(bytes);
      return buffer.toString('latin1', 0, readSync(fd, buffer, 0, bytes, 0));
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

/** Names in a folder in byte order, without hidden ones (Kubernetes mounts keep `..data` there); empty when there is none. */
export function readNames(path: string): string[] {
  try {
    const names = readdirSync(path).filter(name => !name.startsWith('.'));
    return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  } catch {
    return [];
  }
}

/** Why this process can't list a folder that is there, and reach what is in it. */
export function findFolderTrouble(path: string): string | undefined {
  try {
    if (statSync(`${path}/.`, { throwIfNoEntry: false }) === undefined) return undefined;
    closeSync(openSync(path, constants.O_RDONLY | constants.O_DIRECTORY));
    return undefined;
  } catch (error) {
    return renderCause(error);
  }
}

/** What the path leads to; undefined when there is nothing or it is hidden behind a folder of somebody else's. */
export function readStat(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** As `readStat`, of a link itself. */
export function readLinkStat(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Where the links of a path lead; undefined when they lead nowhere. */
export function readRealPath(path: string): string | undefined {
  try {
    if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}

export function isDirectory(path: string): boolean {
  return readStat(path)?.isDirectory() ?? false;
}

/** Most candidates on a PATH do not exist, and a thrown error costs ten times what a stat does. */
export function isExecutableFile(path: string): boolean {
  if (readStat(path)?.isFile() !== true) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether that user may search every folder on the way to `path`, by their modes; what is more (ACLs) is not seen. */
export function mayReach(
  path: string,
  user: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] },
): boolean {
  if (user.uid === 0) return true;
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const folder = readStat(path.slice(0, end));
    if (folder === undefined) return false;
    const isMember = folder.gid === user.gid || user.groups.includes(folder.gid);
    const bit = folder.uid === user.uid ? 0o100 : isMember ? 0o010 : 0o001;
    if ((folder.mode & bit) === 0) return false;
  }
  return true;
}

/** Whether this process may make and replace files in the folder; a folder that is yet to be made counts by its parent. */
export function isWritableFolder(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || path === '/') return false;
    return isWritableFolder(path.slice(0, Math.max(path.lastIndexOf('/'), 1)));
  }
}

function openIfThere(path: string): number | undefined {
  try {
    // Most files that are looked for are not there, and a thrown error costs ten times what a stat does.
    if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Files of /proc say size 0, so reading goes on until nothing comes. */
function readAll(fd: number, sizeHint: number): Buffer {
  const chunks: Buffer[] = [];
  let total = 0;
  while (total <= MAX_BYTES) {
    const chunk = Buffer.allocUnsafe(Math.max(sizeHint + 1 - total, 4096));
    const count = readSync(fd, chunk, 0, chunk.length, null);
    if (count === 0) break;
    total += count;
    chunks.push(chunk.subarray(0, count));
  }
  return Buffer.concat(chunks);
}

/** Whether the file system is read-only, for everybody. */
export function isOnReadOnly(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS';
  }
}
