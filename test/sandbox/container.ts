import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { execa } from 'execa';
import { type Sandbox, type SandboxOptions, sandboxKind, startSandbox } from '../../dev/sandbox.ts';
import { isExecutableFile } from '../../src/facts/files.ts';
import { renderTail, waitForText, waitUntil } from '../waiting.ts';

export { waitUntil };

/** Each wait of a test ends after this time (milliseconds), with what was awaited and what was seen. */
const WAIT_LIMIT_MS = 30_000;
/** A container that a test forgot, or that hangs, is killed after this time (milliseconds). */
const LIFE_LIMIT_MS = 60_000;

export const CONTAINER_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
export const WORKBENCH_USER = { uid: 1000, gid: 100 } as const;

/** The two ways in which images start Lintel. Root is spelled out: spread over another default, it still is root. */
export const STARTS = [
  { how: 'started as root', options: { user: undefined }, isRoot: true },
  { how: 'started as uid 1000', options: { user: WORKBENCH_USER }, isRoot: false },
] as const;

/** How a container ended, and all that it wrote. */
export interface End {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A sandbox whose command is under test: nearly always `/init`, the real program, as PID 1. */
export interface Container {
  /** Both streams in the order in which they arrived. */
  output(): string;
  /**
   * Waits until the output, from the character `from` on, matches; throws when the container ends or the time is
   * over first. The result's `index` counts from the first character of all.
   */
  waitFor(pattern: RegExp, from?: number): Promise<RegExpExecArray>;
  /** Signals the command: PID 1 or, with `pid1: false`, its child. */
  signal(name: NodeJS.Signals): Promise<void>;
  /** Types into the terminal, or writes to stdin. */
  type(text: string): void;
  /** The command's pid on the host. */
  pid(): Promise<number>;
  /** Waits for the end; throws when it does not come in time. */
  end(): Promise<End>;
}

export interface ContainerOptions
  extends Omit<SandboxOptions, 'environment' | 'buffer' | 'stdio' | 'timeoutMs'> {
  /** Added to PATH and HOME. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Kills it after this time (milliseconds) when what it does takes long; default LIFE_LIMIT_MS. */
  readonly lifeLimitMs?: number;
}

/** Starts `command` (nearly always `['/init', …]`) in a container that ends with the test at the latest. */
export function startContainer(
  t: TestContext,
  command: readonly string[],
  options: ContainerOptions = {},
): Container {
  const home = options.user === undefined ? '/root' : '/home/lintel';
  const environment = { PATH: CONTAINER_PATH, HOME: home, ...options.environment };
  const { lifeLimitMs = LIFE_LIMIT_MS, ...sandboxOptions } = options;
  const sandbox = startSandbox(command, { ...sandboxOptions, environment, buffer: false });
  t.after(() => endSandbox(sandbox));
  return follow(sandbox, lifeLimitMs);
}

/** Runs a command to its end. */
export async function runContainer(
  t: TestContext,
  command: readonly string[],
  options: ContainerOptions = {},
): Promise<End> {
  return startContainer(t, command, options).end();
}

/**
 * As `podman exec`: a new process in the container, with exactly that environment, root or `user`. Needs root namespaces.
 */
export async function execInContainer(
  container: Container,
  command: readonly string[],
  given: {
    readonly environment: Readonly<Record<string, string>>;
    readonly user?: { readonly uid: number; readonly gid: number };
  },
): Promise<End> {
  const { uid, gid } = given.user ?? { uid: 0, gid: 0 };
  const pid = await container.pid();
  const namespaces = ['--mount', '--uts', '--ipc', '--net', '--pid', '--root', '--wd'];
  const variables = Object.entries(given.environment).map(([name, value]) => `${name}=${value}`);
  const { exitCode, signal, stdout, stderr } = await execa(
    'nsenter',
    [
      ...['--target', String(pid), ...namespaces, '--'],
      ...['setpriv', '--reuid', String(uid), '--regid', String(gid), '--clear-groups', '--'],
      ...['env', '-i', '--', ...variables, ...command],
    ],
    { reject: false, stdin: 'ignore', stripFinalNewline: false, timeout: WAIT_LIMIT_MS },
  );
  return { code: exitCode, signal, stdout, stderr };
}

/**
 * Why this machine cannot run a test that needs namespaces and these programs; false when it can. In CI no program may be
 * missing: there the test runs, and fails.
 */
export function whyNot(
  needs: { readonly programs?: readonly string[]; readonly isRoot?: boolean } = {},
): string | false {
  const kind = sandboxKind();
  if (kind === 'ordinary process') return 'this machine allows no namespaces';
  if (needs.isRoot === true && kind !== 'root namespaces') return 'needs root, for real owners and groups';
  if (process.env['CI']) return false;
  const missing = (needs.programs ?? []).filter(path => !isExecutableFile(path));
  return missing.length > 0 && `not installed: ${missing.join(', ')}`;
}

/** Scripts and programs of the folder fixtures, for `files`: there they lie in /srv. */
export function fixtures(...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.map(name => [`/srv/${name}`, readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8')]),
  );
}

function follow(sandbox: Sandbox, lifeLimitMs: number): Container {
  const text = { stdout: '', stderr: '', both: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    sandbox[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
      text.both += chunk;
    });
  }
  let hasEnded = false;
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    void endSandbox(sandbox);
  }, lifeLimitMs);
  const ended = (async (): Promise<End> => {
    const { exitCode, signal } = await sandbox;
    hasEnded = true;
    clearTimeout(timer);
    if (isLate)
      throw new Error(
        `Cannot see the end of the container: it runs after ${lifeLimitMs} ms. ${renderTail(text.both)}`,
      );
    return { code: exitCode, signal, stdout: text.stdout, stderr: text.stderr };
  })();
  // Whoever awaits it hears of a failure; a test that does not must not fail twice.
  ended.catch(() => undefined);
  return {
    output: () => text.both,
    waitFor: (pattern, from = 0) => waitForText(() => ({ text: text.both, hasEnded }), pattern, from),
    signal: async name => {
      process.kill(await sandbox.pid1(), name);
    },
    type: input => {
      sandbox.stdin.write(input);
    },
    pid: () => sandbox.pid1(),
    end: () => ended,
  };
}

/** A PID 1 that has changed its ids no longer dies with its parent, so it is ended by itself. */
async function endSandbox(sandbox: Sandbox): Promise<void> {
  const pid = await sandbox.pid1().catch(() => undefined);
  try {
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
  sandbox.kill('SIGKILL');
  await sandbox;
}
