import { bindExec, type Exec } from './exec.ts';
import { bindIdentity, type Ids } from './identity.ts';
import { bindSpawn, type OpenFiles, type Spawn } from './posix-spawn.ts';

/**
 * The few calls of libc that Node does not offer, through node:ffi. The module is experimental and absent where
 * Node was built without it: then `openLibc` says why, and what needs it is reduced.
 */
export interface Libc {
  /** The pid of a child that has ended and waits to be reaped, 0 for none. Reaps nothing. */
  peekEnded(): number;
  /** Reaps one ended child and returns its wait status; undefined when it is not there. */
  reap(pid: number): number | undefined;
  readonly spawn: Spawn;
  /** This process becomes a program. */
  readonly exec: Exec;
  /**
   * What `act` returns or throws, done with that user's rights: for root alone. `act` is synchronous. Throws EPERM where
   * root may not become that user.
   */
  actAs<T>(user: Ids, act: () => T): T;
  /**
   * Clears the ambient and inheritable capabilities, which would outlive the change to another user in every child.
   * For root only: to another user the engine gave them on purpose.
   */
  dropInheritedCapabilities(): void;
  /** Makes /proc/PID of this process readable for its own user again after a change of ids. */
  restoreDumpable(): void;
  /** Ends this process at once. process.exit waits for threads, and one may hang in a write that nobody reads. */
  exitNow(code: number): void;
  /** Makes orphans below this process its children. */
  becomeSubreaper(): boolean;
  /** A pipe of the kernel's, both ends closed on exec: [read end, write end]; undefined when no descriptor is left. */
  openPipe(): readonly [number, number] | undefined;
  /** Makes the open file or folder this process's alone until it ends; false where it is another's already. */
  lock(fd: number): boolean;
  /** Sets the soft limit of open files of this process and its later children. */
  setOpenFiles(limits: OpenFiles): boolean;
}

/** Constants of linux/wait.h, linux/prctl.h, fcntl.h and sys/resource.h; the same on x64 and arm64. */
const P_ALL = 0;
const WNOHANG = 1;
const WEXITED = 4;
const WNOWAIT = 0x0100_0000;
const PR_SET_DUMPABLE = 4;
const PR_SET_CHILD_SUBREAPER = 36;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_CLEAR_ALL = 4n;
const CAPABILITY_VERSION_3 = 0x2008_0522;
/** In two sets of effective, permitted and inheritable, 32 bits each. */
const INHERITABLE_OFFSETS = [8, 20];
const O_CLOEXEC = 0o2000000;
const LOCK_EX_NB = 6;
const LOCK_SH_NB = 5;
const LOCK_UN = 8;
const RLIMIT_NOFILE = 7;
const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;
/** Offset of si_pid in siginfo_t on 64-bit Linux, and its size. */
const SI_PID = 16;
const SIGINFO_BYTES = 128;

let opened: Libc | { readonly missing: string } | undefined;

/** The libc, or the reason why there is none. Looked for once. */
export function openLibc(): Libc | { readonly missing: string } {
  try {
    opened ??= bind();
  } catch (error) {
    opened = { missing: error instanceof Error ? error.message : String(error) };
  }
  return opened;
}

function bind(): Libc {
  const ffi = process.getBuiltinModule('node:ffi');
  if (ffi === undefined) throw new Error(`Node ${process.version} has no node:ffi`);
  const { functions: c } = ffi.dlopen(null, {
    getpid: { arguments: [], return: 'i32' },
    waitid: { arguments: ['i32', 'i32', 'buffer', 'i32'], return: 'i32' },
    waitpid: { arguments: ['i32', 'buffer', 'i32'], return: 'i32' },
    prctl: { arguments: ['i32', 'u64', 'u64', 'u64', 'u64'], return: 'i32' },
    pipe2: { arguments: ['buffer', 'i32'], return: 'i32' },
    flock: { arguments: ['i32', 'i32'], return: 'i32' },
    setrlimit: { arguments: ['i32', 'buffer'], return: 'i32' },
    _exit: { arguments: ['i32'], return: 'void' },
    capget: { arguments: ['buffer', 'buffer'], return: 'i32' },
    capset: { arguments: ['buffer', 'buffer'], return: 'i32' },
  });
  // Unknown keys of a signature are silently ignored, so a call whose result is known shows that it works.
  if (c.getpid() !== process.pid) throw new Error('node:ffi does not call libc as this program expects');
  const info = Buffer.alloc(SIGINFO_BYTES);
  const status = Buffer.alloc(4);
  const pair = Buffer.alloc(8);
  const limits = Buffer.alloc(16);
  const identity = bindIdentity(ffi);
  const setOpenFiles = ({ soft, hard }: OpenFiles) => {
    limits.writeBigUInt64LE(BigInt(soft), 0);
    limits.writeBigUInt64LE(Number.isFinite(hard) ? BigInt(hard) : RLIM_INFINITY, 8);
    return c.setrlimit(RLIMIT_NOFILE, limits) === 0;
  };
  return {
    peekEnded() {
      info.writeInt32LE(0, SI_PID);
      return c.waitid(P_ALL, 0, info, WEXITED | WNOHANG | WNOWAIT) === 0 ? info.readInt32LE(SI_PID) : 0;
    },
    reap: pid => (c.waitpid(pid, status, WNOHANG) === pid ? status.readInt32LE(0) : undefined),
    spawn: bindSpawn(ffi, identity, setOpenFiles),
    exec: request => bindExec(ffi, identity)(request),
    actAs(user, act) {
      try {
        if (identity.becomeUser(user)) return act();
      } finally {
        identity.becomeRoot();
      }
      throw Object.assign(new Error(`Cannot act as uid ${user.uid}`), { code: 'EPERM' });
    },
    dropInheritedCapabilities() {
      c.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0n, 0n, 0n);
      const header = Buffer.alloc(8);
      header.writeUInt32LE(CAPABILITY_VERSION_3, 0);
      const sets = Buffer.alloc(24);
      if (c.capget(header, sets) !== 0) return;
      for (const offset of INHERITABLE_OFFSETS) sets.writeUInt32LE(0, offset);
      c.capset(header, sets);
    },
    restoreDumpable: () => c.prctl(PR_SET_DUMPABLE, 1n, 0n, 0n, 0n),
    exitNow: code => c._exit(code),
    becomeSubreaper: () => c.prctl(PR_SET_CHILD_SUBREAPER, 1n, 0n, 0n, 0n) === 0,
    openPipe: () => (c.pipe2(pair, O_CLOEXEC) === 0 ? [pair.readInt32LE(0), pair.readInt32LE(4)] : undefined),
    // NFS gives a folder no lock but a shared one, other file systems none at all, not even to give it back.
    lock: fd => [LOCK_EX_NB, LOCK_SH_NB].some(how => c.flock(fd, how) === 0) || c.flock(fd, LOCK_UN) !== 0,
    setOpenFiles,
  };
}
