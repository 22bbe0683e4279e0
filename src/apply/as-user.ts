import type { Ids } from '../pid1/identity.ts';
import { openLibc } from '../pid1/libc.ts';

/**
 * Does `act` with exactly that user's rights, so that no link or hard link in a folder of theirs leads root anywhere.
 * Synchronous, since the ids are the whole thread's. Who is not root, or is to act as root, just acts. Throws what `act`
 * throws, and EPERM where root may not become that user.
 */
export function asUser<T>(user: Ids, act: () => T): T {
  return process.geteuid?.() !== 0 || user.uid === 0 ? act() : become(user, act);
}

/**
 * As `asUser`, but also where only the group is another: root without CAP_CHOWN gives nothing away, but what is made is
 * its maker's. Throws what `act` throws, and EPERM where root may not become that user.
 */
export function asMaker<T>(owner: { readonly uid: number; readonly gid: number }, act: () => T): T {
  return become({ ...owner, groups: [] }, act);
}

function become<T>(user: Ids, act: () => T): T {
  const libc = openLibc();
  return 'missing' in libc ? actByNode(user, act) : libc.actAs(user, act);
}

/** Without node:ffi: Node's own calls change every thread, and libuv's may be opening a file just then. */
function actByNode<T>(user: Ids, act: () => T): T {
  const groups = process.getgroups?.() ?? [];
  const gid = process.getegid?.() ?? 0;
  try {
    process.setgroups?.([...user.groups]);
    process.setegid?.(user.gid);
    process.seteuid?.(user.uid);
    return act();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(gid);
    process.setgroups?.(groups);
  }
}
