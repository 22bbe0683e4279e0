import { fstat, write } from 'node:fs';

/**
 * The bytes that go to stdout or stderr. A reader that stalls never stalls this process: writes wait in a thread
 * of Node's, one at a time, and what comes meanwhile is kept. Nothing here sets O_NONBLOCK, which the CMD that
 * inherits the same descriptor would suffer from.
 *
 *     open        everything is taken
 *     throttled   over 3 MiB: services' pipes are left unread (`onFull(true)`) while the reader catches up
 *     patient     the reader has taken nothing for 50 ms: everything is kept for it, up to 8 MiB
 *     full        8 MiB: services' pipes are left unread, so that they block, as under Docker
 *     dropping    after 5 s more: the oldest lines are dropped and counted, reading goes on
 *
 * Below half of what brought it there it goes back, and one line says how much was lost.
 */
export interface Output {
  /** Whole lines, each in a frame. They are copied. Returns how many they are. */
  add(lines: Buffer, frame?: Frame): number;
  /** How many lines have been dropped since the start. */
  countDropped(): number;
  /** Resolves when everything has been written, or after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>;
}

/** What stands around each line, in place of its newline. */
export interface Frame {
  readonly head: Buffer;
  readonly tail: Buffer;
}

export interface OutputOptions {
  readonly onFull: (isFull: boolean) => void;
  /** The line that says how many were lost. */
  readonly renderLost: (lines: number) => Buffer;
}

const LIMIT_BYTES = 8 * 1024 * 1024;
const STALL_MS = 5000;
/**
 * What a reader that is there and reads needs at most. Less would stop and start the pipes so often that V8 compiles
 * the same code again and again, which takes more memory than it saves.
 */
const BRISK_BYTES = 3 * 1024 * 1024;
const BRISK_MS = 50;
/** Large enough for one system call per burst, small enough that a slow reader sees progress. */
const BATCH_BYTES = 256 * 1024;
const NEWLINE = 10;
const BARE: Frame = { head: Buffer.alloc(0), tail: Buffer.of(NEWLINE) };
/** Somebody else made the descriptor non-blocking: how long to wait before trying again. */
const RETRY_MS = 5;

type Mode = 'open' | 'throttled' | 'patient' | 'full' | 'dropping';

/** Whole lines that are written together. */
interface Batch {
  readonly bytes: Buffer;
  used: number;
}

export function makeOutput(fd: 1 | 2, options: OutputOptions): Output {
  const queue: Batch[] = [];
  /** Written and to be filled again: what is dropped instead would be memory until the next collection. */
  const spares: Buffer[] = [];
  let queued = 0;
  let isWriting = false;
  let mode: Mode = 'open';
  /** Since it was last said. */
  let lost = 0;
  let dropped = 0;
  let timer: NodeJS.Timeout | undefined;
  let waiting: (() => void)[] = [];

  /** Bytes from end to end, and nothing made for a line: a flood would leave garbage by the hundred megabytes. */
  function add(lines: Buffer, { head, tail }: Frame = BARE): number {
    let count = 0;
    for (let from = 0; from < lines.length; ) {
      const end = lines.indexOf(NEWLINE, from);
      const length = end - from;
      const batch = batchFor(head.length + length + tail.length);
      const at = batch.used + head.length;
      put(head, batch.bytes, batch.used);
      lines.copy(batch.bytes, at, from, end);
      put(tail, batch.bytes, at + length);
      queued += at + length + tail.length - batch.used;
      batch.used = at + length + tail.length;
      from = end + 1;
      count += 1;
    }
    onAdded();
    // In the next turn of the loop: what is said on the way to the first service does not delay it.
    if (!isWriting) setImmediate(writeBatch);
    isWriting = true;
    return count;
  }

  function batchFor(bytes: number): Batch {
    const last = queue.at(-1);
    if (last !== undefined && last.bytes.length - last.used >= bytes) return last;
    const batch = { bytes: takeBuffer(bytes), used: 0 };
    queue.push(batch);
    return batch;
  }

  function takeBuffer(bytes: number): Buffer {
    if (bytes > BATCH_BYTES) return Buffer.allocUnsafeSlow(bytes);
    return spares.pop() ?? Buffer.allocUnsafeSlow(BATCH_BYTES);
  }

  function writeBatch(): void {
    const batch = queue.shift();
    isWriting = batch !== undefined;
    if (batch === undefined) {
      spares.length = Math.min(spares.length, 1);
      for (const done of waiting.splice(0)) done();
      return;
    }
    queued -= batch.used;
    writeAll(batch, 0);
  }

  function writeAll(batch: Batch, from: number): void {
    write(fd, batch.bytes, from, batch.used - from, null, (error, count) => {
      if (error?.code === 'EAGAIN') setTimeout(writeAll, RETRY_MS, batch, from);
      // The reader is gone (EPIPE, EIO): what it would have read is lost, the services go on.
      else if (error === null && from + count < batch.used) writeAll(batch, from + count);
      else {
        if (batch.bytes.length === BATCH_BYTES) spares.push(batch.bytes);
        onWritten();
        writeBatch();
      }
    });
  }

  function onAdded(): void {
    if (mode === 'open' && queued > BRISK_BYTES) enter('throttled', BRISK_MS, 'patient');
    if (mode === 'patient' && queued > LIMIT_BYTES) enter('full', STALL_MS, 'dropping');
    if (mode === 'dropping') dropOldest();
  }

  function onWritten(): void {
    if ((mode === 'full' || mode === 'dropping') && queued < LIMIT_BYTES / 2) {
      if (lost > 0) sayLost();
      enter('patient');
    }
    if (mode === 'throttled' || mode === 'patient') {
      if (queued < BRISK_BYTES / 2) enter('open');
      else if (mode === 'throttled') enter('throttled', BRISK_MS, 'patient');
    }
  }

  function enter(next: Mode, limitMs = 0, after?: Mode): void {
    const wasUnread = isUnread(mode);
    mode = next;
    clearTimeout(timer);
    timer = after === undefined ? undefined : setTimeout(enter, limitMs, after);
    if (next === 'dropping') dropOldest();
    if (isUnread(next) !== wasUnread) options.onFull(!wasUnread);
  }

  function dropOldest(): void {
    while (queued > LIMIT_BYTES && queue.length > 1) {
      const oldest = queue.shift();
      queued -= oldest?.used ?? 0;
      const lines = countLines(oldest);
      lost += lines;
      dropped += lines;
    }
  }

  /** Before what is still there: that is where the gap is. */
  function sayLost(): void {
    const bytes = options.renderLost(lost);
    queue.unshift({ bytes, used: bytes.length });
    queued += bytes.length;
    lost = 0;
  }

  // The first call makes Node's threads, and Node ends the process where one can't be made: services that take the
  // last process that there may be have not been started yet.
  fstat(fd, () => undefined);

  return {
    add,
    countDropped: () => dropped,
    flush: timeoutMs =>
      new Promise(resolve => {
        if (!isWriting) return resolve();
        waiting = [...waiting, resolve];
        setTimeout(resolve, timeoutMs).unref();
      }),
  };
}

function isUnread(mode: Mode): boolean {
  return mode === 'throttled' || mode === 'full';
}

function countLines(batch: Batch | undefined): number {
  let count = 0;
  if (batch === undefined) return count;
  for (
    let at = batch.bytes.indexOf(NEWLINE);
    at !== -1 && at < batch.used;
    at = batch.bytes.indexOf(NEWLINE, at + 1)
  )
    count += 1;
  return count;
}

/** A few bytes are copied faster here than by a call. */
function put(few: Buffer, target: Buffer, at: number): void {
  for (let index = 0; index < few.length; index++) target[at + index] = few[index] as number;
}
