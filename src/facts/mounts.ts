import { realpathSync } from 'node:fs';
import { readTextIfAny } from './files.ts';

/** The mount point that keeps every program on it from running; undefined where the file's mount allows it. */
export function findNoexecMount(path: string): string | undefined {
  try {
    return findNoexec(readTextIfAny('/proc/self/mountinfo') ?? '', realpathSync(path));
  } catch {
    return undefined;
  }
}

/** Every path that something is mounted on: to rename a file over it fails, and to write into it changes the host's file. */
export function readMountPoints(): ReadonlySet<string> {
  return new Set(parseMounts(readTextIfAny('/proc/self/mountinfo') ?? '').map(({ point }) => point));
}

/** As `findNoexecMount`, for a real path and the text of /proc/PID/mountinfo. */
export function findNoexec(mountinfo: string, path: string): string | undefined {
  let found = { point: '', isNoexec: false };
  for (const { point, options } of parseMounts(mountinfo)) {
    // Of two mounts on one place the later one is what is seen.
    if (point.length >= found.point.length && isBelow(path, point))
      found = { point, isNoexec: options.includes('noexec') };
  }
  return found.isNoexec ? found.point : undefined;
}

function parseMounts(mountinfo: string): { point: string; options: readonly string[] }[] {
  return mountinfo.split('\n').map(line => {
    // "36 35 98:0 /root /mount\040point rw,noexec shared:1 - ext4 /dev/sda rw"
    const [, , , , place = '', options = ''] = line.split(' ');
    return { point: unescapeOctal(place), options: options.split(',') };
  });
}

function isBelow(path: string, point: string): boolean {
  return point === '/' || path === point || (point !== '' && path.startsWith(`${point}/`));
}

/** Blanks, tabs, newlines and backslashes stand there as \040 and the like, byte by byte. */
function unescapeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}
