import { closeSync, constants, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { withDescriptor } from '../processes/spare.ts';

/**
 * Kubernetes shows what stands in this file as the reason of a container's end. Only where it already is; of a pipe
 * that nobody reads the container would never end.
 */
export function writeTerminationLog(root: string, text: string): void {
  try {
    withDescriptor(() => replaceText(`${root}/dev/termination-log`, `${text}\n`));
  } catch {
    // No such file, or not ours to write: there is nobody to tell.
  }
}

function replaceText(path: string, text: string): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!fstatSync(fd).isFile()) return;
    ftruncateSync(fd);
    writeSync(fd, text);
  } finally {
    closeSync(fd);
  }
}
