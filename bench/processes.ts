import { readdir, readFile, readlink, writeFile } from 'node:fs/promises';

/** /proc, as the bench reads it: of PID 1 and of the helpers that some inits have, but not of the services. */

/** What the services of a bench run as, below a root of their own; native/cpu.h knows it too. */
const SERVICE_PROGRAM = '/bench/program';
/** To /proc/PID/clear_refs: the peak of its memory is counted anew from here. */
const RESET_PEAK = '5';

export interface Thread {
  readonly name: string;
  readonly cpuMs: number;
  readonly sleeps: number;
}

/** The folders in /proc of all processes in PID 1's namespace but the services: s6 and runit have a helper for each. */
export async function listInit(pid: number): Promise<readonly string[]> {
  const proc = `/proc/${pid}/root/proc`;
  const ids = (await readdir(proc)).filter(name => /^\d+$/.test(name));
  const programs = await Promise.all(
    // A process may end while it is looked at.
    ids.map(id => readlink(`${proc}/${id}/exe`).catch(() => SERVICE_PROGRAM)),
  );
  return ids
    .filter((_, index) => programs[index]?.endsWith(SERVICE_PROGRAM) !== true)
    .map(id => `${proc}/${id}`);
}

/** The scheduler counts nanoseconds, where utime and stime count hundredths of a second. */
export async function readThreads(folder: string): Promise<readonly Thread[]> {
  const ids = await readdir(`${folder}/task`);
  return Promise.all(
    ids.map(async id => {
      const task = `${folder}/task/${id}`;
      const status = await readFile(`${task}/status`, 'utf8');
      const name = /^Name:\t(.*)$/m.exec(status)?.[1] ?? '';
      const [nanoseconds] = (await readFile(`${task}/schedstat`, 'utf8')).split(' ');
      const sleeps = Number(/^voluntary_ctxt_switches:\t(\d+)$/m.exec(status)?.[1]);
      return { name: `${name}/${id}`, cpuMs: Number(nanoseconds) / 1e6, sleeps };
    }),
  );
}

export async function readCpuMs(folder: string): Promise<number> {
  return sum((await readThreads(folder)).map(thread => thread.cpuMs));
}

/** In MiB. */
export async function readMemory(folder: string): Promise<Record<'Rss' | 'Pss' | 'Private_Dirty', number>> {
  const text = await readFile(`${folder}/smaps_rollup`, 'utf8');
  const read = (field: string) => Number(new RegExp(`^${field}: +(\\d+) kB$`, 'm').exec(text)?.[1]) / 1024;
  return { Rss: read('Rss'), Pss: read('Pss'), Private_Dirty: read('Private_Dirty') };
}

/** Forgets the peak so far; `readPeakMiB` then tells the one since. */
export async function resetPeak(folder: string): Promise<void> {
  await writeFile(`${folder}/clear_refs`, RESET_PEAK);
}

export async function readPeakMiB(folder: string): Promise<number> {
  const status = await readFile(`${folder}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
