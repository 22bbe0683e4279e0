import { readTextIfAny } from './files.ts';

/** The container's limits as its cgroup states them, version 2 or 1; undefined where there is none. */
export interface CgroupFacts {
  readonly memoryLimitBytes: number | undefined;
  /** Processors that the container may use at once, possibly a fraction. */
  readonly cpuLimit: number | undefined;
}

/** What version 1 writes for "no limit" is near 2^63. */
const NO_LIMIT_BYTES = 2 ** 60;

export function readCgroup(): CgroupFacts {
  const memory =
    readTextIfAny('/sys/fs/cgroup/memory.max') ??
    readTextIfAny('/sys/fs/cgroup/memory/memory.limit_in_bytes');
  const memoryLimitBytes = Number(memory ?? Number.NaN);
  return {
    memoryLimitBytes:
      memoryLimitBytes > 0 && memoryLimitBytes < NO_LIMIT_BYTES ? memoryLimitBytes : undefined,
    cpuLimit: parseCpuLimit(readTextIfAny('/sys/fs/cgroup/cpu.max') ?? readCpuVersion1()),
  };
}

function readCpuVersion1(): string {
  const quota = readTextIfAny('/sys/fs/cgroup/cpu/cpu.cfs_quota_us') ?? 'max';
  return `${quota.trim()} ${readTextIfAny('/sys/fs/cgroup/cpu/cpu.cfs_period_us') ?? ''}`;
}

/** "QUOTA PERIOD" in microseconds, as in cpu.max. */
export function parseCpuLimit(text: string): number | undefined {
  const [quota, period] = text.trim().split(/\s+/).map(Number);
  return quota !== undefined && period !== undefined && quota > 0 && period > 0 ? quota / period : undefined;
}
