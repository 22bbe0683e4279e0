import { readdirSync } from 'node:fs';
import { readTextIfAny } from '../../facts/files.ts';

/** What Lintel itself uses; undefined for what /proc does not say, or where no descriptor is left to read it with. */
export interface OwnUsage {
  readonly cpuSeconds: number;
  readonly residentBytes: number | undefined;
  readonly virtualBytes: number | undefined;
  readonly startedSeconds: number;
  readonly openFiles: number | undefined;
  readonly mostOpenFiles: number | undefined;
}

/** Asked once: the clock may be set meanwhile, and a process begins only once. */
const STARTED_SECONDS = Math.round(Date.now() - process.uptime() * 1000) / 1000;

export function readOwnUsage(): OwnUsage {
  const { user, system } = process.cpuUsage();
  const status = readTextIfAny('/proc/self/status') ?? '';
  const limits = readTextIfAny('/proc/self/limits') ?? '';
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: parse(/^VmRSS:\s*(\d+) kB$/m, status, 1024),
    virtualBytes: parse(/^VmSize:\s*(\d+) kB$/m, status, 1024),
    startedSeconds: STARTED_SECONDS,
    openFiles: countOpenFiles(),
    mostOpenFiles: parse(/^Max open files\s+(\d+)/m, limits, 1),
  };
}

function parse(pattern: RegExp, text: string, unit: number): number | undefined {
  const digits = pattern.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits) * unit;
}

function countOpenFiles(): number | undefined {
  try {
    // One of them is the folder's own.
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return undefined;
  }
}
