import { renderCause } from '../errors.ts';
import type { Environment } from '../launch/environ.ts';
import { renderEnvironmentR, renderRenviron } from '../tools/r-environment.ts';
import { renderEnvSh } from '../tools/shell-environment.ts';
import type { User } from '../user.ts';
import { ofReader, writeFile } from './files.ts';

export interface ShellFiles {
  readonly runtimeDir: string;
  readonly user: User;
  /** The container's variables. */
  readonly container: Environment;
  /** What a process of that user sees. */
  readonly environment: Environment;
}

/**
 * The environment for shells that Lintel did not start: a file of the runtime folder that hooks of Lintel's in /etc
 * read. It holds every secret that the environment does: only the workbench user may read it, and nobody but Lintel's
 * own user may write, since root's shells read it too. Returns one sentence for what can't be written.
 */
export function applyShellFile(files: ShellFiles): string[] {
  return write('env.sh', renderEnvSh(files.container, files.environment), files);
}

/** The same for R sessions. */
export function applyRFiles(files: ShellFiles): string[] {
  return [
    ...write('Renviron', renderRenviron(files.environment), files),
    ...write('environment.R', renderEnvironmentR(files.environment), files),
  ];
}

function write(name: string, text: string, { runtimeDir, user }: ShellFiles): string[] {
  try {
    writeFile(`${runtimeDir}/${name}`, { text, ...ofReader(user) });
    return [];
  } catch (error) {
    return [`Cannot write ${runtimeDir}/${name}: ${renderCause(error)}; shells or R may lack variables`];
  }
}
