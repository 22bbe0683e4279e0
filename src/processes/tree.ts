import { readdirSync, readFileSync, statSync } from 'node:fs';
import { openLibc } from '../pid1/libc.ts';
import { isStarved, withDescriptor } from './spare.ts';

/** One process of /proc. (pid, startTicks) names it for good; a pid alone may be used again. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Clock ticks since boot. */
  readonly startTicks: number;
  readonly isZombie: boolean;
  readonly name: string;
  /** What it has used of processors, and what those of its children had used that it has waited for. */
  readonly cpuTicks: number;
  readonly residentPages: number;
}

/** The process that a service was started as. It led its own session, so that is its number too. */
export interface Leader {
  readonly pid: number;
  readonly startTicks: number;
}

/** What a child of ours is held by. */
export interface Handle {
  /** Who it is for good; undefined when it had gone before anybody looked. */
  readonly leader: () => Leader | undefined;
  /** Signals it as long as it has not ended. That needs no look: until then its number is nobody else's. */
  readonly signal: (signal: NodeJS.Signals) => void;
}

/** The variable that marks every process of a service: what left its session and its parents still carries it. */
export const MARK = 'LINTEL_SERVICE';

/** Every process that /proc shows, by pid. Throws the system's error where not even one descriptor is left to look. */
export function readProcesses(): Map<number, Process> {
  const all = new Map<number, Process>();
  for (const name of withDescriptor(() => readdirSync('/proc'))) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const found = readProcess(pid);
    if (found !== undefined) all.set(pid, found);
  }
  return all;
}

/** As `readProcesses`; undefined where nothing is left to look with. */
export function readProcessesIfPossible(): Map<number, Process> | undefined {
  try {
    return readProcesses();
  } catch {
    return undefined;
  }
}

/** The leader that a just started process is, looked up once, when it is first asked for before it has ended. */
export function makeIdentity(pid: number, hasEnded: () => boolean): () => Leader | undefined {
  let leader: Leader | undefined;
  let isKnown = false;
  return () => {
    // Its number may be another's by then.
    if (isKnown || hasEnded()) return leader;
    try {
      leader = readProcess(pid);
      isKnown = true;
    } catch {
      // There was nothing left to look with: who asks later may find out.
    }
    return leader;
  };
}

/** undefined when there is no such process (any more). Throws as `readProcesses`: that is no death. */
export function readProcess(pid: number): Process | undefined {
  let stat: string;
  try {
    stat = withDescriptor(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch (error) {
    if (isStarved(error)) throw error;
    return undefined;
  }
  return parseStat(pid, stat);
}

/** The text of /proc/PID/stat. */
export function parseStat(pid: number, stat: string): Process {
  // The name is in parentheses and may hold any character, so fields count from the last one.
  const end = stat.lastIndexOf(')');
  const fields = stat.slice(end + 2).split(' ');
  return {
    pid,
    parent: Number(fields[1]),
    group: Number(fields[2]),
    session: Number(fields[3]),
    startTicks: Number(fields[19]),
    isZombie: fields[0] === 'Z' || fields[0] === 'X',
    name: stat.slice(stat.indexOf('(') + 1, end),
    cpuTicks: Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14]),
    residentPages: Number(fields[21]),
  };
}

export interface Wanted {
  /** What its processes carry as MARK. */
  readonly name: string;
  readonly leader: Leader;
  readonly scope: 'tree' | 'group';
  /** The pid whose children orphans become: Lintel's own, or 1 where it could not become a subreaper. */
  readonly adopter: number;
  /** Processes that were seen to be its own before: some leave everything behind by which they could be found. */
  readonly known?: readonly Leader[];
}

/**
 * The living processes of a service: the closure over parent, session and group from its leader, and orphans
 * that carry its mark. `group` scope: only those of the leader's own group. Misses only a daemon that left its
 * session, its parents and its environment, and is not `known`.
 */
