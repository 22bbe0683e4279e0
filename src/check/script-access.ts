import type { ImageFacts } from '../facts/image/image.ts';
import type { Owned } from '../facts/image/owners.ts';
import type { ProgramFile } from '../facts/image/program-files.ts';
import { findUser, findWriter, type User } from '../user.ts';
import { type Finding, found } from './finding.ts';
import { RULES } from './script-rules.ts';

/** Whether whoever is to run it may, and whether somebody may change what root runs. */
export function judgeOwners(file: ProgramFile, image: ImageFacts): Finding[] {
  if (!image.hasOwners) return [];
  const user = findRunner(file, image);
  return user === undefined ? judgeWriters(file, image) : judgeAccess(file, user);
}

const ANY_EXECUTE = 0o111;

/** By anybody at all. */
export function isExecutable({ way }: ProgramFile): boolean {
  return ((way.at(-1)?.mode ?? 0) & ANY_EXECUTE) !== 0;
}

/** Whoever runs it; undefined for root. */
function findRunner({ role, service }: ProgramFile, image: ImageFacts): User | undefined {
  const { settings, environment, accounts, workbench } = image;
  const definition = image.definitions.find(({ name }) => name === service);
  if (role !== 'service' || definition === undefined) return undefined;
  const isRoots =
    settings.serviceUser === 'root' || (definition.runsAsSelf && settings.serviceUser === undefined);
  const wanted = definition.user ?? (isRoots ? 'root' : undefined);
  const identity = { uid: 0, gid: 0, groups: [0], canSwitchUser: true };
  const user =
    wanted === undefined
      ? workbench.user
      : findUser(wanted, { settings, environment, accounts, identity, givenHome: undefined });
  return user?.uid === 0 ? undefined : user;
}

function judgeAccess({ path, way, text }: ProgramFile, user: User): Finding[] {
  const closed = way.find((owned, index) => {
    const isFile = index === way.length - 1;
    // A program's bytes are the kernel's to read; a script is read by its interpreter.
    const needed = isFile && text?.startsWith('#!') === true ? 0o5 : 0o1;
    return (rightsOf(owned, user) & needed) !== needed;
  });
  if (closed === undefined) return [];
  const who = `${user.name} (uid ${user.uid}) may not run it`;
  const what = closed === way.at(-1) ? who : `${who}: ${closed.path} is closed to them`;
  return [found(RULES, 'not-for-user', { path, what, expected: 'mode 755' })];
}

/** As the kernel decides: by the first of owner, group and others that fits. */
function rightsOf({ uid, gid, mode }: Owned, user: User): number {
  if (uid === user.uid) return (mode >> 6) & 0o7;
  const isMember = gid === user.gid || user.groups.includes(gid);
  return (isMember ? mode >> 3 : mode) & 0o7;
}

function judgeWriters({ path, way }: ProgramFile, { workbench }: ImageFacts): Finding[] {
  // Of what Lintel ships it is said once, as a part of the installation.
  if (workbench.user.uid === 0 || path.startsWith('/usr/local/lib/lintel/')) return [];
  for (const owned of way) {
    const who = findWriter(owned, workbench.user);
    if (who === undefined) continue;
    const isFile = owned === way.at(-1);
    return [
      found(RULES, 'writable-by-others', {
        path: isFile ? path : owned.path,
        what: `root runs ${isFile ? 'it' : 'scripts in it'} and ${who} may change it`,
        expected: 'root as its owner, and nobody else with w',
      }),
    ];
  }
  return [];
}
