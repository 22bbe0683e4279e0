import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

/** Each wait of a test ends after this time (milliseconds), with what was awaited and all that Lintel wrote. */
const WAIT_LIMIT_MS = 60_000;
const POLL_MS = 5;
/** A killed process needs this long (milliseconds) at most until /proc forgets it. */
const KILL_LIMIT_MS = 5000;
/** Every process of a run carries it, whatever session or parent it has by then. */
const MARK = 'RIG_RUN';
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const CHECKOUT = dirname(import.meta.dirname);

export const PYTHON = '/usr/bin/python3';
export const IS_ROOT = process.getuid?.() === 0;
/** For `skip`: why a test can't be run, or false. */
export const NEEDS_ROOT = !IS_ROOT && 'needs root, for real owners and users';
export const NEEDS_PYTHON = !existsSync(PYTHON) && `${PYTHON} is not installed`;
/** Whom services run as. */
export const WORKBENCH = IS_ROOT
  ? { name: 'ada', uid: 1000, gid: 1000 }
  : { name: 'ada', uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

/** Absolute path in the root -> text; executable when it begins as a script or a program does. */
export type Files = Readonly<Record<string, string>>;

/** A temporary folder that Lintel takes for `/` (LINTEL_ROOT). Programs see it as $LINTEL_ROOT. */
export interface Root {
  /** The real path of a path in the root. */
  at(path: string): string;
  write(files: Files): void;
  read(path: string): string;
  /** Makes a named pipe at `path`: who reads a line from it waits until `open()`, once for each reader. */
  gate(path: string): { open(): void };
  /** Starts the real Lintel as an ordinary child process, which ends with the test at the latest. */
  boot(options?: BootOptions): Lintel;
}

export interface BootOptions {
  readonly command?: readonly string[];
  /** Added to PATH, HOME and LINTEL_ROOT; `undefined` takes one away. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Arguments of Node itself: then Node is started by hand, without the launcher. */
  readonly nodeFlags?: readonly string[];
  /** True: Lintel itself runs as the workbench user, who may write only /tmp and its home. */
  readonly isUnprivileged?: boolean;
  /** Root only: Lintel itself runs as this uid and gid. */
  readonly uid?: number;
  /** True: nobody reads the output until `readOutput()`. */
  readonly isUnread?: boolean;
}

/** How Lintel ended, and all that it wrote. */
export interface End {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The bytes of stdout. */
  readonly bytes: Buffer;
}

export interface Lintel {
  readonly pid: number;
  /** Both streams in the order in which they arrived. */
  log(): string;
  /** Waits until the log, from the character `from` on, matches; throws when Lintel ends before. */
  waitForText(pattern: RegExp, from?: number): Promise<RegExpExecArray>;
  /** Waits until the file is there and matches (default: its last line is whole), and returns its text. */
  waitForFile(path: string, pattern?: RegExp): Promise<string>;
  /** Waits until `look` gives something else than undefined or false, and returns that; throws when Lintel ends before. */
  waitUntil<T>(what: string, look: () => T | undefined | false): Promise<T>;
  signal(name: NodeJS.Signals): void;
  /** Begins to read what `isUnread` left. With `take` stdout goes there, and is kept nowhere. */
  readOutput(take?: (data: Buffer) => void): void;
  /** Closes the reading ends, as a log collector that dies. */
  closeOutput(): void;
  /** Waits for the end of the process, whether anybody reads its output or not. */
  exitCode(): Promise<number | null>;
  /** Waits for the end and for the rest of the output. */
  end(): Promise<End>;
  /** TERM, and `end()`. */
  stop(): Promise<End>;
}

/** A new root with `files`, a /tmp that everybody may write, and the workbench user with a home. Gone after the test. */
export function makeRoot(t: TestContext, files: Files = {}): Root {
  const path = mkdtempSync(join(tmpdir(), 'lintel-test-'));
  const mark = randomUUID();
  const gates: number[] = [];
  const runs: Run[] = [];
  t.after(async () => {
    const leftovers = await killMarked(mark);
    for (const fd of gates) closeSync(fd);
    rmSync(path, { recursive: true, force: true });
    if (leftovers.length > 0)
      throw new Error(`Processes of the test are left: ${leftovers.join(', ')}.${showLogs(runs)}`);
  });
  const at = (inside: string) => join(path, inside);
  const write = (more: Files) => {
    for (const [name, text] of Object.entries(more)) writeOne(at(name), text);
  };
  chmodSync(path, 0o755);
  mkdirSync(at('/tmp'));
  chmodSync(at('/tmp'), 0o1777);
  mkdirSync(at('/home/ada'), { recursive: true });
  if (IS_ROOT) chownSync(at('/home/ada'), WORKBENCH.uid, WORKBENCH.gid);
  write({
    '/etc/passwd': `root:x:0:0:root:/root:/bin/sh\nada:x:${WORKBENCH.uid}:${WORKBENCH.gid}::${at('/home/ada')}:/bin/sh\n`,
    '/etc/group': `root:x:0:\nada:x:${WORKBENCH.gid}:\n`,
    ...files,
  });
  return {
    at,
    write,
    read: inside => readFileSync(at(inside), 'utf8'),
    gate: inside => {
      const fd = makeFifo(at(inside));
      gates.push(fd);
      return { open: () => void writeSync(fd, '\n') };
    },
    boot: (options = {}) => {
      const run = startRun(options, {
        PATH,
        HOME: at('/home/ada'),
        LINTEL_ROOT: path,
        [MARK]: mark,
        ...options.environment,
      });
      runs.push(run);
      return makeLintel(run, at);
    },
  };
}

/** Starts Lintel in a new root. */
export function bootRoot(t: TestContext, files: Files, options: BootOptions = {}): Lintel & { root: Root } {
  const root = makeRoot(t, files);
  return { ...root.boot(options), root };
}

/** The living processes with `text` somewhere in their environment or arguments, by pid. Zombies have neither. */
export function findProcesses(text: string): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return pids.filter(
    pid => tryRead(`/proc/${pid}/environ`).includes(text) || tryRead(`/proc/${pid}/cmdline`).includes(text),
  );
}

