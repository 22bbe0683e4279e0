import type { Problem } from '../errors.ts';
import type { Settings } from '../settings/settings.ts';
import { type Account, type Accounts, findWorkbenchAccount, type Identity } from '../user.ts';
import type { AccountChange } from './change.ts';

/** How the system's files of users are to be changed before anything runs. */
export interface Refit {
  /** undefined: they are as they should be, or have to stay as they are. */
  readonly change: AccountChange | undefined;
  readonly problems: readonly Problem[];
  /** What can't be had, one sentence each. */
  readonly warnings: readonly string[];
}

export interface RefitSources {
  readonly settings: Settings;
  readonly accounts: Accounts;
  readonly identity: Identity;
  /** Whether this process may write into /etc/passwd itself. */
  readonly isPasswdWritable: boolean;
}

/** As useradd has it, with the dots and capitals that people have in their names. */
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/;
const SHELL = '/bin/bash';

/**
 * As root: NB_UID, NB_GID, NB_USER and NB_GROUP, as in Jupyter's docker-stacks. As an arbitrary uid that has no line in
 * /etc/passwd (OpenShift): the workbench user's line gets it, where that file can be written.
 */
export function findRefit(sources: RefitSources): Refit {
  const { identity } = sources;
  if (identity.uid !== 0) return findAdoption(sources);
  // Root that must stay root has nobody to refit.
  return identity.canSwitchUser ? findRootsRefit(sources) : NOTHING;
}

const NOTHING: Refit = { change: undefined, problems: [], warnings: [] };

function findAdoption({ settings, accounts, identity, isPasswdWritable }: RefitSources): Refit {
  const warnings = [
    ...(settings.newUid !== undefined && settings.newUid !== identity.uid
      ? [`NB_UID has no effect: only a container that starts as root can become uid ${settings.newUid}`]
      : []),
    ...(settings.newGid !== undefined && settings.newGid !== identity.gid
      ? [`NB_GID has no effect: only a container that starts as root can become gid ${settings.newGid}`]
      : []),
  ];
  const from = findWorkbenchAccount({ settings, accounts });
  const isKnown = accounts.users.some(user => user.uid === identity.uid);
  // The image's own defaults (docker-stacks sets NB_UID and NB_GID) ask for nothing.
  const isDefault = accounts.users.some(user => user.uid === settings.newUid);
  const said = isDefault ? [] : warnings;
  if (isKnown || from === undefined || from.uid === 0 || !isPasswdWritable)
    return { ...NOTHING, warnings: said };
  const to = { ...from, uid: identity.uid, gid: identity.gid };
  const keptAs = findFreeName(`${from.name}-was`, accounts.users);
  const change = { from, to, newGroup: undefined, joinsGid: undefined, keptAs, isInPlace: true };
  return { ...NOTHING, change, warnings: said };
}

function findRootsRefit({ settings, accounts }: RefitSources): Refit {
  const { newUid, newGid } = settings;
  const newName = settings.user === undefined ? settings.nbUser : undefined;
  if (newUid === undefined && newGid === undefined && newName === undefined) return NOTHING;
  if (/^\d/.test(settings.user ?? ''))
    return newUid === undefined && newGid === undefined
      ? NOTHING
      : { ...NOTHING, warnings: ['NB_UID and NB_GID have no effect: LINTEL_USER names a uid'] };
  const from =
    findWorkbenchAccount({ settings, accounts }) ?? accounts.users.find(({ uid }) => uid === newUid);
  if (from?.uid === 0) return NOTHING;
  const wanted = { uid: newUid, gid: newGid, name: newName };
  const problems = findProblems(wanted, { from, accounts, isStrict: settings.strict === true });
  const isWrong = (what: string) => problems.some(problem => problem.what === what);
  const name = isWrong('NB_USER') ? undefined : newName;
  const uid = isWrong('NB_UID') ? undefined : newUid;
  const to = makeAccount(from, { uid, gid: newGid, name });
  if (to === undefined || (from !== undefined && isSame(from, to))) return { ...NOTHING, problems };
  const newGroup = findNewGroup(to, accounts, settings.newGroup);
  const joinsGid = from === undefined || from.gid === to.gid ? undefined : from.gid;
  const change = { from, to, newGroup, joinsGid, keptAs: undefined, isInPlace: false };
  return { ...NOTHING, change, problems };
}

interface Wanted {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly name: string | undefined;
}

function findProblems(
  { uid, name }: Wanted,
  known: { readonly from: Account | undefined; readonly accounts: Accounts; readonly isStrict: boolean },
): Problem[] {
  const { from, accounts, isStrict: fatal } = known;
  const problems: Problem[] = [];
  if (name !== undefined && name !== from?.name && !NAME.test(name)) {
    const seen = JSON.stringify(name.slice(0, 64));
    const expected = 'a name for a user: at most 32 letters, digits and _ . -, no digit first';
    problems.push({ what: 'NB_USER', seen, expected, fatal });
  }
  const owner = accounts.users.find(user => user.uid === uid && user.name !== from?.name);
  if (owner !== undefined)
    problems.push({
      what: 'NB_UID',
      seen: `${uid}, which is ${owner.name}’s`,
      expected: 'a uid that no other user of /etc/passwd has',
      fatal,
    });
  return problems;
}

function makeAccount(from: Account | undefined, { uid, gid, name }: Wanted): Account | undefined {
  if (from !== undefined) {
    const renamed = name ?? from.name;
    return {
      name: renamed,
      uid: uid ?? from.uid,
      gid: gid ?? from.gid,
      home: renameHome(from, renamed),
      shell: from.shell,
    };
  }
  // Without a name there is nothing to write into /etc/passwd.
  if (name === undefined) return undefined;
  const id = uid ?? DEFAULT_UID;
  return { name, uid: id, gid: gid ?? id, home: `/home/${name}`, shell: SHELL };
}

const DEFAULT_UID = 1000;

/** A home that is called as its user stays so. */
function renameHome({ name, home }: Account, renamed: string): string {
  return home.endsWith(`/${name}`) ? `${home.slice(0, -name.length)}${renamed}` : home;
}

function isSame(a: Account, b: Account): boolean {
  return a.name === b.name && a.uid === b.uid && a.gid === b.gid && a.home === b.home;
}

function findNewGroup(
  { name, gid }: Account,
  { groups }: Accounts,
  wanted = name,
): AccountChange['newGroup'] {
  if (groups.some(group => group.gid === gid)) return undefined;
  const fitting = NAME.test(wanted) ? wanted : name;
  return { name: findFreeName(fitting, groups, `${fitting}-${gid}`), gid };
}

/** The name, or the other one where it is taken, or that with a number. */
function findFreeName(
  name: string,
  taken: readonly { readonly name: string }[],
  other = `${name}-2`,
): string {
  const isTaken = (candidate: string) => taken.some(one => one.name === candidate);
  if (!isTaken(name)) return name;
  if (!isTaken(other)) return other;
  let number = 3;
  while (isTaken(`${name}-${number}`)) number += 1;
  return `${name}-${number}`;
}
