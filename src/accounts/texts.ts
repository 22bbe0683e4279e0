import type { AccountChange } from './change.ts';

/**
 * The files of the system's users with one account changed. Lines, fields and order that are not concerned stay as they
 * are, byte for byte, also those that are no accounts. A second time changes nothing.
 */
export interface AccountTexts {
  readonly passwd: string;
  readonly group: string;
  readonly shadow: string;
  readonly gshadow: string;
}

export const ACCOUNT_FILES = [
  'group',
  'gshadow',
  'shadow',
  'passwd',
] as const satisfies readonly (keyof AccountTexts)[];

/** No password fits `*`, and yet PAM lets in whoever comes with a key. */
const LOCKED = '*:20000:0:99999:7:::';

export function editAccountFile(file: keyof AccountTexts, text: string, change: AccountChange): string {
  switch (file) {
    case 'passwd':
      return editPasswd(text, change);
    case 'group':
      return editGroup(text, change);
    case 'shadow':
      return editShadow(text, change);
    case 'gshadow':
      return editGshadow(text, change);
  }
}

function editPasswd(text: string, { from, to, keptAs }: AccountChange): string {
  const fields = [to.uid, to.gid];
  if (from === undefined)
    return append(text, to.name, `${to.name}:x:${fields.join(':')}::${to.home}:${to.shell}`);
  let kept: string | undefined;
  const edited = editLines(text, from.name, line => {
    kept ??= line;
    const [, password, , , comment] = line.split(':');
    return [to.name, password, ...fields, comment, to.home, to.shell].join(':');
  });
  if (keptAs === undefined || kept === undefined) return edited;
  return append(edited, keptAs, [keptAs, ...kept.split(':').slice(1)].join(':'));
}

function editGroup(text: string, change: AccountChange): string {
  const { newGroup, joinsGid } = change;
  const edited = mapLines(text, line => {
    const fields = line.split(':');
    if (fields.length !== 4) return line;
    const [name, password, gid, members = ''] = fields;
    return [name, password, gid, editMembers(members, change, Number(gid) === joinsGid)].join(':');
  });
  return newGroup === undefined
    ? edited
    : append(edited, newGroup.name, `${newGroup.name}:x:${newGroup.gid}:`);
}

/** gshadow knows groups by name alone, so only members that are there are renamed. */
function editGshadow(text: string, change: AccountChange): string {
  const edited = mapLines(text, line => {
    const fields = line.split(':');
    if (fields.length !== 4) return line;
    const [name, password, admins = '', members = ''] = fields;
    return [name, password, editMembers(admins, change, false), editMembers(members, change, false)].join(
      ':',
    );
  });
  const { newGroup } = change;
  return newGroup === undefined ? edited : append(edited, newGroup.name, `${newGroup.name}:!::`);
}

function editShadow(text: string, { from, to }: AccountChange): string {
  if (from === undefined) return append(text, to.name, `${to.name}:${LOCKED}`);
  return editLines(text, from.name, line => [to.name, ...line.split(':').slice(1)].join(':'));
}

function editMembers(list: string, { from, to }: AccountChange, isJoined: boolean): string {
  const before = list.split(',');
  const members = before.map(name => (name === from?.name ? to.name : name));
  if (!isJoined && members.every((name, index) => name === before[index])) return list;
  if (isJoined && !members.includes(to.name)) members.push(to.name);
  return members.join(',').replace(/^,/, '');
}

/** Only the first line of that name counts for the system; one that was left would be the account from then on. */
function editLines(text: string, name: string, edit: (line: string) => string): string {
  return mapLines(text, line => (line.startsWith(`${name}:`) ? edit(line) : line));
}

function mapLines(text: string, edit: (line: string) => string): string {
  return text.split('\n').map(edit).join('\n');
}

/** At the end, unless a line of that name is there. */
function append(text: string, name: string, line: string): string {
  if (text.split('\n').some(other => other.startsWith(`${name}:`))) return text;
  return `${text === '' || text.endsWith('\n') ? text : `${text}\n`}${line}\n`;
}
