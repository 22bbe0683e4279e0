import type { Problem } from './errors.ts';
import type { Environment } from './launch/environ.ts';
import type { Settings } from './settings/settings.ts';

/** One line of /etc/passwd. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

/** One line of /etc/group. */
export interface Group {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** The machine's users and groups. Lines that are none (comments, NIS's "+") are passed over. */
export interface Accounts {
  readonly users: readonly Account[];
  readonly groups: readonly Group[];
}

/** Somebody whom a process runs as. */
export interface User {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. */
  readonly groups: readonly number[];
  readonly name: string;
  readonly home: string;
  readonly shell: string;
}

/** Who this process is, as far as it decides who services may be. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  /** Whether it may become another user: root without CAP_SETUID and CAP_SETGID can't. */
  readonly canSwitchUser: boolean;
}

export interface UserSources {
  readonly settings: Settings;
  readonly environment: Environment;
  readonly accounts: Accounts;
  readonly identity: Identity;
  /** The folder that HOME names; undefined when there is none. */
  readonly givenHome: Folder | undefined;
  /** That of the workbench user's account. */
  readonly accountHome?: Folder | undefined;
  /** What SHELL names, where that is a shell. */
  readonly givenShell?: string | undefined;
}

/** Owner and mode of a folder. */
export interface Folder {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

export interface FoundUser {
  readonly user: User;
  readonly problems: readonly Problem[];
  /** What is reduced, one sentence each. */
  readonly warnings: readonly string[];
}

const DEFAULT_UID = 1000;
/** The number above means "no change" to the kernel. */
const MAX_ID = 2 ** 32 - 2;

/**
 * The workbench user: LINTEL_USER, else NB_USER, DEFAULT_USER or USERNAME where that user exists, else uid 1000.
 * A process that can't switch users is its own workbench user.
 */
export function findWorkbenchUser(sources: UserSources): FoundUser {
  const wanted = findWanted(sources);
  const { identity } = sources;
  if (identity.uid !== 0) return { ...makeOwnUser(sources), problems: wanted.problems };
  if (!identity.canSwitchUser) {
    const warning =
      'Root here may not become another user (no CAP_SETUID, CAP_SETGID): services and CMD stay root. Better start the container with --user 1000';
    return { user: makeUser(identity, sources), problems: wanted.problems, warnings: [warning] };
  }
  const user = makeUser(wanted, sources);
  const unknown = findUnknown(user, sources);
  const warnings =
    unknown === undefined ? [] : [`${unknown.what}; better add one to the image: ${unknown.remedy}`];
  return { user, problems: wanted.problems, warnings };
}

/** An image that was made without its user, and what mends it: everything runs, as somebody without a name and a home. */
export function findUnknown(
  { uid, home }: User,
  { accounts, settings }: Pick<UserSources, 'accounts' | 'settings'>,
): { readonly what: string; readonly remedy: string } | undefined {
  const isKnown = accounts.users.some(user => user.uid === uid);
  if (uid === 0 || settings.user !== undefined || isKnown) return undefined;
  return {
    what: `the workbench user, uid ${uid}, has no line in /etc/passwd: its HOME is ${home}, and whoami and ssh know nobody of that uid`,
    remedy: `useradd --create-home --uid ${uid} NAME`,
  };
}

/** The user of a name or number; undefined when a name is unknown. */
export function findUser(spec: string, sources: UserSources): User | undefined {
  const ids = parseIds(spec, sources.accounts);
  return ids === undefined ? undefined : makeUser(ids, sources);
}

/** The line of /etc/passwd that is the workbench user's, whoever this process is. */
export function findWorkbenchAccount(
  sources: Pick<UserSources, 'settings' | 'accounts'>,
): Account | undefined {
  const { uid } = findWanted(sources);
  const named = findNamed(sources);
  return named?.uid === uid ? named : sources.accounts.users.find(user => user.uid === uid);
}

function findNamed({ settings, accounts }: Pick<UserSources, 'settings' | 'accounts'>): Account | undefined {
  const names = [settings.user, settings.nbUser, settings.defaultUser, settings.username];
  const named = names.map(name => accounts.users.find(user => user.name === name));
  return named.find(account => account !== undefined);
}

function findWanted(sources: Pick<UserSources, 'settings' | 'accounts'>): {
  uid: number;
  gid: number;
  problems: readonly Problem[];
} {
  const { settings, accounts } = sources;
  if (settings.user !== undefined) {
    const ids = parseIds(settings.user, accounts);
    if (ids !== undefined) return { ...ids, problems: [] };
    const problem: Problem = {
      what: 'LINTEL_USER',
      seen: JSON.stringify(settings.user.slice(0, 64)),
      expected: 'the name of a user in /etc/passwd, a uid or uid:gid',
      fatal: true,
    };
    return { ...defaultIds(accounts), problems: [problem] };
  }
  for (const name of [settings.nbUser, settings.defaultUser, settings.username]) {
    const account = accounts.users.find(user => user.name === name);
    if (account !== undefined) return { uid: account.uid, gid: account.gid, problems: [] };
  }
  return { ...newIds(settings, accounts), problems: [] };
}

/** NB_UID and NB_GID, where the account that they are for has them already, or there is none. */
function newIds({ newUid, newGid }: Settings, accounts: Accounts): { uid: number; gid: number } {
  if (newUid === undefined || accounts.users.some(user => user.uid === DEFAULT_UID))
    return defaultIds(accounts);
  return { uid: newUid, gid: newGid ?? accounts.users.find(user => user.uid === newUid)?.gid ?? newUid };
}

function defaultIds(accounts: Accounts): { uid: number; gid: number } {
  const account = accounts.users.find(user => user.uid === DEFAULT_UID);
  return { uid: DEFAULT_UID, gid: account?.gid ?? DEFAULT_UID };
}

/** `name`, `uid` or `uid:gid`; the gid of a bare uid is passwd's, else the same number. */
function parseIds(spec: string, accounts: Accounts): { uid: number; gid: number } | undefined {
  const numbers = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(spec);
  if (numbers === null) {
    const account = accounts.users.find(user => user.name === spec);
    // Also in an image without /etc/passwd.
    if (account === undefined && spec === 'root') return { uid: 0, gid: 0 };
    return account === undefined ? undefined : { uid: account.uid, gid: account.gid };
  }
  const uid = Number(numbers[1]);
  const gid = Number(numbers[2] ?? accounts.users.find(user => user.uid === uid)?.gid ?? uid);
  return uid > MAX_ID || gid > MAX_ID ? undefined : { uid, gid };
}

/**
 * A process that is not root is its own workbench user. Where its uid has no line in /etc/passwd, or an engine has made
 * one up, it goes by the name of the workbench's account, and lives in its home where it may write there.
 */
function makeOwnUser(sources: UserSources): { readonly user: User; readonly warnings: readonly string[] } {
  const { identity, accounts } = sources;
  const own = accounts.users.find(user => user.uid === identity.uid);
  const user = makeUser(identity, sources);
  if (own !== undefined && own.home !== '/' && own.home !== '') return { user, warnings: [] };
  const account = findWorkbenchAccount(sources);
  const isHomeless = user.home === (own?.home || '/tmp');
  const mayStay = account !== undefined && mayWrite(identity, sources.accountHome);
  const home = isHomeless ? (mayStay ? account.home : '/tmp') : user.home;
  if (own !== undefined) return { user: { ...user, home }, warnings: [] };
  const name = account?.name ?? user.name;
  const warning = `uid ${identity.uid} has no line in /etc/passwd, and none can be added: programs see USER=${name} and HOME=${home}, but whoami and ssh know nobody of that uid`;
  return {
    user: { ...user, name, home, shell: sources.givenShell ?? (account?.shell || user.shell) },
    warnings: [warning],
  };
}

function makeUser(ids: { readonly uid: number; readonly gid: number }, sources: UserSources): User {
  const account = sources.accounts.users.find(user => user.uid === ids.uid);
  const groups = makeGroups(account?.name, ids, sources);
  return {
    uid: ids.uid,
    gid: ids.gid,
    groups,
    name: account?.name ?? String(ids.uid),
    home: makeHome(account?.home, { ...ids, groups }, sources),
    // Images say SHELL=/bin/bash beside an account that useradd gave /bin/sh: Jupyter's terminals start what SHELL says.
    shell: sources.givenShell ?? (account?.shell || '/bin/sh'),
  };
}

/**
 * The user's groups in /etc/group, and those that the platform gave the container (--group-add, Kubernetes'
 * supplementalGroups). Groups that root merely has in /etc/group (Alpine: disk, wheel) are not passed on.
 */
function makeGroups(
  name: string | undefined,
  ids: { readonly uid: number; readonly gid: number },
  sources: UserSources,
): number[] {
  const { accounts, identity } = sources;
  if (ids.uid === identity.uid) return [...identity.groups];
  const own = accounts.groups
    .filter(group => name !== undefined && group.members.includes(name))
    .map(group => group.gid);
  const roots = new Set([
    0,
    ...accounts.groups.filter(group => group.members.includes('root')).map(group => group.gid),
  ]);
  const given = identity.groups.filter(gid => !roots.has(gid));
  return [...new Set([...own, ...given])].filter(gid => gid !== ids.gid);
}

type Ids = Pick<User, 'uid' | 'gid' | 'groups'>;

/** HOME as given when that user can write it and it is neither /root nor /, else passwd's. */
function makeHome(account: string | undefined, ids: Ids, sources: UserSources): string {
  const given = sources.environment['HOME'] ?? '';
  const isTheirs = given.startsWith('/') && given !== '/' && (given !== '/root' || ids.uid === 0);
  if (isTheirs && mayWrite(ids, sources.givenHome) && !isFormerHome(given, account, sources)) return given;
  return account !== undefined && account !== '' ? account : '/tmp';
}

/**
 * NB_USER has given the user another name and another home than the image's HOME, which stands beside it: as under
 * docker-stacks the new one is meant.
 */
function isFormerHome(given: string, home: string | undefined, { settings, identity }: UserSources): boolean {
  const { nbUser } = settings;
  if (identity.uid !== 0 || nbUser === undefined || home === undefined || home === given) return false;
  const parent = (path: string) => path.slice(0, path.lastIndexOf('/'));
  return home.endsWith(`/${nbUser}`) && parent(home) === parent(given);
}

/** Whether that user can keep files in that home; undefined for one that is not there. */
export function mayWriteHome(
  user: Ids,
  home: (Folder & { readonly isReadOnly: boolean }) | undefined,
): boolean {
  return home !== undefined && !home.isReadOnly && mayWrite(user, home);
}

/** As the kernel decides: by the first of owner, group and others that fits. */
function mayWrite({ uid, gid, groups }: Ids, folder: Folder | undefined): boolean {
  if (folder === undefined) return false;
  if (uid === 0) return true;
  if (folder.uid === uid) return (folder.mode & 0o200) !== 0;
  const isMember = folder.gid === gid || groups.includes(folder.gid);
  return (folder.mode & (isMember ? 0o020 : 0o002)) !== 0;
}

export interface Groups {
  readonly gid: number;
  readonly groups: readonly number[];
}

/** In a folder like /tmp nobody replaces what is another's. */
const STICKY = 0o1000;

/** Another than root who may change or replace it, in words: its owner, or a group of `user`; undefined for nobody. */
export function findWriter({ uid, gid, mode }: Folder, user: Groups): string | undefined {
  if (uid !== 0) return `uid ${uid}`;
  if ((mode & STICKY) !== 0) return undefined;
  if ((mode & 0o002) !== 0) return 'everybody';
  const isMember = gid === user.gid || user.groups.includes(gid);
  return (mode & 0o020) !== 0 && isMember ? `group ${gid}` : undefined;
}
