import { dirname } from 'node:path';
import type { Environment } from '../launch/environ.ts';
import { isDirectory, readRealPath } from './files.ts';
import type { Programs } from './programs.ts';

/**
 * Rprofile.site of every R that is installed, below the root, the one that R on PATH reads among them; none without R.
 * An image may well have two: Debian's for RStudio and conda's for notebooks.
 */
export function findSiteFiles(where: {
  readonly root: string;
  readonly environment: Environment;
  readonly programs: Programs;
}): string[] {
  const { root, environment, programs } = where;
  const home = environment['R_HOME'];
  const conda = environment['CONDA_DIR'];
  const found = [
    ...(home?.startsWith('/') ? [`${home}/etc`] : []),
    ...(programs['R'] === undefined ? [] : besideProgram(programs['R'])),
    // Debian's own folder only links here.
    isDirectory(`${root}/etc/R`) ? '/etc/R' : '/usr/lib/R/etc',
    '/usr/local/lib/R/etc',
    ...(conda?.startsWith('/') ? [`${conda}/lib/R/etc`] : []),
    '/opt/conda/lib/R/etc',
  ].filter(folder => isDirectory(`${root}${folder}`));
  const folders = found.length === 0 && programs['R'] !== undefined ? ['/etc/R'] : found;
  return [...new Set(folders)].map(folder => `${folder}/Rprofile.site`);
}

/** R on PATH is a script beside lib/R, or a link into it. */
function besideProgram(program: string): string[] {
  const prefix = dirname(dirname(readRealPath(program) ?? program));
  // /usr/lib/R/etc holds links into /etc/R.
  if (prefix === '/usr' || prefix === '/usr/lib/R') return [];
  return prefix.endsWith('/R') ? [`${prefix}/etc`] : [`${prefix}/lib/R/etc`, `${prefix}/lib64/R/etc`];
}
