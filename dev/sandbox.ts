import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { execa, type ResultPromise } from 'execa';
import { findCommand, MARKER } from './sandbox-pid.ts';
import { CHECKOUT, HOST_LAYERS, makeRootEntries, WORKBENCH_USER } from './sandbox-root.ts';
import { renderTar } from './tar.ts';

/**
 * A sandbox is a throw-away root in fresh namespaces, made in some 100 ms without a container engine. It shows the
 * host's /usr, /etc, /opt and /srv copy on write, so that Debian's programs are there, and holds an installation of
 * Lintel: this checkout's `dist/`, services.d, cont-init.d and rootfs, but no /opt/onyxia-init.sh. All else is new: /home, /root,
 * /var, /run, /tmp, /dev, /proc, the processes, the host name and (unless asked otherwise) the network.
 *
 * | kind             | needs              | PID 1 is             | owners, groups, capabilities |
 * |------------------|--------------------|----------------------|------------------------------|
 * | root namespaces  | root               | root, or `user`      | real                         |
 * | user namespaces  | the kernel's leave | `user`, never root   | one uid, none, none          |
 * | ordinary process | nothing            | there is no sandbox  |                              |
 *
 * In user namespaces the caller's uid appears as `user` (1000:100 when root was asked for), and root's files appear
 * as nobody's; `groups` and `capabilities` do nothing. A test that needs them asks `sandboxKind()` first.
 */
export type SandboxKind = 'root namespaces' | 'user namespaces' | 'ordinary process';

/** A number is an open descriptor of the caller's. */
type Stdio = 'pipe' | 'inherit' | 'ignore' | number;

type Subprocess = ResultPromise<{ reject: false }>;

export interface SandboxOptions {
  /** Absolute path -> text; 0755 when it starts with `#!`, else 0644; root's, or the workbench user's below its home. */
  readonly files?: Readonly<Record<string, string>>;
  /** Folders copied onto / over this repository's rootfs, in order: an image author's layers. */
  readonly layers?: readonly string[];
  /** Absolute path -> a folder of the host to show there (copy on write), such as a program that is not Debian's. */
  readonly shown?: Readonly<Record<string, string>>;
  /** All that PID 1 has in its environment, names like `a.b` included. Default: a plain PATH, and HOME. */
  readonly environment?: Readonly<Record<string, string>>;
  /** undefined, as when it is absent: root. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  readonly groups?: readonly number[];
  /** In the syntax of `setpriv --bounding-set`, such as `-all,+setuid,+setgid`. */
  readonly capabilities?: string;
  /** A read-only root, /tmp and /run included; /dev stays writable, as in containers. */
  readonly readOnly?: boolean;
  /** Folders that stay writable below a read-only root; made (0755, root's) where they do not exist. */
  readonly writable?: readonly string[];
  /** `own` (default): a network namespace of its own with only a loopback device. */
  readonly network?: 'own' | 'host';
  /** The built program; default this checkout's `dist/`, which a build may replace meanwhile. */
  readonly dist?: string;
  /** Working directory of PID 1; default `/`. */
  readonly cwd?: string;
  /** Default `pipe`. */
  readonly stdio?: Stdio | readonly [Stdio, Stdio, Stdio];
  /** False: PID 1 is a shell and the command its child. Default true: the command is PID 1, by exec. */
  readonly pid1?: boolean;
  /** True: the command has a new terminal (80x24); the returned process's stdin and stdout are its other end. */
  readonly terminal?: boolean;
  /** False: output is not collected into the result, for those that read the streams. Default true. */
  readonly buffer?: boolean;
  /** Kills everything after this time (milliseconds). Default 0: never. */
  readonly timeoutMs?: number;
}

/**
 * The process that stands for a sandbox on the host, as execa gives it: awaiting it gives `exitCode`, `signal`,
 * `stdout` and `stderr` and never throws for a failing command. It ends when PID 1 ends, with the same exit code, or
 * 128 + n when signal n ended PID 1. `kill()` on it ends everything at once, `signal` then being set: to *signal*
 * PID 1 use `process.kill(await sandbox.pid1(), 'SIGTERM')`.
 */
