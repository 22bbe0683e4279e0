import { closeSync, constants, openSync } from 'node:fs';
import { readTextIfAny } from '../facts/files.ts';
import { openLibc } from '../pid1/libc.ts';
import { readProcess } from '../processes/tree.ts';
import { writeFile } from './files.ts';

/**
 * The pid of a living Lintel that keeps its state in that folder; undefined when there is none but perhaps this one.
 * A pid alone may be anybody's after a restart of the container: the start time must be the same too.
 */
export function findHolder(runtimeDir: string): number | undefined {
  const noted = /^(\d{1,10}) (\d{1,20})\n$/.exec(readTextIfAny(`${runtimeDir}/pid`) ?? '');
  const pid = Number(noted?.[1] ?? process.pid);
  if (pid === process.pid) return undefined;
  const found = readProcess(pid);
  const isAlive = found !== undefined && !found.isZombie && found.startTicks === Number(noted?.[2]);
  return isAlive ? pid : undefined;
}

/**
 * Takes the folder for this process alone until it ends, or says that another one has. The kernel gives it to one of two
 * that begin at the same time, and back when that one ends, however it does; where libc can't be asked the note has to do.
 */
export function takeFolder(runtimeDir: string): boolean {
  const libc = openLibc();
  if ('missing' in libc) return true;
  const fd = openSync(runtimeDir, constants.O_RDONLY | constants.O_DIRECTORY);
  if (libc.lock(fd)) return true;
  closeSync(fd);
  return false;
}

/** Notes this process as the one that keeps its state there. Throws the system's error. */
export function holdFolder(runtimeDir: string): void {
  const self = readProcess(process.pid);
  if (self === undefined) return;
  const owner = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  writeFile(`${runtimeDir}/pid`, { text: `${self.pid} ${self.startTicks}\n`, mode: 0o600, owner });
}
