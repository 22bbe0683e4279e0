import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import type { Container } from './container.ts';

/** What a test sees of a container from outside, in the host's /proc: its processes and its files. Pids are the host's. */
export interface Seen {
  readonly pid: number;
  /** The container's name for it. */
  readonly uid: number;
  /** Its arguments with blanks between them. */
  readonly command: string;
}

/** The first process below PID 1 whose command line matches. */
export async function findProcess(container: Container, pattern: RegExp): Promise<Seen | undefined> {
  return (await listProcesses(container)).find(({ command }) => pattern.test(command));
}

/** All below PID 1. */
export async function listProcesses(container: Container): Promise<Seen[]> {
  return [...descendants(await container.pid())].map(pid => ({
    pid,
    uid: readUid(pid),
    command: read(pid, 'cmdline').replaceAll('\0', ' ').trimEnd(),
  }));
}

/** The variables with which a process began. */
export function readVariables(pid: number): string[] {
  return read(pid, 'environ').split('\0').filter(Boolean);
}

/** A file of the container's. */
export async function readInside(container: Container, path: string): Promise<string> {
  return readFileSync(`/proc/${await container.pid()}/root${path}`, 'utf8');
}

export async function listInside(container: Container, folder: string): Promise<string[]> {
  return list(`/proc/${await container.pid()}/root${folder}`);
}

/** Lintel's runtime directory in the container. */
export async function findRuntimeDir(container: Container): Promise<string> {
  return (await listInside(container, '/run/lintel')).length > 0 ? '/run/lintel' : '/tmp/lintel-1000';
}

/** The workbench user's. */
export async function readPassword(container: Container): Promise<string> {
  return readInside(container, `${await findRuntimeDir(container)}/secrets/password`);
}

/** Neither the log nor an argument of any process holds it. */
export async function assertUnseen(container: Container, secret: string): Promise<void> {
  const places = [container.output(), ...(await listProcesses(container)).map(({ command }) => command)];
  const found = places.filter(text => text.includes(secret) || text.includes(encodeURIComponent(secret)));
  assert.deepEqual(found, []);
}

export function isAlive(pid: number): boolean {
  return read(pid, 'stat') !== '';
}

/** In user namespaces it has another number there than here. */
function readUid(pid: number): number {
  const here = Number(/^Uid:\t(\d+)/m.exec(read(pid, 'status'))?.[1]);
  const ranges = read(pid, 'uid_map').trim().split('\n');
  for (const [inside = 0, outside = 0, count = 0] of ranges.map(range =>
    range.trim().split(/ +/).map(Number),
  )) {
    if (here >= outside && here < outside + count) return inside + here - outside;
  }
  return here;
}

function* descendants(pid: number): Generator<number> {
  const threads = list(`/proc/${pid}/task`);
  for (const child of threads.flatMap(thread =>
    read(pid, `task/${thread}/children`).split(' ').filter(Boolean),
  )) {
    yield Number(child);
    yield* descendants(Number(child));
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
