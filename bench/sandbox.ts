import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import type { Workshop } from './image.ts';

const SANDBOX = join(import.meta.dirname, 'sandbox.sh');
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const TIME_LIMIT_MS = 60_000;
const POLL_MS = 50;
/** Long enough for every init to start what it was given. */
export const READY_LIMIT_MS = 20_000;

/** Something that happened: when, in milliseconds since PID 1 was executed, and the number that came with it. */
export interface Stamp {
  readonly name: string;
  readonly ms: number;
  readonly number: number;
}

export interface Job {
  /** The layer that `makeImage` made. */
  readonly image: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Whether PID 1 ends by itself, when it catches signals, or when a signal stops it after its services are up. */
  readonly until: 'end' | 'handlers' | { readonly services: number; readonly stopSignal: number };
}

export type StoppedJob = Job & { readonly until: { readonly services: number } };

/** PID 1 in namespaces of its own, which has been started and not yet ended. */
export interface Run {
  /** Inside it is /bench/out. */
  readonly directory: string;
  readonly stamps: () => Promise<readonly Stamp[]>;
  readonly ended: Promise<readonly Stamp[]>;
}

let runs = 0;

/** Starts the job's command as PID 1 of a fresh root. `ended` rejects with its output when it left no end. */
export async function start(workshop: Workshop, job: Job): Promise<Run> {
  const out = join(workshop.directory, `run-${runs++}`);
  await mkdir(out);
  await writeFile(join(out, 'stamps'), '');
  await chmod(join(out, 'stamps'), 0o666);
  const { until } = job;
  const watch =
    typeof until === 'string'
      ? [`until-${until}`, '0', '0']
      : ['stop', String(until.services), String(until.stopSignal)];
  const child = execa(
    'unshare',
    ['--mount', SANDBOX, workshop.base, job.image, out, ...watch, ...job.command],
    {
      env: { PATH, HOME: '/root', ...job.env },
      extendEnv: false,
      stdin: 'ignore',
      timeout: TIME_LIMIT_MS,
      reject: false,
      all: true,
    },
  );
  const stamps = async () => parseStamps(await readFile(join(out, 'stamps'), 'utf8'));
  const ended = child.then(async ({ all }) => {
    const seen = await stamps();
    if (seen.some(stamp => stamp.name === 'end')) return seen;
    const log = await readFile(join(out, 'log'), 'utf8').catch(() => '');
    throw new Error(`Cannot measure "${job.command.join(' ')}": it left no end.\n${all}\n${log}`);
  });
  return { directory: out, stamps, ended };
}

/** Ends a run that would not end by itself. An init whose services have all died may have ended before. */
export async function endRun(run: Run, pid: number): Promise<void> {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
  await run.ended;
}

/** Waits at most `limitMs` for `count` stamps of that name; returns what there is then. */
export async function awaitStamps(
  run: Run,
  name: string,
  { count, limitMs }: { count: number; limitMs: number },
) {
  for (let waitedMs = 0; waitedMs < limitMs; waitedMs += POLL_MS) {
    const stamps = await run.stamps();
    if (timesOf(stamps, name).length >= count) return stamps;
    await sleep(POLL_MS);
  }
  return run.stamps();
}

/** When things of this name happened, in order. */
export function timesOf(stamps: readonly Stamp[], name: string): number[] {
  return stamps.filter(stamp => stamp.name === name).map(stamp => stamp.ms);
}

/** The only stamp of this name. Throws when there is none: then the run did not do what it is measured for. */
export function theOne(stamps: readonly Stamp[], name: string): Stamp {
  const found = stamps.find(stamp => stamp.name === name);
  if (found === undefined)
    throw new Error(`Cannot find "${name}" among: ${stamps.map(stamp => stamp.name).join(' ')}`);
  return found;
}

function parseStamps(text: string): readonly Stamp[] {
  const lines = text
    .split('\n')
    .slice(0, -1)
    .map(line => line.split(' '));
  const started = BigInt(lines.find(([name]) => name === 'exec')?.[1] ?? 0);
  return lines
    .map(([name = '', time = '0', number = '0']) => {
      return { name, ms: Number(BigInt(time) - started) / 1e6, number: Number(number) };
    })
    .sort((a, b) => a.ms - b.ms);
}