/** Whether there is such a process and it is no zombie. */
export function isAlive(pid: number): boolean {
  return /^State:\s*[^ZX\s]/m.test(tryRead(`/proc/${pid}/status`));
}

interface Run {
  readonly child: ChildProcess;
  readonly stdout: Buffer[];
  readonly stderr: Buffer[];
  readonly both: Buffer[];
  readonly exited: Promise<number | null>;
  readonly closed: Promise<unknown>;
}

function startRun(options: BootOptions, environment: Readonly<Record<string, string | undefined>>): Run {
  if (IS_ROOT && !environment['LINTEL_ROOT'])
    throw new Error('Without LINTEL_ROOT this machine itself would be set up');
  const [file, ...args] = [...makeProgram(options.nodeFlags), ...(options.command ?? [])];
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined));
  // child_process, as execa waits for the end of the output, which is a question of its own here.
  const workbench = options.isUnprivileged === true ? WORKBENCH.uid : undefined;
  const uid = IS_ROOT ? (options.uid ?? workbench) : undefined;
  const ids = uid === undefined ? {} : { uid, gid: uid };
  const child = spawn(file ?? '', args, { ...ids, env: given, stdio: ['ignore', 'pipe', 'pipe'] });
  // Exit, not close: with a stalled reader there is no close.
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const closed = once(child, 'close');
  for (const promise of [exited, closed]) promise.catch(() => undefined);
  const run: Run = { child, stdout: [], stderr: [], both: [], exited, closed };
  if (options.isUnread !== true) readOutput(run);
  return run;
}

/** RIG_PROGRAM is another build than dist/lintel.cjs, or "source": for a look at what the tests reach. */
function makeProgram(nodeFlags: readonly string[] | undefined): string[] {
  const wanted = process.env['RIG_PROGRAM'];
  if (wanted === 'source')
    return [process.execPath, '--import', import.meta.resolve('tsx'), join(CHECKOUT, 'src/main.ts')];
  const bundle = wanted ?? join(CHECKOUT, 'dist/lintel.cjs');
  if (!existsSync(bundle)) throw new Error(`Cannot test ${bundle}: no such file, expected "npm run build"`);
  return nodeFlags === undefined ? [bundle] : [join(dirname(bundle), 'node'), ...nodeFlags, bundle];
}

