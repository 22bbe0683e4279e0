import { renderCause } from '../errors.ts';
import type { Environment } from '../launch/environ.ts';
import { renderEnvironmentR, renderRenviron } from '../tools/r-environment.ts';
import { renderEnvSh } from '../tools/shell-environment.ts';
import type { User } from '../user.ts';
import { writeFile } from './files.ts';

/**
 * The environment for shells and R sessions that Lintel did not start: files of the runtime folder that its own hooks in
 * /etc read. They hold every secret that the environment does: only the workbench user may read them, and nobody but
 * Lintel's own user may write, since root's shells read them too. Returns one sentence for what can't be written.
 */
export function applyShellFiles(given: {
  readonly runtimeDir: string;
  readonly user: User;
  /** The container's variables. */
  readonly container: Environment;
  /** What a process of that user sees. */
  readonly environment: Environment;
  readonly hasR: boolean;
}): string[] {
  const { runtimeDir, user, environment, hasR } = given;
  const texts = {
    'env.sh': renderEnvSh(given.container, environment),
    ...(hasR
      ? { Renviron: renderRenviron(environment), 'environment.R': renderEnvironmentR(environment) }
      : {}),
  };
  const isRoot = process.geteuid?.() === 0;
  const file = isRoot ? { mode: 0o640, owner: { uid: 0, gid: user.gid } } : { mode: 0o600, owner: user };
  return Object.entries(texts).flatMap(([name, text]) => {
    try {
      writeFile(`${runtimeDir}/${name}`, { text, ...file });
      return [];
    } catch (error) {
      return [`Cannot write ${runtimeDir}/${name}: ${renderCause(error)}; shells and R may lack variables`];
    }
  });
}
