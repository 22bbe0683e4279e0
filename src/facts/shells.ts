import { type ConfigFile, type Place, readConfig } from './configs.ts';
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

export function readShells(place: Place, home: string): ShellFacts {
  const found = ['/etc/bash.bashrc', '/etc/bashrc'].map(path => readConfig(place, path));
  const bashrc = found.find(({ text, trouble }) => text !== undefined || trouble !== undefined);
  return {
    profile: isDirectory(`${place.root}/etc/profile.d`)
      ? readConfig(place, '/etc/profile.d/00-lintel.sh')
      : undefined,
    bashrc,
    userBashrc:
      bashrc === undefined || bashrc.isWritable
        ? undefined
        : readConfig({ ...place, root: '' }, `${home}/.bashrc`),
  };
}
