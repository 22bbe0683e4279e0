import type { Environment } from '../launch/environ.ts';
import type { User } from '../user.ts';
import { type ProcessSpec, type Spawner, startProcess } from './child.ts';
import type { Exit } from './exit.ts';
import { killFamily } from './family.ts';
import { MARK } from './tree.ts';

/** A program that Lintel asks something, or lets do something, and waits for. */
export interface Run {
  readonly argv: readonly [string, ...string[]];
  readonly user: User;
  readonly environment: Environment;
  /** Default: /. */
  readonly cwd?: string;
  /** What it reads from stdin, 60 KiB at most. */
  readonly input?: string;
  /** Afterwards it is killed with all that it started. Milliseconds. */
  readonly timeoutMs: number;
  /** Kills it early. */
  readonly signal?: AbortSignal;
}

export interface RunOutcome {
  readonly exit: Exit;
  /** Killed because of `timeoutMs`. */
  readonly isTimedOut: boolean;
  /** What it wrote, the first 256 KiB of each. */
  readonly stdout: string;
  readonly stderr: string;
}

const OUTPUT_LIMIT_BYTES = 256 * 1024;

let runs = 0;

/** Runs a program to its end and returns how it ended and what it wrote. Logs nothing. Never rejects. */
export async function runToEnd(spawner: Spawner, run: Run): Promise<RunOutcome> {
  const { promise, resolve } = Promise.withResolvers<Exit>();
  const output = makeCollector();
  runs += 1;
  const mark = `run:${runs}`;
  const child = startProcess(
    spawner,
    {
      argv: run.argv,
      user: run.user,
      environment: { ...run.environment, [MARK]: mark },
      cwd: run.cwd ?? '/',
      noNewPrivs: false,
      input: run.input,
      output: output.reader,
    },
    resolve,
  );
  const family = {
    spawner,
    attempt: { child: () => child, giveUp: () => undefined },
    mark,
  };
  let isTimedOut = false;
  let killing: Promise<void> | undefined;
  const kill = () => {
    killing ??= killFamily(family);
  };
  const timer = setTimeout(() => {
    isTimedOut = true;
    kill();
  }, run.timeoutMs);
  run.signal?.addEventListener('abort', kill);
  if (run.signal?.aborted) kill();
  const exit = await promise;
  clearTimeout(timer);
  run.signal?.removeEventListener('abort', kill);
  await killing;
  return { exit, isTimedOut, ...output.texts() };
}

function makeCollector() {
  const chunks: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
  const counts = { stdout: 0, stderr: 0 };
  const reader: Exclude<ProcessSpec['output'], 'inherit'> = {
    onData(stream, data) {
      const room = OUTPUT_LIMIT_BYTES - counts[stream];
      if (room <= 0) return;
      // The buffer is everybody's: what is kept is copied.
      chunks[stream].push(Buffer.from(data.subarray(0, room)));
      counts[stream] += data.length;
    },
    onEnd: () => undefined,
  };
  const text = (stream: 'stdout' | 'stderr') => Buffer.concat(chunks[stream]).toString();
  return { reader, texts: () => ({ stdout: text('stdout'), stderr: text('stderr') }) };
}