export function findMembers(all: ReadonlyMap<number, Process>, service: Wanted): Process[] {
  const { leader } = service;
  const current = all.get(leader.pid);
  // Another process has that number by now: the numbers of session and group say nothing any more.
  const isReused = current !== undefined && current.startTicks !== leader.startTicks;
  const ids = new Set(isReused ? [] : [leader.pid]);
  const isGroupOnly = service.scope === 'group';
  const members = new Set<Process>();
  const belongs = ({ pid, parent, group, session }: Process) =>
    isGroupOnly ? ids.has(group) : ids.has(pid) || ids.has(parent) || ids.has(session) || ids.has(group);
  if (!isGroupOnly) {
    for (const orphan of findMarkedOrphans(all, service)) members.add(orphan);
    for (const { pid, startTicks } of service.known ?? []) {
      const found = all.get(pid);
      if (found?.startTicks === startTicks) members.add(found);
    }
  }
  for (const { pid } of members) ids.add(pid);
  for (let count = -1; count !== members.size; ) {
    count = members.size;
    for (const candidate of all.values()) {
      if (
        members.has(candidate) ||
        candidate.pid === process.pid ||
        candidate.pid === 1 ||
        !belongs(candidate)
      )
        continue;
      members.add(candidate);
      if (!isGroupOnly) ids.add(candidate.pid);
    }
  }
  return [...members].filter(({ isZombie }) => !isZombie);
}

/** Every living process below this one; as PID 1, every other process that there is. */
export function findDescendants(all: ReadonlyMap<number, Process>): Process[] {
  if (process.pid === 1) return [...all.values()].filter(({ pid, isZombie }) => pid !== 1 && !isZombie);
  const below = new Set([process.pid]);
  for (let count = 0; count !== below.size; ) {
    count = below.size;
    for (const { pid, parent } of all.values()) if (below.has(parent)) below.add(pid);
  }
  return [...all.values()].filter(({ pid, isZombie }) => pid !== process.pid && below.has(pid) && !isZombie);
}

/** Signals exactly that process, and none where nothing is left to look whether it is. */
export function signalProcess({ pid, startTicks }: Leader, signal: NodeJS.Signals): void {
  try {
    if (readProcess(pid)?.startTicks === startTicks) signalUnread(pid, signal);
  } catch {
    // It may have gone, and its number be another's.
  }
}

/**
 * Signals whatever has that number, even without CAP_KILL: the caller knows whose it is. One synchronous function: the
 * effective ids are the whole process's.
 */
export function signalUnread(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPERM') asOwnerOf(pid, () => process.kill(pid, signal));
  }
}

/**
 * Kills a whole process group in one call: one by one, a member that forks meanwhile would leave its child behind. Where
 * nothing is left to look with, only the process itself, as long as it lives.
 */
export function killGroup(handle: Handle): void {
  const leader = handle.leader();
  const all = readProcessesIfPossible();
  if (all === undefined) return handle.signal('SIGKILL');
  if (leader === undefined) return;
  const members = findMembers(all, { name: '', leader, scope: 'group', adopter: 0 });
  if (members.length === 0) return;
  try {
    process.kill(-leader.pid, 'SIGKILL');
  } catch {
    // Without CAP_KILL each is killed as its own user.
    for (const member of members) signalProcess(member, 'SIGKILL');
  }
}

function findMarkedOrphans(all: ReadonlyMap<number, Process>, { name, adopter }: Wanted): Process[] {
  const orphans = [...all.values()].filter(
    ({ pid, parent, isZombie }) => parent === adopter && pid !== process.pid && !isZombie,
  );
  // Read byte by byte, as it may hold any.
  const mark = Buffer.from(`\0${MARK}=${name}\0`).toString('latin1');
  return orphans.filter(({ pid }) => readEnviron(pid).includes(mark));
}

/** Of which service it says to be; undefined where it says nothing, or can't be read. */
export function readMark(pid: number): string | undefined {
  const mark = new RegExp(`\0${MARK}=([^\0]*)\0`).exec(readEnviron(pid))?.[1];
  return mark === undefined ? undefined : Buffer.from(mark, 'latin1').toString('utf8');
}

/** "\0NAME=value\0…\0"; empty when it can't be read. Root without CAP_SYS_PTRACE reads it only as the process's own user. */
function readEnviron(pid: number): string {
  const read = () => withDescriptor(() => `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}`);
  try {
    return read();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? (asOwnerOf(pid, read) ?? '') : '';
  }
}

function asOwnerOf<T>(pid: number, act: () => T): T | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const group = process.getegid?.() ?? 0;
  try {
    const { uid, gid } = statSync(`/proc/${pid}`);
    process.setegid?.(gid);
    process.seteuid?.(uid);
    return act();
  } catch {
    return undefined;
  } finally {
    process.seteuid?.(0);
    process.setegid?.(group);
    const libc = openLibc();
    if (!('missing' in libc)) libc.restoreDumpable();
  }
}
