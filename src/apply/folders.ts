import { renameSync } from 'node:fs';
import type { Ids } from '../pid1/identity.ts';
import { asUser } from './as-user.ts';

/** Gives a folder another name, with that user's own rights. Throws the system's error. */
export function moveFolder(from: string, to: string, user: Ids): void {
  asUser(user, () => renameSync(from, to));
}
