import { readStat, readTextIfAny } from './files.ts';

/** The container's limits as its cgroup states them, version 2 or 1; undefined where there is none. */
export interface CgroupFacts {
  readonly memoryLimitBytes: number | undefined;
  /** Processors that the container may use at once, possibly a fraction. */
  readonly cpuLimit: number | undefined;
  /** The file that counts the processes killed for want of memory, and whether it tells of its changes (version 2). */
  readonly oomCounter: { readonly path: string; readonly isWatchable: boolean } | undefined;
  /** Out of memory the kernel kills all of the container at once, Lintel too: then nothing can be explained. */
  readonly isOomGroup: boolean;
}

/** What version 1 writes for "no limit" is near 2^63. */
const NO_LIMIT_BYTES = 2 ** 60;

/** Reads the cgroup of this process below `root`/sys/fs/cgroup. */
export function readCgroup(root: string): CgroupFacts {
  const files = findPlaces(root);
  const quota = read(files, 'cpu.max', 'cpu', 'cpu.cfs_quota_us') ?? '';
  const period = readFirst(files.version1('cpu', 'cpu.cfs_period_us')) ?? '';
  return {
    memoryLimitBytes: readMemoryLimit(files),
    cpuLimit: parseCpuLimit(/\s\d/.test(quota) ? quota : `${quota.trim()} ${period}`),
    oomCounter: findCounter(files),
    isOomGroup: readFirst(files.version2('memory.oom.group'))?.trim() === '1',
  };
}

/** What the container's memory is like now; undefined for what its cgroup does not say. */
export interface MemoryUse {
  readonly limitBytes: number | undefined;
  /** With the page cache, of which the kernel takes back what it needs. */
  readonly usedBytes: number | undefined;
  /** Processes that the kernel has killed because memory had run out. */
  readonly kills: number | undefined;
}

/** Reads the memory cgroup of this process below `root`/sys/fs/cgroup. */
export function readMemoryUse(root: string): MemoryUse {
  const files = findPlaces(root);
  const counter = findCounter(files);
  return {
    limitBytes: readMemoryLimit(files),
    usedBytes: readCount(files, 'memory.current', 'memory', 'memory.usage_in_bytes'),
    kills: counter === undefined ? undefined : readKills(counter.path),
  };
}

/** The line "oom_kill N" stands in memory.events and, since Linux 4.13, in memory.oom_control. */
export function readKills(path: string): number | undefined {
  const count = /^oom_kill (\d+)$/m.exec(readTextIfAny(path) ?? '')?.[1];
  return count === undefined ? undefined : Number(count);
}

/** Where a file of either version may lie, the likeliest place first. */
interface Places {
  version2(file: string): string[];
  version1(controller: string, file: string): string[];
}

/**
 * This process's own cgroup, and the top: an engine usually shows a container its own cgroup there, under whatever
 * name /proc/self/cgroup has for it.
 */
function listPlaces(top: string, ownCgroups: string): Places {
  return {
    version2: file => [`${top}${findOwn(ownCgroups, '')}/${file}`, `${top}/${file}`],
    version1: (controller, file) => [
      `${top}/${controller}${findOwn(ownCgroups, controller)}/${file}`,
      `${top}/${controller}/${file}`,
    ],
  };
}

/** "4:memory:/docker/1234" for version 1, "0::/" for version 2; "" for the top and for what lies outside of it. */
export function findOwn(ownCgroups: string, controller: string): string {
  for (const line of ownCgroups.split('\n')) {
    const [, controllers = '?', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers.split(',').includes(controller) && !path.includes('/..')) return path === '/' ? '' : path;
  }
  return '';
}

function findPlaces(root: string): Places {
  return listPlaces(`${root}/sys/fs/cgroup`, readTextIfAny('/proc/self/cgroup') ?? '');
}

function read(files: Places, version2: string, controller: string, version1: string): string | undefined {
  return readFirst([...files.version2(version2), ...files.version1(controller, version1)]);
}

function readCount(files: Places, ...names: readonly [string, string, string]): number | undefined {
  const text = read(files, ...names)?.trim() ?? '';
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

function readMemoryLimit(files: Places): number | undefined {
  const limit = readCount(files, 'memory.max', 'memory', 'memory.limit_in_bytes');
  return limit !== undefined && limit > 0 && limit < NO_LIMIT_BYTES ? limit : undefined;
}

function readFirst(paths: readonly string[]): string | undefined {
  for (const path of paths) {
    const text = readTextIfAny(path);
    if (text !== undefined) return text;
  }
  return undefined;
}

function findCounter(files: Places): CgroupFacts['oomCounter'] {
  const version2 = files.version2('memory.events').find(path => readStat(path) !== undefined);
  if (version2 !== undefined) return { path: version2, isWatchable: true };
  const version1 = files.version1('memory', 'memory.oom_control').find(path => readStat(path) !== undefined);
  return version1 === undefined ? undefined : { path: version1, isWatchable: false };
}

/** "QUOTA PERIOD" in microseconds, as in cpu.max. */
export function parseCpuLimit(text: string): number | undefined {
  const [quota = Number.NaN, period = Number.NaN] = text.trim().split(/\s+/).map(Number);
  const limit = quota / period;
  return quota > 0 && limit > 0 && Number.isFinite(limit) ? limit : undefined;
}
