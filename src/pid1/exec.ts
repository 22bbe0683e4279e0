import type { Identity, Ids } from './identity.ts';
import { toCString, toCStrings } from './posix-spawn.ts';

export interface ExecRequest {
  readonly path: string;
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Becomes that user with exactly these groups, for good; undefined to stay who we are. */
  readonly user: Ids | undefined;
}

/** Texts hold no NUL. This process becomes the program, or goes on with the errno that says why not. */
export type Exec = (request: ExecRequest) => number;

type Ffi = typeof import('node:ffi');

const F_SETFD = 2;
const SIG_DFL = 0n;
const EPERM = 1;
/** Those that Node ignores; what it catches, exec itself gives its default meaning back. The same on x64 and arm64. */
const IGNORED = { SIGPIPE: 13, SIGXFSZ: 25 };

/** Throws when a function is missing. */
export function bindExec(ffi: Ffi, identity: Identity): Exec {
  const { functions: c } = ffi.dlopen(null, {
    execve: { arguments: ['buffer', 'buffer', 'buffer'], return: 'i32' },
    signal: { arguments: ['i32', 'u64'], return: 'u64' },
    fcntl: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
    __errno_location: { arguments: [], return: 'u64' },
  });
  return ({ path, argv, environment, user }) => {
    const file = toCString(path);
    const words = toCStrings(ffi, argv);
    const variables = toCStrings(
      ffi,
      Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    );
    // Node has marked its own stdio to be closed on exec.
    for (const fd of [0, 1, 2]) c.fcntl(fd, F_SETFD, 0);
    for (const signal of Object.values(IGNORED)) c.signal(signal, SIG_DFL);
    if (user !== undefined && !identity.becomeUser(user)) {
      identity.becomeRoot();
      return EPERM;
    }
    c.execve(file, words.pointers, variables.pointers);
    const errno = ffi.getInt32(c.__errno_location());
    if (user !== undefined) identity.becomeRoot();
    return errno;
  };
}
