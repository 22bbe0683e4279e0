import { closeSync, fchownSync, fstatSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { isDirectory, readStat } from '../facts/files.ts';
import { findProgram } from '../facts/programs.ts';
import { findObstacle } from '../facts/scripts.ts';
import type { Environment } from '../launch/environ.ts';
import type { Libc } from '../pid1/libc.ts';
import type { Reaper } from '../pid1/reaper.ts';
import type { User } from '../user.ts';
import type { Exit } from './exit.ts';
import type { Gate } from './gate.ts';
import { spawnNode } from './spawn-node.ts';
import { type Started, spawnPosix } from './spawn-posix.ts';

/** What every process of this boot is started with. */
export interface Spawner {
  /** undefined where node:ffi is missing: child_process then does it, and the raised limit of open files stays. */
  readonly native: { readonly libc: Libc; readonly reaper: Reaper } | undefined;
  readonly setpriv: string | undefined;
  readonly uid: number;
  /** Limits of open files: what children get, and what this process has. */
  readonly openFiles: { readonly soft: number; readonly hard: number };
  readonly gate: Gate;
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
}

/** The pid whose children orphans become. */
export function adopterOf(spawner: Spawner): number {
  return spawner.native === undefined ? 1 : process.pid;
}

/** After its process has ended, output that a leaked grandchild may hold open is waited for no longer than this. */
const DRAIN_MS = 20;
/** One for all pipes: what is read is taken out of it before the next is read. A pipe holds no more at a time. */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * Starts a process: the one place that does. Never throws. `onExit` is called once, never before this returns,
 * after the output up to the exit has been read; with an `error` when the process never began.
 */
export function startProcess(
  spawner: Spawner,
  spec: ProcessSpec,
  onExit: (exit: Exit) => void,
): Child | undefined {
  const path = findPath(spec);
  const started = typeof path === 'string' ? start(spawner, spec, path) : path;
  if (!('pid' in started)) {
    setImmediate(onExit, started);
    return undefined;
  }
  const { outputs, pid } = started;
  if (spec.output !== 'inherit') readOutputs(outputs, spec.output, spawner.gate);
  let isOver = false;
  started.onEnded(exit =>
    waitForOutputs(outputs, () => {
      if (!isOver) onExit(exit);
      isOver = true;
    }),
  );
  return pid === 0 ? undefined : { pid };
}

/** The file to run, or the mistake that exec would report as one and the same "no such file". */
function findPath(spec: ProcessSpec): string | Exit {
  const [program] = spec.argv;
  if (!isDirectory(spec.cwd)) return { error: `its working directory ${spec.cwd} does not exist`, code: 126 };
  const name = program.includes('/') && !program.startsWith('/') ? `${spec.cwd}/${program}` : program;
  const path = findProgram(name, spec.environment);
  if (path !== undefined) return path;
  if (!program.includes('/')) return { error: `${program}: not found on PATH`, code: 127 };
  if (readStat(name) === undefined) return { error: `${program}: no such file`, code: 127 };
  return { error: `${program}: ${findObstacle(name) ?? 'it is not executable'}`, code: 126 };
}

type Running = Started & { readonly outputs: readonly Readable[] };

function start(spawner: Spawner, spec: ProcessSpec, path: string): Running | Exit {
  const { native } = spawner;
  const isSwitching = spec.user.uid !== spawner.uid;
  // no_new_privs can't be taken back from this process, so a helper sets it. Without one, better not to start.
  if (spec.noNewPrivs && spawner.setpriv === undefined)
    return { error: 'no_new_privs needs setpriv (util-linux)', code: 126 };
  const helper = spec.noNewPrivs || native === undefined ? makeHelper(spawner, spec, isSwitching) : undefined;
  const common = {
    argv: [...(helper ?? []), ...spec.argv],
    environment: spec.environment,
    cwd: spec.cwd,
    // A session of its own, so that ending a service never reaches Lintel or whoever holds the terminal.
    hasOwnSession: spec.output !== 'inherit',
  };
  const user = isSwitching && helper === undefined ? spec.user : undefined;
  const request = { ...common, path: helper?.[0] ?? path, user };
  if (native === undefined) return spawnNode({ ...request, isInherited: spec.output === 'inherit' });
  return withLimits(spawner, native.libc, () => startNative(spawner, spec, native, request));
}

function startNative(
  spawner: Spawner,
  spec: ProcessSpec,
  native: NonNullable<Spawner['native']>,
  request: Omit<Parameters<typeof spawnPosix>[1], 'outputs'>,
): Running | Exit {
  if (spec.output === 'inherit')
    return withoutOutputs(spawnPosix(native, { ...request, outputs: undefined }));
  const pipes = openPipes(native.libc, spawner.uid === 0 ? spec.user : undefined);
  if (pipes === undefined)
    return { error: 'no file descriptor is left for its output', code: 126, isTemporary: true };
  try {
    const started = spawnPosix(native, { ...request, outputs: pipes.writeEnds });
    if (!('pid' in started)) for (const fd of pipes.readEnds) closeSync(fd);
    return withOutputs(started, pipes.readEnds, spec.output);
  } finally {
    for (const fd of pipes.writeEnds) closeSync(fd);
  }
}

function withoutOutputs(started: Started | Exit): Running | Exit {
  return 'pid' in started ? { ...started, outputs: [] } : started;
}

function withOutputs(
  started: Started | Exit,
  readEnds: readonly [number, number],
  reader: OutputReader,
): Running | Exit {
  if (!('pid' in started)) return started;
  // Loaded only now, while the new process already runs on another processor.
  const { Socket } = process.getBuiltinModule('node:net');
  const read = (fd: number, stream: 'stdout' | 'stderr') => {
    const callback = (bytes: number) => {
      reader.onData(stream, READ_BUFFER.subarray(0, bytes));
      return true;
    };
    return new Socket({ fd, readable: true, writable: false, onread: { buffer: READ_BUFFER, callback } });
  };
  return { ...started, outputs: [read(readEnds[0], 'stdout'), read(readEnds[1], 'stderr')] };
}

/**
 * Pipes of the kernel's whose write ends belong to the process's user. libuv's own are sockets, on which
 * `> /dev/stderr` fails; on a pipe of root's it fails after the uid has changed.
 */
function openPipes(
  libc: Libc,
  owner: User | undefined,
):
  | { readonly readEnds: readonly [number, number]; readonly writeEnds: readonly [number, number] }
  | undefined {
  const stdout = libc.openPipe();
  const stderr = stdout === undefined ? undefined : libc.openPipe();
  if (stdout === undefined || stderr === undefined) {
    for (const fd of stdout ?? []) closeSync(fd);
    return undefined;
  }
  const writeEnds = [stdout[1], stderr[1]] as const;
  if (owner !== undefined) for (const fd of writeEnds) giveTo(fd, owner);
  return { readEnds: [stdout[0], stderr[0]], writeEnds };
}

/** Without CAP_CHOWN only reopening /dev/stdout by name is lost. */
function giveTo(fd: number, owner: User): void {
  try {
    fchownSync(fd, owner.uid, owner.gid);
  } catch {}
}

/**
 * Node has raised its own soft limit of open files, and children inherit it: programs that close every possible
 * descriptor then hang for seconds. So the limit is lowered for the moment of the fork, which is synchronous.
 */
function withLimits<T>({ openFiles }: Spawner, libc: Libc, act: () => T): T {
  const isLowered = openFiles.soft < openFiles.hard && libc.setOpenFiles(openFiles);
  try {
    return act();
  } finally {
    if (isLowered) libc.setOpenFiles({ soft: openFiles.hard, hard: openFiles.hard });
  }
}

/** setpriv and its arguments; undefined where there is nothing to set or no setpriv. */
function makeHelper(
  spawner: Spawner,
  { user, noNewPrivs }: ProcessSpec,
  isSwitching: boolean,
): string[] | undefined {
  if (spawner.setpriv === undefined || (!isSwitching && !noNewPrivs)) return undefined;
  const groups = user.groups.length === 0 ? ['--clear-groups'] : ['--groups', user.groups.join(',')];
  return [
    spawner.setpriv,
    ...(isSwitching
      ? ['--reuid', String(user.uid), '--regid', String(user.gid), ...groups, '--inh-caps=-all']
      : []),
    ...(noNewPrivs ? ['--no-new-privs'] : []),
    ...(noNewPrivs && spawner.uid === 0 ? ['--bounding-set=-all'] : []),
    '--',
  ];
}

function readOutputs(outputs: readonly Readable[], reader: OutputReader, gate: Gate): void {
  for (const [index, stream] of outputs.entries()) {
    const name = index === 0 ? 'stdout' : 'stderr';
    // Never called for pipes of our own, which pass on what they read by themselves; but it lets them flow.
    stream.on('data', (data: Buffer) => reader.onData(name, data));
    stream.once('end', () => reader.onEnd(name));
    stream.on('error', () => reader.onEnd(name));
    gate.add(stream);
  }
}

function waitForOutputs(outputs: readonly Readable[], then: () => void): void {
  const open = outputs.filter(stream => !stream.readableEnded && !stream.destroyed);
  if (open.length === 0) return then();
  let left = open.length;
  // A loop that is late runs its timers before it has looked at its pipes: one look always lies between.
  const timer = setTimeout(() => setImmediate(then), DRAIN_MS);
  for (const stream of open) {
    stream.once('end', () => {
      left -= 1;
      if (left > 0) return;
      clearTimeout(timer);
      then();
    });
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
