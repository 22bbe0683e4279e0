import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  opendirSync,
  openSync,
  readlinkSync,
  readSync,
  type Stats,
} from 'node:fs';
import { renderCause } from '../../errors.ts';

/** As the kernel's own limit of links on one way. */
const MOST_LINKS = 40;
/** A folder that Lintel reads holds a dozen files; what comes after these is said to be left out. */
const MOST_NAMES = 1000;
/** What could not be read is listed; more than this is a tree that is somebody else's. */
const MOST_TROUBLES = 20;
const CHUNK_BYTES = 64 * 1024;

/** What a path inside the tree leads to. */
export interface Found {
  /** Without links, inside the tree. */
  readonly path: string;
  readonly stat: Stats;
}

/** Something that may hold what is looked for, and can't be read. */
export interface Trouble {
  readonly path: string;
  readonly why: string;
}

/**
 * A folder taken for `/`: the links in it are followed as if it were. None leads out of it, whatever it says, and only
 * regular files are opened: an image may have been made to lead its reader elsewhere.
 */
export interface Tree {
  /** What the path leads to; undefined where there is nothing, or links turn in a circle. */
  find(path: string): Found | undefined;
  /** As `find`, of a link itself. */
  findLink(path: string): Found | undefined;
  /** Names in a folder, hidden ones too, in byte order; empty where there is none. */
  names(path: string): readonly string[];
  /** As `names`, without hidden ones. */
  visibleNames(path: string): readonly string[];
  /** The whole of a regular file; undefined where there is none, it can't be read or is longer. */
  read(path: string, maxBytes: number): Buffer | undefined;
  /** A part of a regular file; shorter at its end. */
  readPart(path: string, part: { readonly offset: number; readonly bytes: number }): Buffer | undefined;
  /** What was looked for so far and could not be read. */
  troubles(): readonly Trouble[];
}

/** `root` without a slash at its end: "" is the machine's own. */
export function openTree(root: string): Tree {
  const troubles = new Map<string, string>();
  const note = (path: string, why: string) => {
    if (troubles.size < MOST_TROUBLES) troubles.set(path, why);
  };
  const stat = (path: string) => readStat(root, path, note);
  const find = (path: string, keepsLink = false) => follow(root, path, { keepsLink, stat });
  const open = <T>(path: string, read: (fd: number, stat: Stats) => T): T | undefined => {
    const found = find(path);
    if (found?.stat.isFile() !== true) return undefined;
    return openFile(root + found.path, found.stat, { read, note: why => note(path, why) });
  };
  const names = (path: string) => {
    const found = find(path);
    return found?.stat.isDirectory() === true ? readNames(root + found.path, why => note(path, why)) : [];
  };
  return {
    find: path => find(path),
    findLink: path => find(path, true),
    names,
    visibleNames: path => names(path).filter(name => !name.startsWith('.')),
    read: (path, maxBytes) =>
      open(path, (fd, { size }) => {
        if (size <= maxBytes) return readAt(fd, { offset: 0, bytes: size });
        note(path, `it has ${size} bytes, more than ${maxBytes}`);
        return undefined;
      }),
    readPart: (path, part) => open(path, fd => readAt(fd, part)),
    troubles: () => [...troubles].map(([path, why]) => ({ path, why })),
  };
}

/** Part by part, so that each link is seen before the kernel would follow it out of the root. */
function follow(
  root: string,
  path: string,
  { keepsLink, stat }: { readonly keepsLink: boolean; readonly stat: (path: string) => Stats | undefined },
): Found | undefined {
  const rest = splitPath(path);
  let here = '';
  let found = stat('/');
  for (let links = 0; rest.length > 0; ) {
    const part = rest.shift() ?? '';
    if (part === '..') {
      here = here.slice(0, Math.max(0, here.lastIndexOf('/')));
      found = stat(here || '/');
      continue;
    }
    const next = `${here}/${part}`;
    found = stat(next);
    if (found === undefined) return undefined;
    if (found.isSymbolicLink() && !(keepsLink && rest.length === 0)) {
      links += 1;
      const target = links > MOST_LINKS ? undefined : readLink(root + next);
      if (target === undefined) return undefined;
      rest.unshift(...splitPath(target));
      if (target.startsWith('/')) here = '';
      found = stat(here || '/');
    } else if (rest.length > 0 && !found.isDirectory()) return undefined;
    else here = next;
  }
  return found === undefined ? undefined : { path: here || '/', stat: found };
}

function splitPath(path: string): string[] {
  return path.split('/').filter(part => part !== '' && part !== '.');
}

function readStat(root: string, path: string, note: (path: string, why: string) => void): Stats | undefined {
  try {
    return lstatSync(root + path, { throwIfNoEntry: false });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM')
      note(path.slice(0, path.lastIndexOf('/')) || '/', renderCause(error));
    return undefined;
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function readNames(path: string, note: (why: string) => void): string[] {
  const names: string[] = [];
  try {
    const folder = opendirSync(path);
    try {
      for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) {
        if (names.length === MOST_NAMES) {
          note(`it holds more than ${MOST_NAMES} names: the others were left out`);
          break;
        }
        names.push(entry.name);
      }
    } finally {
      folder.closeSync();
    }
  } catch (error) {
    note(renderCause(error));
  }
  return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** The way to it was without links when it was `seen`: where it leads elsewhere by now, nothing is read. */
function openFile<T>(
  path: string,
  seen: Stats,
  { read, note }: { readonly read: (fd: number, stat: Stats) => T; readonly note: (why: string) => void },
): T | undefined {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      const stat = fstatSync(fd);
      return stat.dev === seen.dev && stat.ino === seen.ino ? read(fd, stat) : undefined;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    note(renderCause(error));
    return undefined;
  }
}

function readAt(fd: number, { offset, bytes }: { readonly offset: number; readonly bytes: number }): Buffer {
  const chunks: Buffer[] = [];
  for (let done = 0; done < bytes; ) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, bytes - done));
    const count = readSync(fd, chunk, 0, chunk.length, offset + done);
    if (count === 0) break;
    chunks.push(chunk.subarray(0, count));
    done += count;
  }
  return Buffer.concat(chunks);
}
