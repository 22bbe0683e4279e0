import type { SpawnOptions } from 'node:child_process';
import type { Readable } from 'node:stream';
import { renderCause } from '../errors.ts';
import type { User } from '../user.ts';
import { explainExec } from './exec-error.ts';
import type { Exit } from './exit.ts';
import type { Started } from './spawn-posix.ts';

/** What a process is to be, where libc can't be called and Node's own means have to do. */
export interface NodeSpawn {
  /** The file that argv[0] is. */
  readonly path: string;
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly hasOwnSession: boolean;
  readonly isInherited: boolean;
  /** Becomes that user without supplementary groups: Node has no better means. Never silently root. */
  readonly user: User | undefined;
}

/** Starts a process by child_process, with libuv's sockets for its output. Never throws. */
export function spawnNode(request: NodeSpawn): (Started & { readonly outputs: readonly Readable[] }) | Exit {
  const { user } = request;
  const options: SpawnOptions = {
    cwd: request.cwd,
    env: request.environment,
    detached: request.hasOwnSession,
    stdio: request.isInherited ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
  };
  // Loaded here, because where libc can be called it is never needed.
  const { spawn } = process.getBuiltinModule('node:child_process');
  try {
    const [file = '', ...args] = request.argv;
    const child = spawn(file, args, options);
    const onEnded = (listener: (exit: Exit) => void) => {
      child.once('error', error => listener(toFailure(error, request.path)));
      // Exit, not close: a background grandchild may hold the output open for hours.
      child.once('exit', (code, signal) => listener(signal === null ? { code: code ?? 0 } : { signal }));
    };
    return {
      pid: child.pid ?? 0,
      onEnded,
      outputs: [child.stdout, child.stderr].filter(stream => stream !== null),
    };
  } catch (error) {
    // Thrown, not emitted: an environment over the kernel's limits, a NUL byte, no memory.
    return toFailure(error, request.path);
  }
}

function toFailure(error: unknown, path: string): Exit {
  const { errno } = error as NodeJS.ErrnoException;
  return errno === undefined ? { error: renderCause(error), code: 126 } : explainExec(-errno, path);
}
