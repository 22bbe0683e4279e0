import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { renderCause } from '../errors.ts';
import type { Environment } from '../launch/environ.ts';
import { type ConfigFile, type Place, readConfig } from './configs.ts';
import { isDirectory } from './files.ts';
import { findProgram } from './programs.ts';

/** A file of the user's own in which a program keeps what they chose. */
export interface Preferences {
  readonly path: string;
  /** undefined when there is none. */
  readonly text: string | undefined;
  /** Why it can't be read; such a file is left alone. */
  readonly trouble: string | undefined;
}

export interface PreferenceFacts {
  /** undefined where the program is not installed. */
  readonly codeServer: Preferences | undefined;
  readonly rstudio: Preferences | undefined;
  /** JupyterLab's defaults for all users: a file of ours alone. */
  readonly jupyter: ConfigFile;
  /** What Lintel has put into the user's files. */
  readonly record: Preferences;
}

const MAX_BYTES = 1024 * 1024;
const RSTUDIO = '/usr/lib/rstudio-server';

export function readPreferences(where: {
  readonly place: Place;
  readonly environment: Environment;
  /** `present`: where the home is now, before it gets its name. */
  readonly home: { readonly path: string; readonly present: string };
  readonly uid: number;
}): PreferenceFacts {
  const { place, environment, home, uid } = where;
  const read = (given: string | undefined, usual: string, name: string) => {
    const inHome = (path: string) => `${given || `${path}/${usual}`}/${name}`;
    return readOwn(inHome(home.present), { uid, path: inHome(home.path) });
  };
  const config = environment['XDG_CONFIG_HOME'];
  const data = environment['XDG_DATA_HOME'];
  const hasCodeServer = findProgram('code-server', environment) !== undefined;
  const hasRstudio = isDirectory(place.root + RSTUDIO) || findProgram('rserver', environment) !== undefined;
  return {
    codeServer: hasCodeServer ? read(data, '.local/share', 'code-server/User/settings.json') : undefined,
    rstudio: hasRstudio ? read(config, '.config', 'rstudio/rstudio-prefs.json') : undefined,
    jupyter: readConfig(place, '/etc/jupyter/labconfig/default_setting_overrides.d/lintel.json'),
    record: read(environment['XDG_STATE_HOME'], '.local/state', 'lintel/appearance.json'),
  };
}

/**
 * A copy of it will be the user's, so it must be theirs now: a link to it would be lost, and a folder that is a link
 * could lead root to a file that they may not read.
 */
function readOwn(file: string, { uid, path }: { readonly uid: number; readonly path: string }): Preferences {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { path, text: undefined, trouble: undefined };
    const trouble = code === 'ELOOP' ? 'it is a link' : renderCause(error);
    return { path, text: undefined, trouble };
  }
  try {
    const stat = fstatSync(fd);
    const trouble = !stat.isFile()
      ? 'it is no regular file'
      : stat.uid !== uid
        ? 'it is somebody else’s'
        : stat.size > MAX_BYTES
          ? `it has ${stat.size} bytes, more than ${MAX_BYTES}`
          : undefined;
    return { path, text: trouble === undefined ? readFileSync(fd, 'utf8') : undefined, trouble };
  } catch (error) {
    return { path, text: undefined, trouble: renderCause(error) };
  } finally {
    closeSync(fd);
  }
}
