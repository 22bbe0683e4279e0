import { lstatSync, mkdirSync, readdirSync, renameSync, rmdirSync } from 'node:fs';
import { NO_CONTENT, STAGING } from '../facts/home.ts';
import type { User } from '../user.ts';
import { asUser } from './as-user.ts';

/**
 * A home is filled in a folder beside what will be in it, and moved in whole: a start that is cut short finds the home
 * as empty as before. All of it with the user's own rights. All throw the system's error.
 */
export function isStillEmpty(user: User): boolean {
  return asUser(user, () => readdirSync(user.home).every(name => NO_CONTENT.has(name)));
}

/** The folder to fill; undefined where one is left of a start that was cut short, and has to go first. */
export function makeStaging(user: User): string | undefined {
  const path = stagingOf(user);
  return asUser(user, () => {
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return undefined;
    mkdirSync(path, { mode: 0o700 });
    return path;
  });
}

/** Moves what is in the folder into the home, but for names that are there already. Returns how many were moved. */
export function moveIn(user: User): number {
  const path = stagingOf(user);
  return asUser(user, () => {
    const names = readdirSync(path, { encoding: 'buffer' });
    const moved = names.filter(name => {
      const target = Buffer.concat([Buffer.from(`${user.home}/`), name]);
      if (lstatSync(target, { throwIfNoEntry: false }) !== undefined) return false;
      renameSync(Buffer.concat([Buffer.from(`${path}/`), name]), target);
      return true;
    });
    if (moved.length === names.length) rmdirSync(path);
    return moved.length;
  });
}

export function stagingOf(user: User): string {
  return `${user.home}/${STAGING}`;
}
