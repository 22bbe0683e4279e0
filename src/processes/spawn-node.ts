import type { SpawnOptions } from 'node:child_process';
import type { Readable } from 'node:stream';
import { renderCause } from '../errors.ts';
import type { User } from '../user.ts';
import { explainExec } from './exec-error.ts';
import type { Exit } from './exit.ts';
import type { ReadEnds } from './pipes.ts';
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
  /** The number, 3 or more, of one more descriptor that leads here. */
  readonly notificationFd: number | undefined;
  /** What it reads from stdin; undefined for nothing. */
  readonly input: string | undefined;
  /** Becomes that user without supplementary groups: Node has no better means. Never silently root. */
  readonly user: User | undefined;
}

/** Starts a process by child_process, with libuv's sockets for its output. Never throws. */
export function spawnNode(request: NodeSpawn): (Started & { readonly openEnds: () => ReadEnds }) | Exit {
  const { user } = request;
  const options: SpawnOptions = {
    cwd: request.cwd,
    env: request.environment,
    detached: request.hasOwnSession,
    stdio: request.isInherited ? 'inherit' : makeStdio(request),
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
  };
  // Loaded here, because where libc can be called it is never needed.
  const { spawn } = process.getBuiltinModule('node:child_process');
  try {
    const [file = '', ...args] = request.argv;
    const child = spawn(file, args, options);
    // One that ends without reading it is no error.
    child.stdin?.on('error', () => undefined).end(request.input);
    const onEnded = (listener: (exit: Exit) => void) => {
      child.once('error', error => listener(toFailure(error, request.path)));
      // Exit, not close: a background grandchild may hold the output open for hours.
      child.once('exit', (code, signal) => listener(signal === null ? { code: code ?? 0 } : { signal }));
    };
    return {
      pid: child.pid ?? 0,
      onEnded,
      openEnds: () => ({
        outputs: [child.stdout, child.stderr].filter(stream => stream !== null),
        notification: (child.stdio[request.notificationFd ?? NONE] ?? undefined) as Readable | undefined,
      }),
    };
  } catch (error) {
    // Thrown, not emitted: an environment over the kernel's limits, a NUL byte, no memory.
    return toFailure(error, request.path);
  }
}

const NONE = -1;

/** Of the numbers from 3 on, those that say `ignore` stay closed. */
function makeStdio({ notificationFd, input }: NodeSpawn): ('ignore' | 'pipe')[] {
  const stdio: ('ignore' | 'pipe')[] = [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'];
  if (notificationFd === undefined) return stdio;
  while (stdio.length < notificationFd) stdio.push('ignore');
  return [...stdio, 'pipe'];
}

function toFailure(error: unknown, path: string): Exit {
  const { errno } = error as NodeJS.ErrnoException;
  return errno === undefined ? { error: renderCause(error), code: 126 } : explainExec(-errno, path);
}
