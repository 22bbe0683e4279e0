import type { Environment } from '../launch/environ.ts';
import { findWithoutEffect, type WithoutEffect } from './without-effect.ts';

/**
 * s6-overlay's variables that no setting of Lintel's stands for, and why. Those of `always` ask for what is so here in
 * any case; the others are named once when an image or a platform sets them to more than s6's default.
 */
export const S6_VARIABLES: Readonly<Record<'always' | 'never', Readonly<Record<string, string>>>> = {
  always: {
    S6_CMD_USE_TERMINAL: 'the CMD always has the terminal',
    S6_CMD_WAIT_FOR_SERVICES_MAXTIME: 'no script or service is given up because it is slow',
    S6_KEEP_ENV: 'everybody has the container’s environment',
    S6_READ_ONLY_ROOT: 'nothing is written to the root',
    S6_SERVICES_READYTIME: 'nobody has to wait before services can be asked',
    S6_YES_I_WANT_A_WORLD_WRITABLE_RUN_BECAUSE_KUBERNETES: 'an open /run is not refused',
  },
  never: {
    S6_CATCHALL_USER: 'logs go to stdout and stderr',
    S6_CMD_RECEIVE_SIGNALS: 'a stop reaches CMD and services together',
    S6_CMD_WAIT_FOR_SERVICES: 'the CMD starts beside the services',
    S6_FIX_ATTRS_HIDDEN: 'fix-attrs.d is not read',
    S6_KILL_GRACETIME: 'what is left at the end has 2 s; LINTEL_SHUTDOWN_TIMEOUT_MS is for all',
    S6_LOGGING: 'logs go to stdout and stderr',
    S6_LOGGING_SCRIPT: 'logs go to stdout and stderr',
    S6_RUNTIME_PROFILE: 'cont-profile.d is not read',
    S6_STAGE2_HOOK: 'a script in cont-init.d can do it',
    S6_SYNC_DISKS: 'the host’s disks are the host’s',
    S6_VERBOSITY: 'Lintel has one loudness',
    S6_WAIT_FOR_CLOSING_FD: 'the boot begins at once',
  },
};

/** Those of them that are set to something. */
export function findS6Variables(environment: Environment): WithoutEffect[] {
  return findWithoutEffect(environment, {
    variables: S6_VARIABLES.never,
    usual: name => [name === 'S6_VERBOSITY' ? '2' : '0'],
    page: 'docs/s6.md',
  });
}
