import { type EnvironmentFolder, makeEnvironmentFolder } from '../apply/environment-folder.ts';
import { giveSecrets } from '../apply/files.ts';
import { makeS6Places, type S6Places } from '../apply/s6.ts';
import { renderCause } from '../errors.ts';
import type { Environment } from '../launch/environ.ts';
import type { Log } from '../log/log.ts';
import type { User } from '../user.ts';
import type { Draft } from './draft.ts';

/** What programs find below /run: the folder of the environment, and what scripts made for s6 look for. */
export interface Furniture {
  readonly folder: EnvironmentFolder;
  readonly places: S6Places;
  /**
   * Makes all of it; called again, only the folder of the environment follows, since scripts have written to the rest.
   * Only scripts, and services made for s6, need it to be there before they start.
   */
  make(environment: Environment): void;
  /** Scripts have made somebody else the workbench user. */
  giveTo(user: User): void;
}

/** Touches nothing yet. What can't be made is said, and everything else goes on. */
export function makeFurniture({ plan, facts }: Draft, log: Log): Furniture {
  const path = `${plan.runtimeDir}/env`;
  const folder = makeEnvironmentFolder(path, plan.user);
  const places = makeS6Places({ root: facts.root, environmentFolder: path, user: plan.user });
  let isMade = false;
  return {
    folder,
    places,
    make(environment) {
      for (const failure of folder.write(environment)) log.error(failure);
      if (isMade) return;
      isMade = true;
      const missing = places.make();
      if (plan.usesS6 && missing.length > 0)
        log.warn(`scripts made for s6 do not find ${missing.join(', ')}`);
    },
    giveTo(user) {
      try {
        giveSecrets(plan.runtimeDir, user);
        folder.giveTo(user);
        places.giveTo(user);
      } catch (error) {
        log.error(`Cannot give what is below ${plan.runtimeDir} to ${user.name}: ${renderCause(error)}`);
      }
    },
  };
}
