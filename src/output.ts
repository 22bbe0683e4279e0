import { write } from 'node:fs';

/**
 * The bytes that go to stdout or stderr. A reader that stalls never stalls this process: writes wait in a thread
 * of Node's, one at a time, and what comes meanwhile is kept. Nothing here sets O_NONBLOCK, which the CMD that
 * inherits the same descriptor would suffer from.
 *
 *     under 8 MiB      everything is kept
 *     8 MiB            `onFull(true)`: services' pipes are left unread, so that they block, as under Docker
 *     after 5 s more   the oldest lines are dropped and counted, reading goes on
 *     under 4 MiB      `onFull(false)`, and one line says how much was lost
 */
export interface Output {
  /** Whole lines, as latin1: one character a byte. */
  add(lines: string): void;
  /** Resolves when everything has been written, or after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>;
}

export interface OutputOptions {
  readonly onFull: (isFull: boolean) => void;
  /** The line that says how many were lost. */
  readonly renderLost: (lines: number) => string;
}

const LIMIT_CHARACTERS = 8 * 1024 * 1024;
const RESUME_CHARACTERS = LIMIT_CHARACTERS / 2;
const STALL_MS = 5000;
/** Large enough for one system call per burst, small enough that a slow reader sees progress. */
const BATCH_CHARACTERS = 256 * 1024;
/** Lines are kept together up to this size: a backlog of single ones is slow to take from the front. */
const CHUNK_CHARACTERS = 64 * 1024;
/** Somebody else made the descriptor non-blocking: how long to wait before trying again. */
const RETRY_MS = 5;

export function makeOutput(fd: 1 | 2, options: OutputOptions): Output {
  const queue: string[] = [];
  let queued = 0;
  let isWriting = false;
  let isFull = false;
  let isDropping = false;
  let lost = 0;
  let stall: NodeJS.Timeout | undefined;
  let waiting: (() => void)[] = [];

  function add(lines: string): void {
    const last = queue.length - 1;
    if ((queue[last]?.length ?? CHUNK_CHARACTERS) < CHUNK_CHARACTERS) queue[last] += lines;
    else queue.push(lines);
    queued += lines.length;
    if (isDropping) dropOldest();
    else if (queued > LIMIT_CHARACTERS) setFull(true);
    // In the next turn of the loop: what is said on the way to the first service does not delay it.
    if (!isWriting) setImmediate(writeBatch);
    isWriting = true;
  }

  function writeBatch(): void {
    let batch = '';
    while (batch.length < BATCH_CHARACTERS && queue.length > 0) batch += queue.shift();
    queued -= batch.length;
    isWriting = batch !== '';
    if (isWriting) writeAll(Buffer.from(batch, 'latin1'));
    else for (const done of waiting.splice(0)) done();
  }

  function writeAll(bytes: Buffer): void {
    write(fd, bytes, (error, count) => {
      if (error?.code === 'EAGAIN') setTimeout(writeAll, RETRY_MS, bytes);
      // The reader is gone (EPIPE, EIO): what it would have read is lost, the services go on.
      else if (error === null && count < bytes.length) writeAll(bytes.subarray(count));
      else {
        if (queued < RESUME_CHARACTERS) setFull(false);
        writeBatch();
      }
    });
  }

  function setFull(now: boolean): void {
    if (now === (isFull || isDropping)) return;
    isFull = now;
    if (!now) isDropping = false;
    clearTimeout(stall);
    if (now) stall = setTimeout(startDropping, STALL_MS);
    if (!now && lost > 0) queue.unshift(sayLost());
    options.onFull(now);
  }

  function startDropping(): void {
    isDropping = true;
    isFull = false;
    dropOldest();
    options.onFull(false);
  }

  function dropOldest(): void {
    while (queued > LIMIT_CHARACTERS) {
      const oldest = queue.shift() ?? '';
      queued -= oldest.length;
      lost += oldest.split('\n').length - 1;
    }
  }

  function sayLost(): string {
    const line = options.renderLost(lost);
    queued += line.length;
    lost = 0;
    return line;
  }

  return {
    add,
    flush: timeoutMs =>
      new Promise(resolve => {
        if (!isWriting) return resolve();
        waiting = [...waiting, resolve];
        setTimeout(resolve, timeoutMs).unref();
      }),
  };
}
