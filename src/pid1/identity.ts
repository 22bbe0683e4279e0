type Ffi = typeof import('node:ffi');

/** The ids that decide what a process may do. */
export interface Ids {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. */
  readonly groups: readonly number[];
}

/** Changes of the effective ids, of this thread alone. For root; everybody else is who they are. */
export interface Identity {
  /** Returns whether it could; after a `false` and after everything else, `becomeRoot` must follow. */
  becomeUser(ids: Ids): boolean;
  /** Throws when the own user could not be restored: this process may then be nobody it knows. */
  becomeRoot(): void;
}

/** linux/prctl.h. */
const PR_SET_DUMPABLE = 4;
/** setgroups, setresgid, setresuid: libc's own would change every thread, and libuv's threads may be writing. */
const SYSCALLS = {
  x64: { setgroups: 116n, setresgid: 119n, setresuid: 117n },
  arm64: { setgroups: 159n, setresgid: 149n, setresuid: 147n },
} as const;

/** Throws when a function is missing or the processor is another. */
export function bindIdentity(ffi: Ffi): Identity {
  const numbers = SYSCALLS[process.arch as keyof typeof SYSCALLS];
  if (numbers === undefined) throw new Error(`no system call numbers for ${process.arch}`);
  const { functions: c } = ffi.dlopen(null, {
    prctl: { arguments: ['i32', 'u64', 'u64', 'u64', 'u64'], return: 'i32' },
    syscall: { arguments: ['i64', 'i64', 'i64', 'i64'], return: 'i64' },
  });
  /** Who this process is, to become it again. */
  const own = {
    gid: BigInt(process.getegid?.() ?? 0),
    groups: Uint32Array.from(process.getgroups?.() ?? []),
  };

  function call(number: bigint, ...args: readonly [bigint, bigint, bigint]): boolean {
    return c.syscall(number, ...args) === 0n;
  }

  return {
    /** The saved id stays root's: exec drops it in a child, and it leads this thread back. */
    becomeUser({ uid, gid, groups }) {
      const list = Uint32Array.from(groups);
      const pointer = groups.length === 0 ? 0n : ffi.getRawPointer(list);
      return (
        call(numbers.setgroups, BigInt(groups.length), pointer, 0n) &&
        call(numbers.setresgid, BigInt(gid), BigInt(gid), BigInt(gid)) &&
        call(numbers.setresuid, BigInt(uid), BigInt(uid), 0n)
      );
    },
    becomeRoot() {
      const { gid, groups } = own;
      const pointer = groups.length === 0 ? 0n : ffi.getRawPointer(groups);
      const isBack =
        call(numbers.setresuid, 0n, 0n, 0n) &&
        call(numbers.setresgid, gid, gid, gid) &&
        call(numbers.setgroups, BigInt(groups.length), pointer, 0n);
      if (!isBack) throw new Error('could not become root again');
      // A change of ids hides /proc/PID of this process from root itself where CAP_SYS_PTRACE is missing.
      c.prctl(PR_SET_DUMPABLE, 1n, 0n, 0n, 0n);
    },
  };
}
