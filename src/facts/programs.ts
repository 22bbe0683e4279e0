import type { Environment } from '../launch/environ.ts';
import { isExecutableFile } from './files.ts';

const USUAL_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Programs whose presence the plan or a person wants to know. */
const PROGRAMS = [
  'apt-get',
  'conda',
  'git',
  'java',
  'jupyter',
  'mamba',
  'micromamba',
  'node',
  'npm',
  'pip',
  'python3',
  'R',
  'rserver',
  'setpriv',
  'sshd',
  'sudo',
  'uv',
  'wget',
] as const;

/** Where packages put what no PATH leads to. */
const OFF_PATH: Readonly<Record<string, string>> = { rserver: '/usr/lib/rstudio-server/bin/rserver' };

/** Name -> path of each program that is installed. */
export type Programs = Readonly<Record<string, string>>;

export function readPrograms(
  environment: Environment,
  alsoWanted: Iterable<string>,
  isUsable: (path: string) => boolean = isExecutableFile,
): Programs {
  const found: Record<string, string> = {};
  for (const name of new Set([...PROGRAMS, ...alsoWanted])) {
    const elsewhere = OFF_PATH[name];
    const find = (wanted: string) => findProgram(wanted, environment, isUsable);
    const path = find(name) ?? (elsewhere && find(elsewhere));
    if (path !== undefined) found[name] = path;
  }
  return found;
}

/** Folders that are the system's in every image. */
export const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** For what root runs of its own accord: an image's PATH may begin with a folder that its user can write. */
export function findSystemProgram(name: string): string | undefined {
  return findProgram(name, { PATH: SYSTEM_PATH });
}

/** The file that `name` would run, as execvp(3) finds it; a name with a slash is a path of its own. */
export function findProgram(
  name: string,
  environment: Environment,
  isUsable: (path: string) => boolean = isExecutableFile,
): string | undefined {
  if (name.includes('/')) return isUsable(name) ? name : undefined;
  // An image whose PATH lacks the sbin folders still has its sshd and setpriv there.
  const folders = `${environment['PATH'] || USUAL_PATH}:/usr/sbin:/sbin`.split(':');
  return folders.map(folder => `${folder || '.'}/${name}`).find(isUsable);
}
