import {
  chmodSync,
  chownSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import type { Growth } from '../environment.ts';
import { renderCause } from '../errors.ts';
import { readValueFile } from '../facts/value-file.ts';
import type { Environment } from '../launch/environ.ts';
import { type FolderWatch, watchFolder } from '../pid1/inotify.ts';
import { asMaker } from './as-user.ts';
import type { Owner } from './files.ts';

/**
 * The environment as a folder, one file a variable, as s6 has it: scripts add, change, empty and remove files, and
 * what runs later finds it so. Nobody but Lintel's own user may change it, or root would load what a user wrote;
 * the workbench user may read it, nobody else, since it holds every secret that the environment does.
 */
export interface EnvironmentFolder {
  readonly path: string;
  /** Makes the folder hold exactly these. Returns one sentence for each that can't be written. */
  write(environment: Environment): string[];
  /** The kernel notes what changes until the returned call, so that a look where nothing has costs one call. */
  watch(): () => void;
  /** From now on that user reads it, nobody else. Throws the system's error. */
  giveTo(reader: Owner): void;
  /** What changed since the last `write` or `readGrowth`, and one sentence for each file that is no variable. */
  readGrowth(): Seen;
}

interface Seen {
  readonly growth: Growth;
  readonly warnings: readonly string[];
}

/**
 * What we write is dated to the epoch: whatever writes it afterwards gives it another date, even within the same
 * tick of the kernel's clock. So a look at the folder reads no file that nobody touched.
 */
const OUR_TIME = 0;
/** The group is the folder's, and the folder's is the workbench user's. */
const FILE_MODE = 0o640;
const FOLDER_MODE = 0o2750;
/** The names that a container's variables may have are many; those that a script may add are these. */
const NEW_NAME = /^[A-Za-z_][\w.-]*$/;

/** Touches nothing yet. */
export function makeEnvironmentFolder(path: string, firstReader: Owner): EnvironmentFolder {
  let reader = firstReader;
  const held = new Map<string, string>();
  const warned = new Set<string>();
  let isMade = false;
  let isFresh = false;
  let watched: FolderWatch | undefined;

  function writeAll(environment: Environment): string[] {
    try {
      if (!isMade) makeFolder(path, reader);
    } catch (error) {
      return [`Cannot make ${path}: ${renderCause(error)}`];
    }
    isFresh = !isMade;
    isMade = true;
    const gone = [...held.keys()].filter(name => !Object.hasOwn(environment, name));
    const failures = [
      ...gone.flatMap(tryRemove),
      ...Object.entries(environment).flatMap(([name, value]) =>
        held.get(name) === value || !isFileName(name) ? [] : replace(name, value),
      ),
    ];
    isFresh = false;
    return failures;
  }

  /** Not through links: scripts of root's may have put some there. */
  function giveTo({ gid }: Owner): void {
    reader = { ...reader, gid };
    if (!isMade || process.geteuid?.() !== 0) return;
    for (const name of held.keys()) lchownSync(`${path}/${name}`, 0, gid);
    chownSync(path, 0, gid);
    chmodSync(path, FOLDER_MODE);
  }

  function unwatch(): void {
    watched?.close();
    watched = undefined;
  }

  function writeOne(name: string, value: string): void {
    const file = `${path}/${name}`;
    writeFileSync(file, toText(value), { flag: 'wx', mode: FILE_MODE });
    utimesSync(file, OUR_TIME, OUR_TIME);
    held.set(name, value);
  }

  function remove(name: string): void {
    rmSync(`${path}/${name}`, { force: true, recursive: true });
    held.delete(name);
  }

  function tryRemove(name: string): string[] {
    try {
      remove(name);
      return [];
    } catch (error) {
      // Something is mounted on it, or the folder has become read-only.
      return [`Cannot remove ${path}/${name}: ${renderCause(error)}`];
    }
  }

  function readAll(names: readonly string[]): Seen {
    const present = new Set(names);
    const unset = [...held.keys()].filter(name => !present.has(name));
    const set = new Map<string, string>();
    const warnings: string[] = [];
    for (const name of names) {
      const found = look(name);
      if (found === undefined) continue;
      if (found === 'unset') unset.push(name);
      else if ('value' in found) set.set(name, found.value);
      else if (!warned.has(name)) {
        warned.add(name);
        warnings.push(`${path}/${name} is passed over: ${found.trouble}`);
      }
    }
    // Written again as it was is no change.
    const changed = [...set].filter(([name, value]) => held.get(name) !== value);
    if (set.size + unset.length > 0) warnings.push(...withUmask(() => adopt(set, unset)));
    return { growth: { set: Object.fromEntries(changed), unset }, warnings };
  }

  /** undefined for a file that nobody touched. */
  function look(name: string): 'unset' | ReturnType<typeof readValueFile> | undefined {
    const stat = lstatSync(`${path}/${name}`, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    if (!stat.isFile()) return { trouble: stat.isSymbolicLink() ? 'it is a link' : 'it is no regular file' };
    if (held.has(name) && stat.mtimeMs === OUR_TIME) return undefined;
    if (!held.has(name) && !NEW_NAME.test(name)) return { trouble: 'its name is no variable’s' };
    return stat.size === 0 ? 'unset' : readValueFile(name, `${path}/${name}`);
  }

  /** What was read stands there from now on under our date, owner and mode, whatever a script gave it. */
  function adopt(set: ReadonlyMap<string, string>, unset: readonly string[]): string[] {
    return [...unset.flatMap(tryRemove), ...[...set].flatMap(([name, value]) => replace(name, value))];
  }

  function replace(name: string, value: string): string[] {
    try {
      // A script may have put a fifo there, and opening one to write waits for a reader.
      if (!isFresh) remove(name);
      writeOne(name, value);
      return [];
    } catch (error) {
      // On a full disk it is there and empty, which to a reader means unset.
      if (!held.has(name)) tryRemove(name);
      return [`Cannot write ${path}/${name}: ${renderCause(error)}`];
    }
  }

  return {
    path,
    giveTo,
    write: environment => withUmask(() => writeAll(environment)),
    watch() {
      watched = watchFolder(path);
      return unwatch;
    },
    readGrowth: () => {
      // Our own writes are noted too: then nobody's are overlooked.
      if (watched?.hasChanged() === false) return { growth: { set: {}, unset: [] }, warnings: [] };
      const names = readNames(path);
      if (names === undefined) {
        // Hardly meant to unset every variable.
        const all = Object.fromEntries(held);
        held.clear();
        isMade = false;
        const failures = withUmask(() => writeAll(all));
        unwatch();
        return {
          growth: NOTHING,
          warnings: [`${path} is gone: it is made again`, ...failures],
        };
      }
      try {
        return readAll(names);
      } catch (error) {
        // A script took away the right to look into it.
        return { growth: NOTHING, warnings: [`Cannot read ${path}: ${renderCause(error)}`] };
      }
    },
  };
}

const NOTHING: Growth = { set: {}, unset: [] };

function makeFolder(path: string, reader: Owner): void {
  mkdirSync(path);
  if (process.geteuid?.() !== 0) return chmodSync(path, 0o700);
  try {
    chownSync(path, 0, reader.gid);
    chmodSync(path, FOLDER_MODE);
  } catch {
    rmdirSync(path);
    makeFolderAs(path, reader);
  }
}

/** Root without CAP_CHOWN: what is made is its maker's. Where that can't be done either, it is root's alone. */
function makeFolderAs(path: string, { gid }: Owner): void {
  try {
    asMaker({ uid: 0, gid }, () => {
      mkdirSync(path);
      chmodSync(path, FOLDER_MODE);
    });
  } catch {
    mkdirSync(path, { recursive: true });
    chmodSync(path, 0o700);
  }
}

/** Whatever umask the container has, the group may read and others may not. */
function withUmask<T>(act: () => T): T {
  const umask = process.umask(0o027);
  try {
    return act();
  } finally {
    process.umask(umask);
  }
}

/** Hidden files are nobody's variables. undefined when a script took the folder away. */
function readNames(path: string): string[] | undefined {
  try {
    return readdirSync(path).filter(name => !name.startsWith('.'));
  } catch {
    return undefined;
  }
}

/** A reader drops one newline at the end, and takes an empty file for an unset variable. */
function toText(value: string): string {
  return value === '' || value.endsWith('\n') ? `${value}\n` : value;
}

function isFileName(name: string): boolean {
  return !name.includes('/') && !name.startsWith('.') && Buffer.byteLength(name) <= MAX_NAME_BYTES;
}

/** Of every usual file system. */
const MAX_NAME_BYTES = 255;