function readOutput({ child, stdout, stderr, both }: Run, take?: (data: Buffer) => void): void {
  const keepIn = (chunks: Buffer[]) => (data: Buffer) => {
    chunks.push(data);
    both.push(data);
  };
  child.stdout?.on('data', take ?? keepIn(stdout));
  child.stderr?.on('data', keepIn(stderr));
}

function makeLintel(run: Run, at: (path: string) => string): Lintel {
  const { child } = run;
  const log = () => Buffer.concat(run.both).toString('utf8');
  // With the output closed too, nothing more will come.
  let isClosed = false;
  child.once('close', () => {
    isClosed = true;
  });
  async function poll<T>(
    what: string,
    look: () => T | undefined | false,
    isHopeless: () => boolean,
  ): Promise<T> {
    const deadlineMs = performance.now() + WAIT_LIMIT_MS;
    while (performance.now() < deadlineMs) {
      // Asked first: what happened just before the end is still seen.
      const isLastLook = isHopeless();
      const seen = look();
      if (seen !== undefined && seen !== false) return seen;
      if (isLastLook) throw new Error(`Cannot go on: Lintel ended before ${what}.${showLogs([run])}`);
      await sleep(POLL_MS);
    }
    throw new Error(`Cannot go on: not within ${WAIT_LIMIT_MS} ms: ${what}.${showLogs([run])}`);
  }
  async function within<T>(what: string, promise: Promise<T>): Promise<T> {
    let result: { readonly value: T } | undefined;
    void promise.then(value => {
      result = { value };
    });
    return (
      await poll(
        what,
        () => result,
        () => false,
      )
    ).value;
  }
  const waitUntil = <T>(what: string, look: () => T | undefined | false) => poll(what, look, () => isClosed);
  const exitCode = () => within('Lintel ends', run.exited);
  const end = async (): Promise<End> => {
    const code = await exitCode();
    await within('its output is closed (else a process is left that holds it)', run.closed);
    const bytes = Buffer.concat(run.stdout);
    return {
      code,
      bytes,
      stdout: bytes.toString('utf8'),
      stderr: Buffer.concat(run.stderr).toString('utf8'),
    };
  };
  const signal = (name: NodeJS.Signals) => void child.kill(name);
  return {
    pid: child.pid ?? 0,
    log,
    waitUntil,
    waitForText: (pattern, from = 0) =>
      waitUntil(`the log matches ${pattern}`, () => pattern.exec(log().slice(from)) ?? undefined),
    waitForFile: (path, pattern = /\n$/) =>
      waitUntil(`${path} matches ${pattern}`, () => {
        const text = tryRead(at(path));
        return pattern.test(text) && text;
      }),
    signal,
    readOutput: take => readOutput(run, take),
    closeOutput: () => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    },
    exitCode,
    end,
    stop: () => {
      signal('SIGTERM');
      return end();
    },
  };
}

function writeOne(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, /^(#!|\x7fELF)/.test(text) ? 0o755 : 0o644);
}

/** Open for both, so that neither end waits for the other to be opened. */
function makeFifo(path: string): number {
  const { status, stderr } = spawnSync('mkfifo', ['-m', '666', path], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`Cannot make the pipe ${path}: ${stderr}`);
  return openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
}

/** Kills what carries the mark, by pid, until nothing does. Returns what was there, as "arguments[pid]". */
async function killMarked(mark: string): Promise<string[]> {
  const found = new Map<number, string>();
  const deadlineMs = performance.now() + KILL_LIMIT_MS;
  for (;;) {
    const pids = findProcesses(`${MARK}=${mark}`);
    if (pids.length === 0 || performance.now() > deadlineMs) break;
    for (const pid of pids) {
      const name = tryRead(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
      if (!found.has(pid)) found.set(pid, `${name}[${pid}]`);
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }
    await sleep(POLL_MS);
  }
  return [...found.values()];
}

function showLogs(runs: readonly Run[]): string {
  return runs.map(({ both }) => ` Lintel wrote:\n${Buffer.concat(both).toString('utf8')}`).join('\n');
}

/** "" for what is not there, or not ours to read. */
function tryRead(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
