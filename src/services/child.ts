import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { closeSync, fchownSync, fstatSync, statSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { renderCause } from '../errors.ts';
import { isDirectory } from '../facts/files.ts';
import { findProgram } from '../facts/programs.ts';
import type { Environment } from '../launch/environ.ts';
import type { Libc } from '../pid1/libc.ts';
import type { User } from '../user.ts';
import type { Exit } from './exit.ts';

/** What every process of this boot is started with. */
export interface Spawner {
  /** undefined where node:ffi is missing: output then goes through sockets, and the raised limit stays. */
  readonly libc: Libc | undefined;
  readonly setpriv: string | undefined;
  readonly uid: number;
  /** Limits of open files: what children get, and what this process has. */
  readonly openFiles: { readonly soft: number; readonly hard: number };
}

export interface ProcessSpec {
  readonly argv: readonly [string, ...string[]];
  readonly user: User;
  /** Everything that the process shall see; nothing is added. */
  readonly environment: Environment;
  readonly cwd: string;
  readonly noNewPrivs: boolean;
  /** `inherit`: Lintel's own stdio and session, for the CMD. Otherwise a session of its own, and its output. */
  readonly output: 'inherit' | OutputReader;
}

export interface OutputReader {
  readonly onData: (stream: 'stdout' | 'stderr', data: Buffer) => void;
  readonly onEnd: (stream: 'stdout' | 'stderr') => void;
}

export interface Child {
  readonly pid: number;
  /** Stops or goes on reading the output; the process blocks when its pipe is full, as under any container engine. */
  readonly setReading: (isReading: boolean) => void;
}

/** After its process has ended, output that a leaked grandchild may hold open is waited for no longer than this. */
const DRAIN_MS = 20;

/**
 * Starts a process: the one place that does. Never throws. `onExit` is called once, never before this returns,
 * after the output up to the exit has been read; with an `error` when the process never began.
 */
export function startProcess(
  spawner: Spawner,
  spec: ProcessSpec,
  onExit: (exit: Exit) => void,
): Child | undefined {
  const obstacle = findObstacle(spec);
  if (obstacle !== undefined) {
    setImmediate(onExit, obstacle);
    return undefined;
  }
  const pipes = spec.output === 'inherit' ? undefined : openPipes(spawner, spec.user);
  const started = spawnWithLimits(spawner, spec, pipes?.writeEnds);
  for (const fd of pipes?.writeEnds ?? []) closeSync(fd);
  if (!('child' in started)) {
    for (const fd of pipes?.readEnds ?? []) closeSync(fd);
    setImmediate(onExit, started);
    return undefined;
  }
  const { child } = started;
  const streams =
    spec.output === 'inherit' ? [] : readOutput({ child, readEnds: pipes?.readEnds, reader: spec.output });
  let isOver = false;
  const end = (exit: Exit) => {
    if (!isOver) onExit(exit);
    isOver = true;
  };
  child.once('error', error => setImmediate(end, startFailure(error)));
  // Exit, not close: a background grandchild may hold the output open for hours.
  child.once('exit', (code, signal) =>
    waitForOutput(streams, () => end(signal === null ? { code: code ?? 0 } : { signal })),
  );
  if (child.pid === undefined) return undefined;
  return { pid: child.pid, setReading: isReading => setReading(streams, isReading) };
}

/** The mistakes that exec would report as one and the same "no such file". */
function findObstacle(spec: ProcessSpec): Exit | undefined {
  const [program] = spec.argv;
  if (!isDirectory(spec.cwd)) return { error: `its working directory ${spec.cwd} does not exist`, code: 126 };
  const path = program.includes('/') && !program.startsWith('/') ? `${spec.cwd}/${program}` : program;
  if (findProgram(path, spec.environment) !== undefined) return undefined;
  if (!program.includes('/')) return { error: `${program}: not found on PATH`, code: 127 };
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return { error: `${program}: no such file`, code: 127 };
  return {
    error: `${program}: ${stat.isDirectory() ? 'it is a directory' : 'it is not executable'}`,
    code: 126,
  };
}

interface Pipes {
  readonly readEnds: readonly [number, number];
  readonly writeEnds: readonly [number, number];
}

/**
 * Pipes of the kernel's whose write ends belong to the service's user. libuv's own are sockets, on which
 * `> /dev/stderr` fails; on a pipe of root's it fails after the uid has changed.
 */
function openPipes(spawner: Spawner, user: User): Pipes | undefined {
  const stdout = spawner.libc?.openPipe();
  if (stdout === undefined) return undefined;
  const stderr = spawner.libc?.openPipe();
  if (stderr === undefined) {
    for (const fd of stdout) closeSync(fd);
    return undefined;
  }
  const writeEnds = [stdout[1], stderr[1]] as const;
  if (spawner.uid === 0) for (const fd of writeEnds) fchownSync(fd, user.uid, user.gid);
  return { readEnds: [stdout[0], stderr[0]], writeEnds };
}

/**
 * Node has raised its own soft limit of open files, and children inherit it: programs that close every possible
 * descriptor then hang for seconds. So the limit is lowered for the moment of the fork, which is synchronous.
 */
function spawnWithLimits(
  spawner: Spawner,
  spec: ProcessSpec,
  writeEnds: readonly [number, number] | undefined,
) {
  const { libc, openFiles } = spawner;
  const isLowered = openFiles.soft < openFiles.hard && libc?.setOpenFiles(openFiles) === true;
  try {
    const { file, args, options } = makeSpawn(spawner, spec, writeEnds);
    return { child: spawn(file, args, options) };
  } catch (error) {
    // Thrown, not emitted: an environment over the kernel's limits, a NUL byte, no memory.
    return startFailure(error);
  } finally {
    if (isLowered) libc?.setOpenFiles({ soft: openFiles.hard, hard: openFiles.hard });
  }
}

function startFailure(error: unknown): Exit {
  const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
  return { error: renderCause(error), code: isMissing ? 127 : 126 };
}

function makeSpawn(spawner: Spawner, spec: ProcessSpec, writeEnds: readonly [number, number] | undefined) {
  const { argv, user } = spec;
  const isInherited = spec.output === 'inherit';
  const options: SpawnOptions = {
    cwd: spec.cwd,
    env: spec.environment,
    // A session of its own, so that ending a service never reaches Lintel or whoever holds the terminal.
    detached: !isInherited,
    stdio: isInherited ? 'inherit' : ['ignore', ...(writeEnds ?? (['pipe', 'pipe'] as const))],
  };
  const isSwitching = user.uid !== spawner.uid;
  if (!isSwitching && !spec.noNewPrivs) return { file: argv[0], args: argv.slice(1), options };
  if (spawner.setpriv === undefined) {
    // Node's own way loses the supplementary groups; the boot summary has said so. Never silently root.
    return {
      file: argv[0],
      args: argv.slice(1),
      options: isSwitching ? { ...options, uid: user.uid, gid: user.gid } : options,
    };
  }
  return {
    file: spawner.setpriv,
    args: [...makePrivileges(spawner, spec, isSwitching), '--', ...argv],
    options,
  };
}

function makePrivileges(spawner: Spawner, { user, noNewPrivs }: ProcessSpec, isSwitching: boolean): string[] {
  const groups = user.groups.length === 0 ? ['--clear-groups'] : ['--groups', user.groups.join(',')];
  return [
    ...(isSwitching
      ? ['--reuid', String(user.uid), '--regid', String(user.gid), ...groups, '--inh-caps=-all']
      : []),
    ...(noNewPrivs ? ['--no-new-privs'] : []),
    ...(noNewPrivs && spawner.uid === 0 ? ['--bounding-set=-all'] : []),
  ];
}

function readOutput(from: {
  readonly child: ChildProcess;
  readonly readEnds: readonly [number, number] | undefined;
  readonly reader: OutputReader;
}): Readable[] {
  const { child, readEnds, reader } = from;
  const [stdout, stderr] = readEnds?.map(fd => new Socket({ fd, readable: true, writable: false })) ?? [
    child.stdout,
    child.stderr,
  ];
  const streams = [
    { name: 'stdout' as const, stream: stdout },
    { name: 'stderr' as const, stream: stderr },
  ];
  return streams.flatMap(({ name, stream }) => {
    if (!stream) return [];
    stream.on('data', (data: Buffer) => reader.onData(name, data));
    stream.once('end', () => reader.onEnd(name));
    stream.on('error', () => reader.onEnd(name));
    return [stream];
  });
}

function waitForOutput(streams: readonly Readable[], then: () => void): void {
  const open = streams.filter(stream => !stream.readableEnded && !stream.destroyed);
  if (open.length === 0) return then();
  let left = open.length;
  const timer = setTimeout(then, DRAIN_MS);
  for (const stream of open) {
    stream.once('end', () => {
      left -= 1;
      if (left > 0) return;
      clearTimeout(timer);
      then();
    });
  }
}

function setReading(streams: readonly Readable[], isReading: boolean): void {
  for (const stream of streams) {
    if (isReading) stream.resume();
    else stream.pause();
  }
}

/** Lets the workbench user open /dev/stdout and /dev/stderr again: terminals and pipes are given, files are not. */
export function giveStdio(user: User): void {
  for (const fd of [0, 1, 2]) {
    try {
      const stat = fstatSync(fd);
      const isTerminal = stat.isCharacterDevice() && stat.rdev >> 8 !== 1;
      if (isTerminal || stat.isFIFO()) fchownSync(fd, user.uid, user.gid);
    } catch {
      // A closed descriptor or a read-only /dev: the CMD can still write to the one that it inherits.
    }
  }
}
