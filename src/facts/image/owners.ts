import type { Tree } from './tree.ts';

/** Whose a file or folder is. */
export interface Owned {
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** Every folder on the way to the path, the root first, and what it leads to; empty where there is nothing. */
export function readWay(tree: Tree, path: string): Owned[] {
  const found = tree.find(path);
  if (found === undefined) return [];
  const parts = found.path.split('/').filter(part => part !== '');
  const paths = ['/', ...parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`)];
  return paths.flatMap(each => readOwned(tree, each) ?? []);
}

/** Of what the path leads to. */
export function readOwned(tree: Tree, path: string): Owned | undefined {
  const stat = tree.find(path)?.stat;
  return stat === undefined ? undefined : { path, uid: stat.uid, gid: stat.gid, mode: stat.mode };
}
