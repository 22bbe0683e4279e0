import type { Account, Accounts } from '../user.ts';

/** What becomes of one line of /etc/passwd, and of the lines elsewhere that go with it. Data only. */
export interface AccountChange {
  /** The account as it is; undefined where a new one is made. */
  readonly from: Account | undefined;
  readonly to: Account;
  /** A group that does not exist yet. */
  readonly newGroup: { readonly name: string; readonly gid: number } | undefined;
  /** A group of this number keeps the account as a member: what the image opened to it stays open. */
  readonly joinsGid: number | undefined;
  /** The line as it was lives on under this name, for what the image gave to that uid. */
  readonly keptAs: string | undefined;
  /** No new file may take the place of /etc/passwd: it is written where it stands, by who may do only that. */
  readonly isInPlace: boolean;
}

/** The accounts as they will be. */
export function changeAccounts(accounts: Accounts, change: AccountChange): Accounts {
  const { from, to, newGroup, joinsGid, keptAs } = change;
  const rename = (name: string) => (name === from?.name ? to.name : name);
  const users = accounts.users.map(user => (user.name === from?.name ? to : user));
  const kept = from === undefined || keptAs === undefined ? [] : [{ ...from, name: keptAs }];
  const groups = accounts.groups.map(group => {
    const members = group.members.map(rename);
    const isJoined = group.gid === joinsGid && !members.includes(to.name);
    return { ...group, members: isJoined ? [...members, to.name] : members };
  });
  return {
    users: [...users, ...(from === undefined ? [to] : []), ...kept],
    groups: newGroup === undefined ? groups : [...groups, { ...newGroup, members: [] }],
  };
}

/** "jovyan 1000:100 becomes ada 2000:100, home /home/ada". */
export function renderChange({ from, to }: AccountChange): string {
  const home = from?.home === to.home ? '' : `, home ${to.home}`;
  const now = `${to.name} ${to.uid}:${to.gid}${home}`;
  return from === undefined ? `${now} is new` : `${from.name} ${from.uid}:${from.gid} becomes ${now}`;
}
