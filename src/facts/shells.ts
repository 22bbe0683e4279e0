import { type ConfigFile, readConfig } from './configs.ts';
import { isDirectory } from './files.ts';

/** The files by which shells that Lintel did not start find the environment. */
export interface ShellFacts {
  /** undefined where login shells look into no folder. */
  readonly profile: ConfigFile | undefined;
  /** undefined where bash has no file for all. */
  readonly bashrc: ConfigFile | undefined;
  /** Read only where the one for all can't be written. */
  readonly userBashrc: ConfigFile | undefined;
}

export function readShells(root: string, home: string): ShellFacts {
  const found = ['/etc/bash.bashrc', '/etc/bashrc'].map(path => readConfig(root, path));
  const bashrc = found.find(({ text, trouble }) => text !== undefined || trouble !== undefined);
  return {
    profile: isDirectory(`${root}/etc/profile.d`)
      ? readConfig(root, '/etc/profile.d/00-lintel.sh')
      : undefined,
    bashrc,
    userBashrc: bashrc === undefined || bashrc.isWritable ? undefined : readConfig('', `${home}/.bashrc`),
  };
}