export type Sandbox = Subprocess & {
  /**
   * The pid, on the host, of the command: of PID 1, or of its child with `pid1: false`. Waits until it has been
   * exec'd, at most 10 s; rejects when that does not happen. Whether it handles signals yet is its own affair.
   */
  pid1(): Promise<number>;
};

export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const TIE = ['setpriv', '--pdeathsig', 'KILL', '--'];
/**
 * Waits for PID 1 (unshare's own --fork loses the signal that ended it). A terminal's INT and QUIT are PID 1's to
 * handle; what a shell says about a killed child is not wanted among the command's lines.
 */
const WAIT = 'trap : INT QUIT; exec 9>&2 2>/dev/null; (exec "$@" 2>&9 9>&-); exit "$?"';
const START_TIMEOUT_MS = 10_000;

/** How this machine can make a sandbox. Tried once, by making one. */
export function sandboxKind(): SandboxKind {
  return probe().kind;
}

/**
 * Starts a command in a new sandbox; see `Sandbox` for what comes back. Throws when this machine cannot make one
 * (`sandboxKind()` is `ordinary process`), with the reason.
 */
export function startSandbox(command: readonly string[], options: SandboxOptions = {}): Sandbox {
  const { kind, reason } = probe();
  if (kind === 'ordinary process') {
    throw new Error(`Cannot make a sandbox: this machine does not allow it. ${reason}`);
  }
  const plan = planSandbox(kind, command, options, 3);
  const [program = '', ...args] = options.terminal ? onTerminal(plan.command) : plan.command;
  const { stdio = 'pipe', buffer = true, timeoutMs = 0 } = options;
  const [stdin, stdout, stderr] = typeof stdio === 'object' ? stdio : [stdio, stdio, stdio];
  const subprocess = execa(program, args, {
    env: plan.environment,
    extendEnv: false,
    stdio: [stdin, stdout, stderr, plan.archive] as ['pipe', 'pipe', 'pipe', Uint8Array],
    reject: false,
    buffer,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  }) as unknown as Subprocess;
  return Object.assign(subprocess, {
    pid1: () => findCommand(subprocess.nodeChildProcess, options.pid1 ?? true),
  });
}

interface SandboxPlan {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly archive: Uint8Array;
}

function planSandbox(
  kind: Exclude<SandboxKind, 'ordinary process'>,
  command: readonly string[],
  options: SandboxOptions,
  archiveFd: number,
): SandboxPlan {
  const hasOwners = kind === 'root namespaces';
  const { files = {}, layers = [], shown = {}, writable = [], network = 'own', readOnly = false } = options;
  const { dist = join(CHECKOUT, 'dist') } = options;
  return {
    command: [
      ...namespaces(kind, network),
      '/bin/sh',
      join(import.meta.dirname, 'sandbox.sh'),
      ...become(kind, command, options),
    ],
    environment: {
      PATH: DEFAULT_PATH,
      // `script` starts its command with this shell.
      SHELL: '/bin/sh',
      [MARKER]: '1',
      SANDBOX_KIND: hasOwners ? 'root' : 'user',
      SANDBOX_BASE: pickBase(),
      SANDBOX_LAYERS: HOST_LAYERS.join(' '),
      SANDBOX_DIST: existsSync(dist) ? dist : '',
      SANDBOX_SHOWN: Object.entries(shown).flat().join('\n'),
      SANDBOX_NETWORK: network,
      SANDBOX_READ_ONLY: readOnly ? '1' : '',
      SANDBOX_WRITABLE: writable.join('\n'),
      SANDBOX_ARCHIVE_FD: String(archiveFd),
    },
    archive: renderTar(makeRootEntries({ hasOwners, files, layers, folders: writable })),
  };
}

/**
 * The way into fresh namespaces. Each link of the chain dies with the one before it: the waiting shell with this
 * process, PID 1 with the shell. In user namespaces the tie comes second, since a change of ids undoes it.
 */
