import type { Runnable } from '../definitions/folder.ts';
import { parseShebang, SHEBANG_BYTES } from '../definitions/shebang.ts';
import { escapeLine } from '../printable.ts';
import { isExecutableFile, readHead, readNames, readStat } from './files.ts';
import { findNoexecMount } from './mounts.ts';

/** A file in cont-init.d or cont-finish.d. */
export interface ScriptFact {
  /** As it is said: a file's name may hold newlines, and what a terminal would obey. */
  readonly name: string;
  readonly path: string;
  /** Why it can't run; undefined when it can. */
  readonly skipped: string | undefined;
  readonly interpreter: string | undefined;
}

/** Where Lintel's own scripts are. */
const SHIPPED = '/usr/local/lib/lintel/';

/** One of Lintel's own: it belongs to every boot, and is said only when it has something to say. */
export function isShipped({ path }: Pick<ScriptFact, 'path'>): boolean {
  return path.includes(SHIPPED);
}

/** Scripts of both folders in one byte order; one under /etc replaces a shipped one of the same name. */
export function readScripts(root: string, folder: 'cont-init.d' | 'cont-finish.d'): ScriptFact[] {
  const byName = new Map<string, string>();
  for (const place of [`${root}${SHIPPED}${folder}`, `${root}/etc/${folder}`]) {
    for (const name of readNames(place)) byName.set(name, `${place}/${name}`);
  }
  const names = [...byName.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return names.map(name => {
    const { path, obstacle, interpreter } = readRunnable(byName.get(name) ?? '');
    return { name: escapeLine(name), path, skipped: obstacle, interpreter };
  });
}

export function readRunnable(path: string): Runnable {
  const obstacle = findObstacleToExec(path);
  if (obstacle !== undefined) return { path, obstacle, interpreter: undefined };
  const head = readHead(path, SHEBANG_BYTES);
  // What may be run but not read is the kernel's to judge.
  const isProgram = head === undefined || head.startsWith('#!') || head.startsWith('\x7fELF');
  return {
    path,
    obstacle: isProgram ? undefined : 'its first line is no "#!" with an interpreter',
    interpreter: parseShebang(head ?? '')?.interpreter,
  };
}

function findObstacleToExec(path: string): string | undefined {
  const stat = readStat(path);
  if (stat === undefined) return 'it is a link to nothing';
  if (stat.isDirectory()) return 'it is a directory, not a file';
  if (!stat.isFile()) return 'it is no regular file';
  return isExecutableFile(path) ? undefined : explainDenial(path, stat.mode);
}

const ANY_EXECUTE = 0o111;

function explainDenial(path: string, mode: number): string {
  if ((mode & ANY_EXECUTE) === 0) return 'it is not executable (chmod +x)';
  const mount = findNoexecMount(path);
  return mount === undefined
    ? 'this user may not execute it'
    : `it is on ${mount}, which is mounted noexec: no program there can run`;
}
