import { closeSync, constants, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';

/**
 * Kubernetes shows what stands in this file as the reason of a container's end. Only where it already is; of a pipe
 * that nobody reads the container would never end.
 */
export function writeTerminationLog(root: string, text: string): void {
  try {
    const flags = constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const fd = openSync(`${root}/dev/termination-log`, flags);
    if (fstatSync(fd).isFile()) {
      ftruncateSync(fd);
      writeSync(fd, `${text}\n`);
    }
    closeSync(fd);
  } catch {
    // No such file, or not ours to write: there is nobody to tell.
  }
}
