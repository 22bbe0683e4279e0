import { closeSync, fchownSync, fstatSync } from 'node:fs';
import { parseWithContenv, SHEBANG_BYTES } from '../definitions/shebang.ts';
import { isDirectory, isExecutableFile, mayReach, readHead, readStat } from '../facts/files.ts';
import { findProgram } from '../facts/programs.ts';
import { readRunnable } from '../facts/scripts.ts';
import type { Environment } from '../launch/environ.ts';
import type { Libc } from '../pid1/libc.ts';
import type { Reaper } from '../pid1/reaper.ts';
import { isTerminal } from '../terminal.ts';
import type { User } from '../user.ts';
import type { Exit } from './exit.ts';
import type { Gate } from './gate.ts';
import { setOomScore } from './oom-score.ts';
import {
  type Notification,
  type OutputReader,
  openInput,
  openPipes,
  openReadEnd,
  type Pipe,
  type ReadEnds,
  readNotification,
  readOutputs,
  waitForOutputs,
} from './pipes.ts';
import { spawnNode } from './spawn-node.ts';
import { type Started, spawnPosix } from './spawn-posix.ts';
import { type Handle, makeIdentity, signalUnread } from './tree.ts';

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
  /** What it reads from stdin, 60 KiB at most; nothing where it is not given. Only for what has its own output. */
  readonly input?: string | undefined;
  /** A descriptor on which it may say that it is ready. Only for what has its own output. */
  readonly notify?: Notification | undefined;
  /** Soft limit of open files, at most the hard one; the container's where it is not given. Needs libc. */
  readonly openFilesSoft?: number | undefined;
  /** The container's where it is not given. */
  readonly umask?: number | undefined;
  /** -1000 to 1000: how readily the kernel kills it when memory is short; the container's where it is not given. */
  readonly oomScoreAdj?: number | undefined;
}

export interface Child extends Handle {
  readonly pid: number;
  /** Something asked for that it has to do without, in words. */
  readonly warning: string | undefined;
}

/** The pid whose children orphans become. */
export function adopterOf(spawner: Spawner): number {
  return spawner.native === undefined ? 1 : process.pid;
}

/**
 * Starts a process: the one place that does. Never throws. `onExit` is called once, never before this returns,
 * after the output up to the exit has been read; with an `error` when the process never began.
 */
export function startProcess(
  spawner: Spawner,
  spec: ProcessSpec,
  onExit: (exit: Exit) => void,
): Child | undefined {
  const found = findProgramOf(spec);
  const started = 'path' in found ? start(spawner, { ...spec, argv: found.argv }, found.path) : found;
  if (!('pid' in started)) {
    setImmediate(onExit, started);
    return undefined;
  }
  const { pid } = started;
  let hasEnded = false;
  const leader = makeIdentity(pid, () => hasEnded);
  let ends = NO_ENDS;
  // When this turn has started all that it will: the next process need not wait for it, and no exit comes before.
  queueMicrotask(() => {
    leader();
    ends = started.openEnds();
    if (spec.output !== 'inherit') readOutputs(ends.outputs, spec.output, spawner.gate);
    if (ends.notification !== undefined && spec.notify !== undefined)
      readNotification(ends.notification, spec.notify);
  });
  let isOver = false;
  started.onEnded(exit => {
    hasEnded = true;
    ends.notification?.destroy();
    waitForOutputs(ends.outputs, spawner.gate, () => {
      if (!isOver) onExit(exit);
      isOver = true;
    });
  });
  if (pid === 0) return undefined;
  const warning = spec.oomScoreAdj === undefined ? undefined : setOomScore(pid, spec.oomScoreAdj);
  const signal = (name: NodeJS.Signals) => {
    if (!hasEnded) signalUnread(pid, name);
  };
  return { pid, leader, signal, warning };
}

interface Found {
  readonly path: string;
  readonly argv: readonly [string, ...string[]];
}

/** A script for with-contenv is given to the program behind it: no shell between, which would drop odd names. */
function findProgramOf(spec: ProcessSpec): Found | Exit {
  const path = findPath(spec);
  if (typeof path !== 'string') return path;
  const program = parseWithContenv(readHead(path, SHEBANG_BYTES) ?? '');
  if (program === undefined) return { path, argv: spec.argv };
  const argv = [...program, path, ...spec.argv.slice(1)] as const;
  const interpreter = findPath({ ...spec, argv });
  return typeof interpreter === 'string' ? { path: interpreter, argv } : interpreter;
}

/** The file to run, or the mistake that exec would report as one and the same "no such file". */
function findPath(spec: ProcessSpec): string | Exit {
  const [program] = spec.argv;
  if (!isDirectory(spec.cwd)) return { error: `its working directory ${spec.cwd} does not exist`, code: 126 };
  const name = program.includes('/') && !program.startsWith('/') ? `${spec.cwd}/${program}` : program;
  const path = findFor(spec.user, name, spec.environment);
  if (path !== undefined) return path;
  if (!program.includes('/')) return { error: `${program}: not found on PATH`, code: 127 };
  if (readStat(name) === undefined) return { error: `${program}: no such file`, code: 127 };
  return { error: `${program}: ${readRunnable(name).obstacle ?? 'it is not executable'}`, code: 126 };
}

