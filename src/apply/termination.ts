import { closeSync, constants, ftruncateSync, openSync, writeSync } from 'node:fs';

/** Kubernetes shows what stands in this file as the reason of a container's end. Only where it already is. */
export function writeTerminationLog(root: string, reason: string): void {
  try {
    const fd = openSync(`${root}/dev/termination-log`, constants.O_WRONLY | constants.O_NOFOLLOW);
    ftruncateSync(fd);
    writeSync(fd, `${reason}\n`);
    closeSync(fd);
  } catch {
    // No such file, or not ours to write: there is nobody to tell.
  }
}