function namespaces(kind: SandboxKind, network: 'own' | 'host'): string[] {
  const user = ['unshare', '--user', '--map-root-user', '--'];
  const own = network === 'own' ? ['--net'] : [];
  const others = ['unshare', '--mount', '--propagation', 'private', '--uts', '--ipc', '--pid', ...own, '--'];
  return [
    ...(kind === 'user namespaces' ? user : []),
    ...TIE,
    ...others,
    '/bin/sh',
    '-c',
    WAIT,
    'sh',
    ...TIE,
  ];
}

/** What the builder becomes in the end: programs that exec one another, so that the command keeps its pid. */
function become(kind: SandboxKind, command: readonly string[], options: SandboxOptions): string[] {
  const user = options.user ?? { uid: 0, gid: 0 };
  const environment = options.environment ?? { PATH: DEFAULT_PATH, HOME: homeOf(kind, user.uid) };
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const child = ['/bin/sh', '-c', '"$@"; exit "$?"', 'sh'];
  return [
    ...(kind === 'user namespaces' ? becomeMapped(user) : becomeReal(user, options)),
    ...(options.pid1 === false ? child : []),
    ...['env', '-i', '-C', options.cwd ?? '/', '--', ...variables],
    ...command,
  ];
}

function becomeReal(user: { uid: number; gid: number }, options: SandboxOptions): string[] {
  const { groups = [], capabilities, terminal = false } = options;
  return [
    // A session of its own that owns the terminal, as a container's PID 1 has; taking it over wants root.
    ...(terminal ? ['setsid', '--ctty', '--'] : []),
    ...['setpriv', '--pdeathsig', 'KILL', '--reuid', String(user.uid), '--regid', String(user.gid)],
    ...(groups.length > 0 ? ['--groups', groups.join(',')] : ['--clear-groups']),
    ...(capabilities === undefined ? [] : ['--bounding-set', capabilities, '--inh-caps=-all']),
    '--',
  ];
}

/** A second user namespace gives the builder's root back as an ordinary uid without capabilities. */
function becomeMapped(user: { uid: number; gid: number }): string[] {
  const { uid, gid } = user.uid === 0 ? WORKBENCH_USER : user;
  const map = [`--map-user=${uid}`, `--map-group=${gid}`];
  return ['unshare', '--user', ...map, '--', ...TIE];
}

function homeOf(kind: SandboxKind, uid: number): string {
  const seenUid = kind === 'user namespaces' && uid === 0 ? WORKBENCH_USER.uid : uid;
  if (seenUid === 0) return '/root';
  return seenUid === WORKBENCH_USER.uid ? WORKBENCH_USER.home : '/';
}

/** A folder to mount on, out of the checkout's way. */
function pickBase(): string {
  const bases = ['/mnt', '/media', '/srv', '/opt'].filter(base => existsSync(base));
  return bases.find(base => !CHECKOUT.startsWith(`${base}/`)) ?? '/mnt';
}

/** util-linux' `script` gives a command a terminal and passes bytes between it and its own stdin and stdout. */
function onTerminal(command: readonly string[]): string[] {
  const quoted = command.map(word => `'${word.replaceAll("'", "'\\''")}'`);
  const line = `stty rows 24 columns 80; exec ${quoted.join(' ')}`;
  return [...TIE, 'script', '-qefc', line, '/dev/null'];
}

interface Probe {
  readonly kind: SandboxKind;
  readonly reason: string;
}

let probed: Probe | undefined;

function probe(): Probe {
  probed ??= tryKind();
  return probed;
}

function tryKind(): Probe {
  const kind = process.getuid?.() === 0 ? 'root namespaces' : 'user namespaces';
  const { command, environment, archive } = planSandbox(kind, ['true'], {}, 0);
  const [program = '', ...args] = command;
  const { status, error, stderr } = spawnSync(program, args, {
    env: environment,
    input: archive,
    timeout: START_TIMEOUT_MS,
    killSignal: 'SIGKILL',
    encoding: 'utf8',
  });
  if (status === 0) return { kind, reason: '' };
  return { kind: 'ordinary process', reason: `${kind}: ${error?.message ?? stderr.trim()}` };
}