/** As its user would find it: root sees programs in folders that are closed to others. */
function findFor(user: User, name: string, environment: Environment): string | undefined {
  if (name.includes('/')) return findProgram(name, environment);
  const isTheirs = (file: string) => isExecutableFile(file) && mayReach(file, user);
  return findProgram(name, environment, isTheirs) ?? findProgram(name, environment);
}

const NO_ENDS: ReadEnds = { outputs: [], notification: undefined };

type Running = Started & { readonly openEnds: () => ReadEnds };

function start(spawner: Spawner, spec: ProcessSpec, path: string): Running | Exit {
  const { native } = spawner;
  const isSwitching = spec.user.uid !== spawner.uid;
  // no_new_privs can't be taken back from this process, so a helper sets it. Without one, better not to start.
  if (spec.noNewPrivs && spawner.setpriv === undefined)
    return { error: 'no_new_privs needs setpriv (util-linux)', code: 126, isForGood: true };
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
  return withUmask(spec.umask, () => {
    if (native === undefined)
      return spawnNode({
        ...request,
        isInherited: spec.output === 'inherit',
        notificationFd: spec.notify?.fd,
        input: spec.input,
      });
    return startNative(spawner, spec, native, { ...request, openFiles: chooseLimits(spawner, spec) });
  });
}

/** Children inherit it at the fork, which is synchronous: what Lintel itself writes keeps the container's. */
function withUmask<T>(umask: number | undefined, act: () => T): T {
  if (umask === undefined) return act();
  const own = process.umask(umask);
  try {
    return act();
  } finally {
    process.umask(own);
  }
}

function startNative(
  spawner: Spawner,
  spec: ProcessSpec,
  native: NonNullable<Spawner['native']>,
  request: Omit<Parameters<typeof spawnPosix>[1], 'outputs' | 'notification' | 'input'>,
): Running | Exit {
  if (spec.output === 'inherit') {
    const started = spawnPosix(native, {
      ...request,
      outputs: undefined,
      input: undefined,
      notification: undefined,
    });
    return 'pid' in started ? { ...started, openEnds: () => NO_ENDS } : started;
  }
  const pipes = openPipes(
    native.libc,
    spec.notify === undefined ? 2 : 3,
    spawner.uid === 0 ? spec.user : undefined,
  );
  const [stdout, stderr, extra] = pipes ?? [];
  if (pipes === undefined || stdout === undefined || stderr === undefined) return noDescriptorFor('output');
  const input = spec.input === undefined ? undefined : openInput(native.libc, spec.input);
  try {
    // With nothing to read, chpasswd and the like would end well and have done nothing.
    const isUnread = spec.input !== undefined && input === undefined;
    const outputs = [stdout.writeEnd, stderr.writeEnd] as const;
    const notification = extra && spec.notify && { from: extra.writeEnd, to: spec.notify.fd };
    const started = isUnread
      ? noDescriptorFor('input')
      : spawnPosix(native, { ...request, outputs, input, notification });
    const { output } = spec;
    if ('pid' in started)
      return { ...started, openEnds: () => openReadEnds([stdout, stderr, extra], output) };
    for (const { readEnd } of pipes) closeSync(readEnd);
    return started;
  } finally {
    for (const { writeEnd } of pipes) closeSync(writeEnd);
    if (input !== undefined) closeSync(input);
  }
}

function noDescriptorFor(what: 'input' | 'output'): Exit {
  return { error: `no file descriptor is left for its ${what}`, code: 126, isTemporary: true };
}

function openReadEnds(
  [stdout, stderr, extra]: readonly [Pipe, Pipe, Pipe | undefined],
  reader: OutputReader,
): ReadEnds {
  return {
    outputs: [
      openReadEnd(stdout.readEnd, data => reader.onData('stdout', data)),
      openReadEnd(stderr.readEnd, data => reader.onData('stderr', data)),
    ],
    notification: extra && openReadEnd(extra.readEnd),
  };
}

/**
 * Node has raised its own soft limit of open files, and children inherit it: programs that close every possible
 * descriptor then hang for seconds. So it is lowered for the moment of the fork, which is synchronous, and for no more:
 * this process may have more open than that already. undefined where nothing was raised.
 */
function chooseLimits(
  { openFiles }: Spawner,
  { openFilesSoft = openFiles.soft }: ProcessSpec,
): Spawner['openFiles'] | undefined {
  return openFilesSoft < openFiles.hard ? { ...openFiles, soft: openFilesSoft } : undefined;
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

/** Lets the workbench user open /dev/stdout and /dev/stderr again: terminals and pipes are given, files are not. */
export function giveStdio(user: User): void {
  for (const fd of [0, 1, 2]) {
    try {
      if (isTerminal(fd) || fstatSync(fd).isFIFO()) fchownSync(fd, user.uid, user.gid);
    } catch {
      // A closed descriptor or a read-only /dev: the CMD can still write to the one that it inherits.
    }
  }
}
