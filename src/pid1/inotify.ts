import { close, closeSync, readSync } from 'node:fs';

/** What the kernel notes of a folder and the files in it. Asking costs one call, where nothing has changed. */
export interface FolderWatch {
  /** Whether anything has changed since the last call. Whoever made the change may have ended only just now. */
  hasChanged(): boolean;
  close(): void;
}

/** Constants of sys/inotify.h and asm-generic/ioctls.h; the same on x64 and arm64. */
const IN_NONBLOCK_CLOEXEC = 0o2004000;
const IN_MODIFY = 0x2;
const IN_ATTRIB = 0x4;
const IN_MOVED = 0xc0;
const IN_CREATE = 0x100;
const IN_DELETE = 0x200;
const IN_OF_ITSELF = 0xc00;
const CHANGES = IN_MODIFY | IN_ATTRIB | IN_MOVED | IN_CREATE | IN_DELETE | IN_OF_ITSELF;
const FIONREAD = 0x541bn;
/** What is left unread tells once more that something has changed. */
const READ_BYTES = 64 * 1024;

/** undefined where the kernel can't be asked: no node:ffi, or the user's limit of watches is reached. */
export function watchFolder(path: string): FolderWatch | undefined {
  const c = bind();
  const fd = c?.inotify_init1(IN_NONBLOCK_CLOEXEC) ?? -1;
  if (c === undefined || fd < 0) return undefined;
  if (c.inotify_add_watch(fd, Buffer.from(`${path}\0`), CHANGES) < 0) {
    closeSync(fd);
    return undefined;
  }
  const pending = Buffer.alloc(4);
  return {
    hasChanged() {
      if (c.ioctl(fd, FIONREAD, pending) !== 0) return true;
      if (pending.readInt32LE(0) === 0) return false;
      readSync(fd, Buffer.allocUnsafe(READ_BYTES));
      return true;
    },
    // In a thread: the kernel waits here for all its readers, 5 to 16 ms, and a boot would wait with it.
    close: () => close(fd, () => undefined),
  };
}

function bind() {
  try {
    return process.getBuiltinModule('node:ffi').dlopen(null, {
      inotify_init1: { arguments: ['i32'], return: 'i32' },
      inotify_add_watch: { arguments: ['i32', 'buffer', 'i32'], return: 'i32' },
      ioctl: { arguments: ['i32', 'u64', 'buffer'], return: 'i32' },
    }).functions;
  } catch {
    return undefined;
  }
}
