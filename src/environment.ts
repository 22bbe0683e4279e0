import type { Environment } from './launch/environ.ts';
import type { User } from './user.ts';

/**
 * What a process of `user` sees: the container's variables byte for byte, what the boot added, and who it is.
 * Nothing else: unset stays unset and empty stays empty.
 */
export function makeEnvironment(given: Environment, added: Environment, user: User): Environment {
  return { ...given, ...added, USER: user.name, LOGNAME: user.name, SHELL: user.shell, HOME: user.home };
}

/** For services: Python writes a pipe by blocks, so without this a killed one has no last lines. */
export function makeServiceEnvironment(given: Environment, added: Environment, user: User): Environment {
  return { PYTHONUNBUFFERED: '1', ...makeEnvironment(given, added, user) };
}
