import {
  chmodSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { renderCause } from '../errors.ts';
import { EXIT_CODE_FILE, type ExitCodeWish, readExitCodeWish } from '../facts/exit-code.ts';
import { readStat } from '../facts/files.ts';
import { withDescriptor } from '../processes/spare.ts';
import { type Owner, writeFile } from './files.ts';

/** What scripts made for s6 look for below /run, besides their services. */
export interface S6Places {
  /** Makes them, each where it can be made. Returns one sentence for each that can't. */
  make(): string[];
  /** From now on the exit code is that user's to write. Throws the system's error. */
  giveTo(user: Owner): void;
  /** What a script wrote as the container's exit code. */
  readExitCode(): ExitCodeWish | undefined;
}

/**
 * | path                                         | what                                              |
 * |----------------------------------------------|---------------------------------------------------|
 * | /run/s6/container_environment, /var/run/…    | links to the folder of the environment             |
 * | /run/s6/basedir/bin/halt                     | stops the container                                |
 * | /run/s6-linux-init-container-results/exitcode | the workbench user's: what stands in it at the end |
 *
 * Touches nothing yet. `root` is LINTEL_ROOT without its last slash.
 */
export function makeS6Places(options: {
  readonly root: string;
  readonly environmentFolder: string;
  readonly user: Owner;
}): S6Places {
  const { root, environmentFolder } = options;
  let { user } = options;
  const folders = isSameFolder(`${root}/var/run`, `${root}/run`) ? ['/run'] : ['/run', '/var/run'];
  let hasExitCode = false;
  return {
    make: () => [
      ...folders.flatMap(run =>
        attempt(root + run, '/s6/container_environment', path => linkTo(environmentFolder, path)),
      ),
      ...attempt(`${root}/run`, '/s6/basedir/bin/halt', writeHalt),
      ...attempt(
        root + dirname(dirname(EXIT_CODE_FILE)),
        '/s6-linux-init-container-results/exitcode',
        path => {
          writeExitCode(path, user);
          hasExitCode = true;
        },
      ),
    ],
    giveTo(other) {
      user = other;
      // The folder around it is Lintel's own: nobody else puts a link there.
      if (hasExitCode && process.geteuid?.() === 0) lchownSync(root + EXIT_CODE_FILE, other.uid, other.gid);
    },
    readExitCode: () => (hasExitCode ? readExitCodeWish(root, withDescriptor) : undefined),
  };
}

function attempt(run: string, inside: string, act: (path: string) => void): string[] {
  try {
    let folder = run;
    mkdirSync(run, { recursive: true });
    for (const name of dirname(inside).split('/').slice(1)) {
      folder = `${folder}/${name}`;
      makeOwnFolder(folder);
    }
    act(run + inside);
    return [];
  } catch (error) {
    return [`${run}${inside}: ${renderCause(error)}`];
  }
}

/** As root, of nobody else's making: its owner could put something else there, for root to run. */
function makeOwnFolder(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  const isFine = process.geteuid?.() !== 0 || (stat?.uid === 0 && (stat.mode & 0o022) === 0);
  if (stat?.isDirectory() && isFine) return;
  if (stat !== undefined) rmSync(path, { recursive: true });
  mkdirSync(path);
  chmodSync(path, 0o755);
}

function linkTo(target: string, path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isSymbolicLink() && readlinkSync(path) === target) return;
  // An empty folder of the image's is in the way; a full one holds somebody's files.
  if (stat?.isDirectory()) rmdirSync(path);
  else if (stat !== undefined) unlinkSync(path);
  symlinkSync(target, path);
}

/**
 * `lintel` by its name, because as /init it would take a word that it does not know for a CMD. Where that fails, the
 * signal of an ordinary stop does, as far as its sender may signal us.
 */
function writeHalt(path: string): void {
  const text = `#!/bin/sh
# Made by Lintel at boot: stops the container, as s6-overlay's halt does.
said=$(/usr/local/bin/lintel shutdown 2>&1) || kill -TERM ${process.pid} 2>/dev/null || {
  printf '%s\\n' "$said" "halt: Cannot stop the container: Lintel is process ${process.pid}, which only its own user may signal" >&2
  exit 1
}
`;
  removeIfThere(path);
  writeFileSync(path, text, { flag: 'wx', mode: 0o755 });
  chmodSync(path, 0o755);
}

/** Empty, and the user's to write; the folder around it is not, so that nobody puts a link there. */
function writeExitCode(path: string, user: Owner): void {
  removeIfThere(path);
  try {
    writeFile(path, { text: '', mode: 0o644, owner: user });
  } catch {
    // Root without CAP_CHOWN gives it to the user's group; without CAP_SETGID only root's scripts choose the exit code.
    writeExitCodeForGroup(path, user);
  }
}

function writeExitCodeForGroup(path: string, { gid }: Owner): void {
  try {
    writeFile(path, { text: '', mode: 0o664, owner: { uid: 0, gid } });
  } catch {
    writeFile(path, { text: '', mode: 0o644, owner: { uid: 0, gid: 0 } });
  }
}

/** Asked first: the usual answer is no, and a removal in vain costs ten times the look. */
function removeIfThere(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) rmSync(path, { recursive: true });
}

/** Usually /var/run is a link to /run; where there is none, none is made. */
function isSameFolder(path: string, other: string): boolean {
  const stat = readStat(path);
  return stat === undefined || stat.ino === readStat(other)?.ino;
}
