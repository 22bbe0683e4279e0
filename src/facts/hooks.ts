import { basename } from 'node:path';
import { readHead, readNames } from './files.ts';

/** The folders of docker-stacks' hooks that hold any, and who runs them. */
export interface Hooks {
  readonly startNotebook: string | undefined;
  readonly beforeNotebook: string | undefined;
  /**
   * Names of docker-stacks' own start scripts that end in start.sh, which runs the hooks. In its images since 2024
   * only the ENTRYPOINT is start.sh: there start-notebook.py and the like run none, and are not among these.
   */
  readonly starters: readonly string[];
}

const FOLDER = '/usr/local/bin';
const START = 'start.sh';
const SCRIPTS = ['start-notebook.sh', 'start-notebook.py', 'start-singleuser.sh', 'start-singleuser.py'];
/** Theirs have 2 KiB at most. */
const MOST_BYTES = 16 * 1024;

export function readHooks(root: string): Hooks {
  const find = (name: string) => {
    const path = `${root}${FOLDER}/${name}`;
    return readNames(path).length === 0 ? undefined : path;
  };
  return {
    startNotebook: find('start-notebook.d'),
    beforeNotebook: find('before-notebook.d'),
    starters: readStarters(root),
  };
}

/** Each names the next with its whole path: start-notebook.sh calls start-notebook.py, that start.sh. */
function readStarters(root: string): string[] {
  const calls = SCRIPTS.map(name => ({ name, called: readCalled(`${root}${FOLDER}/${name}`) }));
  const starters = new Set([START]);
  for (const _ of SCRIPTS)
    for (const { name, called } of calls) if (called.some(other => starters.has(other))) starters.add(name);
  return [...starters];
}

/** Names of start scripts that a script mentions with their whole path. */
function readCalled(path: string): string[] {
  const text = readHead(path, MOST_BYTES) ?? '';
  return [...text.matchAll(CALL)].map(([call]) => basename(call));
}

const CALL = /\/usr\/local\/bin\/start(-\w+)?\.(sh|py)\b/g;
