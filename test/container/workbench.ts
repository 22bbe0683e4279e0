import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { execa } from 'execa';
import { CACHE, engineEnvironment, IMAGES, podman } from '../../dev/engine.ts';
import { waitForText, waitUntil } from '../waiting.ts';

export { waitUntil };

/** Each wait of a test ends after this time (milliseconds), with what was awaited and what was seen. */
const WAIT_LIMIT_MS = 60_000;
/** A container that a test forgot, or that hangs, is removed after this time (milliseconds). */
const LIFE_LIMIT_MS = 300_000;

export interface WorkbenchOptions {
  /** A tag; default the workbench with real programs. */
  readonly image?: string;
  /** Options of `podman run`, such as `--user` or `--read-only`. There is no network but loopback unless one is said here. */
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Written into its stdin, with `--interactive`. */
  readonly input?: string;
  /** Keeps the image's HEALTHCHECK, for `podman healthcheck run`: nothing asks by itself. */
  readonly hasHealthcheck?: boolean;
  /** Gives it a terminal (`--tty`) whose other end is `type` and the output. */
  readonly terminal?: boolean;
}

/** How a program ended, and all that it wrote. */
export interface End {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A container of the engine: nearly always the image's own ENTRYPOINT, `/init`, as PID 1. */
export interface Workbench {
  readonly name: string;
  /** Both streams in the order in which they arrived. */
  output(): string;
  /** Types on its terminal. */
  type(text: string): void;
  /** Waits until the output, from the character `from` on, matches; throws when it ends or the time is over first. */
  waitFor(pattern: RegExp, from?: number): Promise<RegExpExecArray>;
  /** `podman exec`, with these flags of its own. Never throws for an exit code. */
  exec(command: readonly string[], flags?: readonly string[]): Promise<End>;
  /** PID 1, as the host counts. */
  pid(): Promise<number>;
  /** Runs a program of this machine in the container's network: its loopback. */
  inNetwork(command: readonly string[], options?: { readonly input?: string }): Promise<End>;
  /** Any other command of the engine on it: `podman COMMAND … NAME`. */
  engine(...command: readonly string[]): Promise<End>;
  /** `podman stop`, and how PID 1 ended. */
  stop(): Promise<End>;
  /** Waits for the end of PID 1. */
  end(): Promise<End>;
}

/** `podman run` of an image with these arguments (the CMD); it is removed with the test at the latest. */
export function startWorkbench(
  t: TestContext,
  command: readonly string[] = [],
  options: WorkbenchOptions = {},
): Workbench {
  const name = `lintel-test-${randomUUID().slice(0, 8)}`;
  const given = [
    'run',
    ...['--name', name, '--hostname', 'workbench', '--pull=never'],
    options.hasHealthcheck === true ? '--health-interval=disable' : '--no-healthcheck',
    ...(options.terminal === true ? ['--tty'] : []),
    ...((options.flags ?? []).some(flag => /^(--net|--network|-p|--publish)/.test(flag))
      ? []
      : ['--network', 'none']),
    ...Object.entries(options.environment ?? {}).map(([key, value]) => `--env=${key}=${value}`),
    ...(options.input === undefined ? [] : ['--interactive']),
    ...(options.flags ?? []),
    options.image ?? IMAGES.workbench,
    ...command,
  ];
  // When memory ends, podman's conmon leaves a file called oom in its working directory.
  const settings = {
    reject: false,
    buffer: false,
    timeout: LIFE_LIMIT_MS,
    cwd: join(CACHE, 'engine'),
  } as const;
  const run =
    options.terminal === true
      ? execa('script', ['-qefc', toShell(['podman', ...given]), '/dev/null'], {
          ...settings,
          env: engineEnvironment(),
        })
      : podman(given, {
          ...settings,
          ...(options.input === undefined ? {} : { stdin: 'pipe' as const, input: options.input }),
        });
  // Those that share its network go with it: a network that is in use can't be removed.
  t.after(() => podman(['rm', '--force', '--depend', '--time', '0', '--volumes', name], { reject: false }));
  const text = { stdout: '', stderr: '', both: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    run[stream]?.setEncoding('utf8').on('data', (chunk: string) => {
      text[stream] += chunk;
      text.both += chunk;
    });
  }
  let hasEnded = false;
  const ended = run.then(({ exitCode }): End => {
    hasEnded = true;
    return { code: exitCode, stdout: text.stdout, stderr: text.stderr };
  });
  const engine = (...words: readonly string[]) =>
    finish(podman([...words, name], { reject: false, timeout: WAIT_LIMIT_MS }));
  const pid = () =>
    waitUntil(`${name} runs`, async () => {
      const { stdout } = await engine('inspect', '--format', '{{.State.Pid}}');
      return Number(stdout) > 0 && Number(stdout);
    });
  return {
    name,
    output: () => text.both,
    type: typed => void run.stdin?.write(typed),
    waitFor: (pattern, from = 0) => waitForText(() => ({ text: text.both, hasEnded }), pattern, from),
    exec: (words, flags = []) =>
      finish(podman(['exec', ...flags, name, ...words], { reject: false, timeout: WAIT_LIMIT_MS })),
    pid,
    inNetwork: async (words, { input } = {}) =>
      finish(
        execa('nsenter', [`--net=/proc/${await pid()}/ns/net`, '--', ...words], {
          reject: false,
          timeout: WAIT_LIMIT_MS,
          ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
        }),
      ),
    engine,
    stop: async () => {
      await engine('stop');
      return ended;
    },
    end: () => ended,
  };
}

/** util-linux's `script` gives a command a terminal, and passes on what goes in and out. */
function toShell(words: readonly string[]): string {
  return `stty rows 24 columns 80; exec ${words.map(word => `'${word.replaceAll("'", "'\\''")}'`).join(' ')}`;
}

/** Runs a command as the CMD of a workbench, to its end. */
export function runWorkbench(
  t: TestContext,
  command: readonly string[],
  options: WorkbenchOptions = {},
): Promise<End> {
  return startWorkbench(t, command, options).end();
}

async function finish(
  run: Promise<{ readonly exitCode?: number; readonly stdout?: unknown; readonly stderr?: unknown }>,
): Promise<End> {
  const { exitCode, stdout, stderr } = await run;
  return { code: exitCode, stdout: String(stdout ?? ''), stderr: String(stderr ?? '') };
}
