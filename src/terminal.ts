import { fstatSync } from 'node:fs';

/** The kernel's own devices: /dev/null, /dev/zero and the like. */
const MEMORY_MAJOR = 1;

/** Whether the descriptor is a terminal's. As isatty(3), whose module would cost a boot 2 ms. */
export function isTerminal(fd: number): boolean {
  try {
    const stat = fstatSync(fd);
    return stat.isCharacterDevice() && stat.rdev >> 8 !== MEMORY_MAJOR;
  } catch {
    return false;
  }
}
