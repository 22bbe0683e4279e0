import {
  chownSync,
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  type Stats,
} from 'node:fs';
import { renderCause } from '../errors.ts';
import type { Owner } from './files.ts';

/** Whom a file or folder, and all that is in it, shall belong to. For root. */
export interface Giving {
  readonly path: string;
  readonly to: Owner;
  readonly isRecursive: boolean;
  /** Given: only what belongs to that owner is changed, and only on the file system that `path` itself is on. */
  readonly from?: Owner;
}

export interface Given {
  readonly changed: number;
  readonly seen: number;
  /** Files with names outside of what was walked: they may be somebody else's, so they are left alone. */
  readonly linkedElsewhere: number;
  readonly failed: number;
  /** Why the first of them failed. */
  readonly cause: string | undefined;
}

/** So long at most the event loop waits, but for one call that the file system does not answer. Milliseconds. */
const SLICE_MS = 10;
/** Each level of folders is an open descriptor. */
const MAX_DEPTH = 256;
/** As the kernel has it. */
const MAX_LINKS = 40;
/** asm-generic/fcntl.h: a descriptor that names a file without opening it, so that neither a fifo nor a device stirs. */
const O_PATH = 0o10000000;
const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Gives what has the wrong owner, in slices between which the event loop goes on. Every step is taken from an open folder
 * to a name in it, never along a path, and what is changed is what was looked at: a link that is planted meanwhile
 * leads nowhere. Links are followed only where nobody but root can have made them, on the way to `path`. Never rejects.
 */
export async function giveOwnership(giving: Giving, stop: AbortSignal): Promise<Given> {
  const walk = makeWalk(giving);
  const work = walk.run();
  for (;;) {
    const endMs = performance.now() + SLICE_MS;
    while (performance.now() < endMs) {
      if (stop.aborted || work.next().done === true) {
        work.return(undefined);
        return walk.result();
      }
    }
    await new Promise(resolve => setImmediate(resolve));
  }
}

function makeWalk({ path, to, from, isRecursive }: Giving) {
  const count = { changed: 0, seen: 0, failed: 0 };
  let cause: string | undefined;
  /** Names seen so far of files that have several, by device and number; and those of which all were seen. */
  const names = new Map<string, number>();
  const complete = new Set<string>();
  let isSecondWalk = false;
  let device: number | undefined;

  function fail(error: unknown): void {
    count.failed += 1;
    cause ??= renderCause(error);
  }

  /** The owner that it is to have; undefined where it has the right one. */
  function findOwner({ uid, gid }: Stats): Owner | undefined {
    if (from !== undefined) {
      if (uid !== from.uid) return undefined;
      return { uid: to.uid, gid: gid === from.gid ? to.gid : gid };
    }
    return uid === to.uid && gid === to.gid ? undefined : to;
  }

  /** Whether all its names are in what is walked. That is known after the first walk, so such files wait for a second. */
  function isAllHere({ dev, ino, nlink }: Stats): boolean {
    if (nlink === 1) return true;
    const key = `${dev}:${ino}`;
    if (isSecondWalk) return complete.has(key);
    const seen = (names.get(key) ?? 0) + 1;
    if (seen === nlink) complete.add(key);
    names.set(key, seen);
    return false;
  }

  /** A file, link, fifo or device, by a descriptor that is it and nothing that takes its place. */
  function giveOther(at: Buffer): void {
    const fd = openSync(at, O_PATH | constants.O_NOFOLLOW);
    try {
      const stat = fstatSync(fd);
      const owner = findOwner(stat);
      if (stat.isDirectory() || owner === undefined || !isAllHere(stat)) return;
      chownSync(`/proc/self/fd/${fd}`, owner.uid, owner.gid);
      count.changed += 1;
    } finally {
      closeSync(fd);
    }
  }

  /** The folder comes after what is in it: as long as it has the wrong owner, there is something to do. */
  function* giveFolder(fd: number, depth: number): Generator<void> {
    const stat = fstatSync(fd);
    device ??= stat.dev;
    if (from !== undefined && stat.dev !== device) return;
    if (isRecursive) {
      if (depth >= MAX_DEPTH) throw new Error(`more than ${MAX_DEPTH} folders in one another`);
      for (const name of readdirSync(`/proc/self/fd/${fd}`, { encoding: 'buffer' })) {
        yield;
        yield* giveEntry(joinTo(fd, name), depth + 1);
      }
    }
    const owner = findOwner(stat);
    if (owner === undefined) return;
    fchownSync(fd, owner.uid, owner.gid);
    count.changed += 1;
  }

  function* giveEntry(at: Buffer, depth: number): Generator<void> {
    if (!isSecondWalk) count.seen += 1;
    try {
      const stat = lstatSync(at);
      if (!stat.isDirectory()) {
        if (findOwner(stat) !== undefined) giveOther(at);
        return;
      }
      const fd = openSync(at, FOLDER);
      try {
        yield* giveFolder(fd, depth);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      // What has gone meanwhile needs no owner.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || depth === 0) fail(error);
    }
  }

  return {
    *run(): Generator<void> {
      let way: Way | undefined;
      try {
        way = openWay(path);
      } catch (error) {
        return fail(error);
      }
      try {
        const top = joinTo(way.fd, Buffer.from(way.name));
        yield* giveEntry(top, 0);
        isSecondWalk = true;
        if (complete.size > 0) yield* giveEntry(top, 0);
      } finally {
        closeSync(way.fd);
      }
    },
    result: (): Given => ({ ...count, linkedElsewhere: names.size - complete.size, cause }),
  };
}

function joinTo(fd: number, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`/proc/self/fd/${fd}/`), name]);
}

interface Way {
  /** The open folder that the last name is in; the caller closes it. */
  readonly fd: number;
  /** No link. */
  readonly name: string;
}

/** Goes from / to a path name by name. Throws the system's error, and where a link is not root's to trust. */
function openWay(path: string): Way {
  let names = split(path);
  let fd = openSync('/', FOLDER);
  try {
    for (let links = 0; ; ) {
      const name = names.shift() ?? '.';
      const at = `/proc/self/fd/${fd}/${name}`;
      const stat = lstatSync(at);
      if (stat.isSymbolicLink()) {
        links += 1;
        if (links > MAX_LINKS || !isRoots(fd, stat))
          throw new Error(`${name} is a link that others than root could have made`);
        const target = readlinkSync(at);
        names = [...split(target), ...names];
        if (target.startsWith('/')) fd = step(fd, '/');
        continue;
      }
      if (names.length === 0) return { fd, name };
      fd = step(fd, at);
    }
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function step(fd: number, to: string): number {
  const next = openSync(to, FOLDER);
  closeSync(fd);
  return next;
}

function split(path: string): string[] {
  return path.split('/').filter(name => name !== '' && name !== '.');
}

function isRoots(folder: number, link: Stats): boolean {
  const { uid, mode } = fstatSync(folder);
  return link.uid === 0 && uid === 0 && (mode & 0o022) === 0;
}
