import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A cgroup that can keep a container from starting processes. */
export interface Limits {
  /** Takes that process, and all that it starts from now on, in. */
  take(pid: number): void;
  /** No more processes than there are and these. */
  allowMore(count: number): void;
  allowAll(): void;
  /** When its last process has gone. */
  remove(): void;
}

/** The first version of cgroups, and the second. */
const PLACES = ['/sys/fs/cgroup/pids', '/sys/fs/cgroup'];

/** Throws where this machine lets nobody make one. */
export function makeLimits(): Limits {
  for (const place of PLACES) {
    const folder = join(place, `lintel-chaos-${process.pid}`);
    try {
      mkdirSync(folder);
    } catch {
      continue;
    }
    if (!existsSync(join(folder, 'pids.max'))) {
      rmdirSync(folder);
      continue;
    }
    const write = (file: string, text: string) => writeFileSync(join(folder, file), text);
    return {
      take: pid => write('cgroup.procs', String(pid)),
      allowMore: count =>
        write('pids.max', String(Number(readFileSync(join(folder, 'pids.current'), 'utf8')) + count)),
      allowAll: () => write('pids.max', 'max'),
      remove: () => rmdirSync(folder),
    };
  }
  throw new Error('Cannot limit processes: this machine lets nobody make a pids cgroup');
}
