import { closeSync, fchownSync, writeSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Libc } from '../pid1/libc.ts';
import type { User } from '../user.ts';
import type { Gate } from './gate.ts';

export interface OutputReader {
  readonly onData: (stream: 'stdout' | 'stderr', data: Buffer) => void;
  readonly onEnd: (stream: 'stdout' | 'stderr') => void;
}

/** s6's way to say "ready": the process writes a newline to a descriptor that it is given. */
export interface Notification {
  readonly fd: number;
  /** Called once, at the first newline; never when the descriptor is closed without one. */
  readonly onReady: () => void;
}

/** After its process has ended, output that a leaked grandchild may hold open is waited for no longer than this. */
const DRAIN_MS = 20;
const NEWLINE = 0x0a;
/** A pipe holds no more at a time. */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024);

/** What comes out of a process. */
export interface ReadEnds {
  /** stdout and stderr; none where it has Lintel's own. */
  readonly outputs: readonly Readable[];
  readonly notification: Readable | undefined;
}

export interface Pipe {
  readonly readEnd: number;
  readonly writeEnd: number;
}

/**
 * So many pipes of the kernel's whose write ends belong to the process's user; undefined when no descriptor is left.
 * libuv's own are sockets, on which `> /dev/stderr` fails; on a pipe of root's it fails after the uid has changed.
 */
export function openPipes(libc: Libc, count: number, owner: User | undefined): Pipe[] | undefined {
  const pipes: Pipe[] = [];
  while (pipes.length < count) {
    const ends = openPipeOf(libc, owner);
    if (ends === undefined) {
      for (const { readEnd, writeEnd } of pipes) for (const fd of [readEnd, writeEnd]) closeSync(fd);
      return undefined;
    }
    pipes.push({ readEnd: ends[0], writeEnd: ends[1] });
  }
  return pipes;
}

function openPipeOf(libc: Libc, owner: User | undefined): ReturnType<Libc['openPipe']> {
  const ends = libc.openPipe();
  if (ends === undefined || owner === undefined) return ends;
  try {
    fchownSync(ends[1], owner.uid, owner.gid);
    return ends;
  } catch {
    for (const fd of ends) closeSync(fd);
    return openPipeAs(libc, owner);
  }
}

/** Root without CAP_CHOWN: a pipe is its maker's. Where that can't be done either, only opening /dev/stdout by name is lost. */
function openPipeAs(libc: Libc, owner: User): ReturnType<Libc['openPipe']> {
  try {
    return libc.actAs(owner, () => libc.openPipe());
  } catch {
    return libc.openPipe();
  }
}

/** An empty pipe takes as much at once, on every kernel, without waiting for a reader. */
const INPUT_LIMIT_BYTES = 60 * 1024;

/** The read end of a pipe that holds `text` and ends behind it; undefined when no descriptor is left. Throws for more than 60 KiB. */
export function openInput(libc: Libc, text: string): number | undefined {
  const bytes = Buffer.from(text);
  if (bytes.length > INPUT_LIMIT_BYTES) throw new Error(`Bug: ${bytes.length} bytes of input for a process`);
  const ends = libc.openPipe();
  if (ends === undefined) return undefined;
  for (let done = 0; done < bytes.length; ) done += writeSync(ends[1], bytes, done);
  closeSync(ends[1]);
  return ends[0];
}

/**
 * A stream of what comes out of a pipe, read into the one buffer of all pipes: `onData` takes it out before it
 * returns. Made only when its process runs already, on another processor.
 */
export function openReadEnd(fd: number, onData?: (data: Buffer) => void): Readable {
  const { Socket } = process.getBuiltinModule('node:net');
  if (onData === undefined) return new Socket({ fd, readable: true, writable: false });
  const callback = (bytes: number) => {
    onData(READ_BUFFER.subarray(0, bytes));
    return true;
  };
  return new Socket({ fd, readable: true, writable: false, onread: { buffer: READ_BUFFER, callback } });
}

export function readOutputs(outputs: readonly Readable[], reader: OutputReader, gate: Gate): void {
  for (const [index, stream] of outputs.entries()) {
    const name = index === 0 ? 'stdout' : 'stderr';
    // Never called for pipes of our own, which pass on what they read by themselves; but it lets them flow.
    stream.on('data', (data: Buffer) => reader.onData(name, data));
    stream.once('end', () => reader.onEnd(name));
    stream.on('error', () => reader.onEnd(name));
    gate.add(stream);
  }
}

/** Keeps nothing of what is said before the newline, and closes at it, as s6 does. */
export function readNotification(stream: Readable, { onReady }: Notification): void {
  stream.on('error', () => undefined);
  stream.on('data', (data: Buffer) => {
    if (stream.destroyed || !data.includes(NEWLINE)) return;
    stream.destroy();
    onReady();
  });
}

/**
 * Calls back when all outputs have been read to their end, or soon after. What is in a pipe already is read even while
 * nobody takes the log: it is little, and it says why the process ended.
 */
export function waitForOutputs(outputs: readonly Readable[], gate: Gate, then: () => void): void {
  const open = outputs.filter(stream => !stream.readableEnded && !stream.destroyed);
  if (open.length === 0) return then();
  let left = open.length;
  const release = gate.hurry(open);
  const end = () => {
    release();
    then();
  };
  // A loop that is late runs its timers before it has looked at its pipes: one look always lies between.
  const timer = setTimeout(() => setImmediate(end), DRAIN_MS);
  for (const stream of open) {
    stream.once('end', () => {
      left -= 1;
      if (left > 0) return;
      clearTimeout(timer);
      end();
    });
  }
}
