import type { Identity, Ids } from './identity.ts';

/**
 * posix_spawn(3) through node:ffi: a process in a tenth of child_process's time, as another user without a helper
 * program, and with the true reason when exec fails.
 */

export interface SpawnRequest {
  readonly path: string;
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Leads a session of its own. */
  readonly hasOwnSession: boolean;
  /** Descriptors for stdout and stderr; undefined to inherit all three. */
  readonly outputs: readonly [number, number] | undefined;
  /** Descriptor for stdin where there are outputs; undefined for /dev/null. */
  readonly input: number | undefined;
  /** The descriptor `from` becomes `to` (3 or more) in the new process; undefined for none. */
  readonly notification: { readonly from: number; readonly to: number } | undefined;
  /** Becomes that user with exactly these groups; undefined to stay who we are. */
  readonly user: Ids | undefined;
  /** Its limits of open files; undefined for this process's own. */
  readonly openFiles: OpenFiles | undefined;
}

export interface OpenFiles {
  readonly soft: number;
  readonly hard: number;
}

/** Texts hold no NUL. The pid, or the errno that fork or exec failed with. Throws only when the own user could not be restored. */
export type Spawn = (request: SpawnRequest) => { readonly pid: number } | { readonly errno: number };

type Ffi = typeof import('node:ffi');

/** Larger than glibc's and musl's structures. */
const ACTIONS_BYTES = 256;
const ATTRIBUTES_BYTES = 512;
const SIGNAL_SET_BYTES = 128;
/** spawn.h. */
const SETSIGDEF = 0x04;
const SETSIGMASK = 0x08;
const SETSID = 0x80;
const F_SETFD = 2;

/** `setOpenFiles` sets this process's own limits. Throws when a function is missing: then there is child_process. */
export function bindSpawn(ffi: Ffi, identity: Identity, setOpenFiles: (limits: OpenFiles) => boolean): Spawn {
  const { functions: c } = ffi.dlopen(null, {
    posix_spawn: { arguments: ['buffer', 'buffer', 'buffer', 'buffer', 'buffer', 'buffer'], return: 'i32' },
    posix_spawn_file_actions_init: { arguments: ['buffer'], return: 'i32' },
    posix_spawn_file_actions_destroy: { arguments: ['buffer'], return: 'i32' },
    posix_spawn_file_actions_adddup2: { arguments: ['buffer', 'i32', 'i32'], return: 'i32' },
    posix_spawn_file_actions_addopen: { arguments: ['buffer', 'i32', 'buffer', 'i32', 'i32'], return: 'i32' },
    posix_spawn_file_actions_addchdir_np: { arguments: ['buffer', 'buffer'], return: 'i32' },
    posix_spawnattr_init: { arguments: ['buffer'], return: 'i32' },
    posix_spawnattr_setflags: { arguments: ['buffer', 'i16'], return: 'i32' },
    posix_spawnattr_setsigdefault: { arguments: ['buffer', 'buffer'], return: 'i32' },
    fcntl: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
  });
  const actions = Buffer.alloc(ACTIONS_BYTES);
  const ownSession = makeAttributes(SETSID);
  const sameSession = makeAttributes(0);
  const devNull = toCString('/dev/null');
  const pid = Buffer.alloc(4);

  /** Node ignores SIGPIPE and catches more: programs begin with what every program expects. */
  function makeAttributes(flags: number): Buffer {
    const attributes = Buffer.alloc(ATTRIBUTES_BYTES);
    c.posix_spawnattr_init(attributes);
    c.posix_spawnattr_setsigdefault(attributes, Buffer.alloc(SIGNAL_SET_BYTES, 0xff));
    c.posix_spawnattr_setflags(attributes, SETSIGDEF | SETSIGMASK | flags);
    return attributes;
  }

  /** Returns the errno of what can't be had, else 0. */
  function prepare(request: SpawnRequest, cwd: Buffer): number {
    c.posix_spawn_file_actions_init(actions);
    if (request.outputs === undefined) {
      // Node has marked its own stdio to be closed on exec.
      for (const fd of [0, 1, 2]) c.fcntl(fd, F_SETFD, 0);
    } else {
      if (request.input === undefined) c.posix_spawn_file_actions_addopen(actions, 0, devNull, 0, 0);
      else c.posix_spawn_file_actions_adddup2(actions, request.input, 0);
      c.posix_spawn_file_actions_adddup2(actions, request.outputs[0], 1);
      c.posix_spawn_file_actions_adddup2(actions, request.outputs[1], 2);
    }
    // After the outputs: their own numbers may be the one that is wanted here.
    const { from, to } = request.notification ?? {};
    const errno =
      from === undefined || to === undefined ? 0 : c.posix_spawn_file_actions_adddup2(actions, from, to);
    c.posix_spawn_file_actions_addchdir_np(actions, cwd);
    return errno;
  }

  return request => {
    // Buffers live until the call returns, or V8 might take the memory back under libc's hands.
    const path = toCString(request.path);
    const cwd = toCString(request.cwd);
    const argv = toCStrings(ffi, request.argv);
    const environment = toCStrings(
      ffi,
      Object.entries(request.environment).map(([name, value]) => `${name}=${value}`),
    );
    const fault = prepare(request, cwd);
    if (fault !== 0) {
      c.posix_spawn_file_actions_destroy(actions);
      return { errno: fault };
    }
    let errno = EPERM;
    const isLimited = request.openFiles !== undefined && setOpenFiles(request.openFiles);
    try {
      const isUser = request.user === undefined || identity.becomeUser(request.user);
      const attributes = request.hasOwnSession ? ownSession : sameSession;
      if (isUser) errno = c.posix_spawn(pid, path, actions, attributes, argv.pointers, environment.pointers);
    } finally {
      if (request.user !== undefined) identity.becomeRoot();
      if (isLimited) setOpenFiles({ ...request.openFiles, soft: request.openFiles.hard });
      c.posix_spawn_file_actions_destroy(actions);
    }
    return errno === 0 ? { pid: pid.readInt32LE(0) } : { errno };
  };
}

const EPERM = 1;

export function toCString(text: string): Buffer {
  return Buffer.from(`${text}\0`);
}

export interface CStrings {
  /** A NULL-ended array of pointers into `bytes`. */
  readonly pointers: Buffer;
  /** All the strings, one after the other; kept with the pointers, or they would point nowhere. */
  readonly bytes: Buffer;
}

export function toCStrings(ffi: Ffi, texts: readonly string[]): CStrings {
  const bytes = Buffer.from(`${texts.join('\0')}\0`);
  const pointers = new BigUint64Array(texts.length + 1);
  const start = ffi.getRawPointer(bytes);
  let offset = 0;
  for (let index = 0; index < texts.length; index++) {
    pointers[index] = start + BigInt(offset);
    offset = bytes.indexOf(0, offset) + 1;
  }
  return { pointers: Buffer.from(pointers.buffer), bytes };
}
