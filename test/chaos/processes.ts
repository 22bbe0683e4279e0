import { readdirSync, readFileSync } from 'node:fs';

/** A process of the container, as this machine sees it. */
export interface Seen {
  readonly pid: number;
  /** Its number in the container. */
  readonly inside: number;
  readonly parent: number;
  readonly name: string;
  readonly isZombie: boolean;
}

/** Every process below that one, which is PID 1 of its namespace. */
export function listBelow(pid: number): Seen[] {
  return readProc(pid, `task/${pid}/children`)
    .split(' ')
    .filter(text => text !== '')
    .map(Number)
    .flatMap(child => [...readOne(child), ...listBelow(child)]);
}

function readOne(pid: number): Seen[] {
  const status = readProc(pid, 'status');
  if (status === '') return [];
  const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
  const inside = Number(field('NSpid').split('\t').at(-1));
  return [
    {
      pid,
      inside,
      parent: Number(field('PPid')),
      name: field('Name'),
      isZombie: field('State').startsWith('Z'),
    },
  ];
}

/** Resident memory in KiB; undefined once the process has gone. */
export function readRssKiB(pid: number): number | undefined {
  const found = /^VmRSS:\s*(\d+) kB$/m.exec(readProc(pid, 'status'))?.[1];
  return found === undefined ? undefined : Number(found);
}

/** What resident memory is made of: "RssAnon 14000, RssFile 50000, RssShmem 0", in KiB. */
export function describeRss(pid: number): string {
  const parts = readProc(pid, 'status').matchAll(/^(Rss\w+):\s*(\d+) kB$/gm);
  return [...parts].map(([, name, size]) => `${name} ${size}`).join(', ');
}

/** The numbers of its open descriptors. */
export function listDescriptors(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map(Number);
  } catch {
    return [];
  }
}

/** A file of a process that may end at any moment. */
function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
