import {
  chmodSync,
  closeSync,
  constants,
  ftruncateSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { type AccountChange, renderChange } from '../accounts/change.ts';
import { ACCOUNT_FILES, editAccountFile } from '../accounts/texts.ts';
import { renderCause } from '../errors.ts';
import { readText } from '../facts/files.ts';
import { writeFile } from './files.ts';

export interface AppliedAccounts {
  /** What was done, one sentence each. */
  readonly notes: readonly string[];
  /** What could not be done; the workbench goes on with the numbers alone. */
  readonly failures: readonly string[];
}

/**
 * Makes the plan's change of the workbench user's account below `root`, and the home that goes with a new name: a link
 * to the old one where nothing stands there, so that nothing is copied, lost or kept twice. Never throws.
 */
export function applyAccounts(change: AccountChange | undefined, root: string): AppliedAccounts {
  if (change === undefined) return { notes: [], failures: [] };
  try {
    // passwd comes last: until it is written, the next boot begins anew.
    const files = change.isInPlace ? (['passwd'] as const) : ACCOUNT_FILES;
    for (const file of files) {
      const path = `${root}/etc/${file}`;
      const text = readText(path);
      if (text === undefined) continue;
      const edited = editAccountFile(file, text, change);
      if (edited === text) continue;
      if (change.isInPlace) writeInPlace(path, edited);
      else writeFile(path, { text: edited, mode: 0o644, owner: { uid: 0, gid: 0 } });
    }
  } catch (error) {
    const { name, uid } = change.to;
    const failure = `Cannot write the accounts in ${root}/etc: ${renderCause(error)}; uid ${uid} works without the name ${name} there`;
    return { notes: [], failures: [failure] };
  }
  return { notes: [`user: ${renderChange(change)}`], failures: makeHome(change) };
}

function makeHome({ from, to }: AccountChange): string[] {
  if (from?.home === to.home || lstatSync(to.home, { throwIfNoEntry: false }) !== undefined) return [];
  try {
    if (from !== undefined && isFolder(from.home)) {
      symlinkSync(from.home, to.home);
      return [];
    }
    // Its parent is the system's: a folder that is not there is not made.
    if (!isFolder(dirname(to.home))) return [];
    mkdirSync(to.home);
    chmodSync(to.home, 0o755);
    lchownSync(to.home, to.uid, to.gid);
    return [];
  } catch (error) {
    return [`Cannot make the home ${to.home}: ${renderCause(error)}`];
  }
}

function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/**
 * For who may write a file but make none beside it. The new text is never shorter where a line is added, so whoever
 * reads meanwhile finds a whole file or one with a part of the last line.
 */
function writeInPlace(path: string, text: string): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW);
  try {
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, done);
    ftruncateSync(fd, bytes.length);
  } finally {
    closeSync(fd);
  }
}
