import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Folder } from '../user.ts';
import { isOnReadOnly, readStat } from './files.ts';

export interface HomeFact extends Folder {
  /** It is on another file system than the folder that it is in: a volume. */
  readonly isMount: boolean;
  /** The file system is, for everybody. */
  readonly isReadOnly: boolean;
  /** Only looked at where something is to be put into it. */
  readonly isEmpty: boolean;
}

/** Where what a new home begins with is gathered before it is moved in. */
export const STAGING = '.lintel-home';
/** What a new volume has without anybody having put it there. */
export const NO_CONTENT: ReadonlySet<string> = new Set(['lost+found', STAGING]);

/** undefined where there is no such folder. */
export function readHomeFact(path: string, isToBeFilled: boolean): HomeFact | undefined {
  const stat = readStat(path);
  if (!stat?.isDirectory()) return undefined;
  const { uid, gid, mode, dev } = stat;
  const isMount = readStat(dirname(path))?.dev !== dev;
  return {
    uid,
    gid,
    mode,
    isMount,
    isReadOnly: isOnReadOnly(path),
    isEmpty: isToBeFilled && isEmpty(path),
  };
}

function isEmpty(path: string): boolean {
  try {
    return readdirSync(path).every(name => NO_CONTENT.has(name));
  } catch {
    return false;
  }
}
