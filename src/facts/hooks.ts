import { readNames } from './files.ts';

/** The folders of docker-stacks' hooks that hold any. */
export interface HookFolders {
  readonly startNotebook: string | undefined;
  readonly beforeNotebook: string | undefined;
}

export function readHookFolders(root: string): HookFolders {
  const find = (name: string) => {
    const path = `${root}/usr/local/bin/${name}`;
    return readNames(path).length === 0 ? undefined : path;
  };
  return { startNotebook: find('start-notebook.d'), beforeNotebook: find('before-notebook.d') };
}
