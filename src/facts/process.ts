import { isTerminal } from '../terminal.ts';
import type { Identity } from '../user.ts';
import { isDirectory, readTextIfAny } from './files.ts';

/** What the kernel says of this very process. */
export interface ProcessFacts extends Identity {
  readonly isPid1: boolean;
  /** PID 1's name where that has started this process and lets a stop (SIGTERM) go by: a shell, mostly. */
  readonly deafPid1: string | undefined;
  /** Effective capabilities by name, only those that Lintel acts on. */
  readonly capabilities: readonly Capability[];
  /** Whether setuid programs could change owners here: the bounding set still has CAP_CHOWN. */
  readonly mayGainChown: boolean;
  readonly noNewPrivs: boolean;
  /** Whether standard input is a terminal. */
  readonly hasTerminal: boolean;
  /** Soft and hard limit of open files that the container was given; Infinity for "unlimited". */
  readonly openFiles: { readonly soft: number; readonly hard: number };
}

export type Capability = keyof typeof CAPABILITY_BITS;

/** Numbers from linux/capability.h. */
const CAPABILITY_BITS = {
  chown: 0n,
  dac_override: 1n,
  kill: 5n,
  setgid: 6n,
  setuid: 7n,
  sys_ptrace: 19n,
  sys_admin: 21n,
} as const;
/** POSIX's usual soft limit, where nothing kept the container's: Node has raised its own. */
const USUAL_OPEN_FILES = 1024;

export function readProcess(openFilesSoft: number | undefined): ProcessFacts {
  const status = readTextIfAny('/proc/self/status') ?? '';
  const effective = parseMask(status, 'CapEff') ?? 0n;
  const names = Object.keys(CAPABILITY_BITS) as Capability[];
  const capabilities = names.filter(name => hasBit(effective, CAPABILITY_BITS[name]));
  const hard = parseHardLimit(readTextIfAny('/proc/self/limits') ?? '');
  return {
    isPid1: process.pid === 1,
    deafPid1: process.ppid === 1 ? findDeafPid1(readTextIfAny('/proc/1/status') ?? '') : undefined,
    uid: process.geteuid?.() ?? 0,
    gid: process.getegid?.() ?? 0,
    groups: process.getgroups?.() ?? [],
    canSwitchUser: capabilities.includes('setuid') && capabilities.includes('setgid') && hasOtherUsers(),
    capabilities,
    mayGainChown: hasBit(parseMask(status, 'CapBnd') ?? 0n, CAPABILITY_BITS.chown),
    noNewPrivs: /^NoNewPrivs:\s*1/m.test(status),
    hasTerminal: isTerminal(0),
    openFiles: { soft: openFilesSoft ?? Math.min(hard, USUAL_OPEN_FILES), hard },
  };
}

/** A set of capabilities or signals in /proc/P/status. */
export function parseMask(
  status: string,
  set: 'CapEff' | 'CapBnd' | 'SigCgt' | 'SigBlk',
): bigint | undefined {
  const digits = new RegExp(`^${set}:\\s*([0-9a-f]+)`, 'm').exec(status)?.[1];
  return digits === undefined ? undefined : BigInt(`0x${digits}`);
}

function hasBit(mask: bigint, bit: bigint): boolean {
  return ((mask >> bit) & 1n) === 1n;
}

/** Bit of SIGTERM (15) in the masks of /proc/P/status. */
const TERM_BIT = 14n;

/**
 * The kernel drops a signal that PID 1 neither catches nor, as small inits do, has blocked to fetch it itself. It then
 * never reaches this process, and whoever stops the container kills everything when the time is over.
 */
export function findDeafPid1(status: string): string | undefined {
  const hasTerm = (set: 'SigCgt' | 'SigBlk') => {
    const mask = parseMask(status, set);
    return mask === undefined || hasBit(mask, TERM_BIT);
  };
  if (hasTerm('SigCgt') || hasTerm('SigBlk')) return undefined;
  return /^Name:\s*(.+)$/m.exec(status)?.[1];
}

export function parseHardLimit(limits: string): number {
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1];
  return hard === undefined ? Number.POSITIVE_INFINITY : Number(hard);
}

/** A user namespace may know no user but this one, or forbid to set groups. */
function hasOtherUsers(): boolean {
  const map = readTextIfAny('/proc/self/uid_map') ?? '0 0 4294967295';
  const count = map.split('\n').reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[2] ?? 0), 0);
  return count > 1 && (readTextIfAny('/proc/self/setgroups') ?? 'allow').trim() !== 'deny';
}

/** The groups of somebody's process, as the kernel has them. */
export function readGroupsOf({ pid, gid }: { readonly pid: number; readonly gid: number }): {
  readonly gid: number;
  readonly groups: readonly number[];
} {
  const groups = /^Groups:([\d \t]*)$/m.exec(readTextIfAny(`/proc/${pid}/status`) ?? '')?.[1] ?? '';
  return {
    gid,
    groups: groups
      .split(/\s+/)
      .filter(text => text !== '')
      .map(Number),
  };
}

/** The container's working directory; / where a script has taken it away. */
export function readWorkingDirectory(): string {
  try {
    const path = process.cwd();
    return isDirectory(path) ? path : '/';
  } catch {
    return '/';
  }
}
