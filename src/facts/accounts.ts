import { accessSync, constants } from 'node:fs';
import type { Account, Accounts, Group } from '../user.ts';
import { readTextIfAny } from './files.ts';

export function readAccounts(root: string): Accounts {
  return {
    users: parsePasswd(readTextIfAny(`${root}/etc/passwd`) ?? ''),
    groups: parseGroup(readTextIfAny(`${root}/etc/group`) ?? ''),
  };
}

/** Whether this process may write into the file itself: images for OpenShift open it to group 0. */
export function mayWritePasswd(root: string): boolean {
  try {
    accessSync(`${root}/etc/passwd`, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

export function parsePasswd(text: string): Account[] {
  return rows(text, 7).map(([name = '', , uid, gid, , home = '', shell = '']) => ({
    name,
    uid: Number(uid),
    gid: Number(gid),
    home,
    shell,
  }));
}

export function parseGroup(text: string): Group[] {
  return rows(text, 4).map(([name = '', , gid, members = '']) => ({
    name,
    gid: Number(gid),
    members: members.split(',').filter(member => member !== ''),
  }));
}

/** Rows of `columns` fields whose third is a number, as in both files. */
function rows(text: string, columns: number): string[][] {
  const split = text.split('\n').map(line => line.split(':'));
  return split.filter(row => row.length === columns && row[0] !== '' && /^\d+$/.test(row[2] ?? ''));
}
