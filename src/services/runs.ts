import { readClockMs } from '../clock.ts';
import { makeServiceEnvironment, withoutLoader } from '../environment.ts';
import { isDirectory } from '../facts/files.ts';
import type { Environment } from '../launch/environ.ts';
import type { Log } from '../log/log.ts';
import { type ProcessSpec, type Spawner, startProcess } from '../processes/child.ts';
import { type Exit, renderExit } from '../processes/exit.ts';
import { makeLineReader } from '../processes/reading.ts';
import { startPatiently } from '../processes/retry.ts';
import { signalNumber } from '../processes/signals.ts';
import { killGroup, MARK } from '../processes/tree.ts';
import type { Entry } from './entry.ts';

/** What the processes of all services are started with. */
export interface Surroundings {
  readonly spawner: Spawner;
  /** The container's variables, and what the boot added to them. */
  readonly given: Environment;
  readonly added: Environment;
  readonly noNewPrivs: boolean;
  /** undefined for the container's. */
  readonly umask: number | undefined;
  readonly log: Log;
}

/** Starts what a service is. `onExit` as in `startProcess`; `onReady` where it says by a descriptor that it is ready. */
export function startRun(
  entry: Entry,
  around: Surroundings,
  { onExit, onReady }: { readonly onExit: (exit: Exit) => void; readonly onReady: () => void },
): void {
  entry.illness = undefined;
  entry.symptom = undefined;
  entry.startedMs = readClockMs();
  entry.firstMs ??= entry.startedMs;
  entry.mark = around.log.history.mark(entry.name);
  const { command, ready } = entry.planned.definition;
  const notify =
    ready !== undefined && 'notifyFd' in ready.probe ? { fd: ready.probe.notifyFd, onReady } : undefined;
  const child = startProcess(around.spawner, { ...specOf(entry, around, command), notify }, onExit);
  entry.child = child;
  if (child?.warning !== undefined)
    around.log.warn(`${entry.name}: ${child.warning}`, { service: entry.name });
}

export function signalRun(entry: Entry, signal: NodeJS.Signals): void {
  entry.child?.signal(signal);
}

/**
 * Starts its finish script with s6's arguments: the code or 256, the signal's number or 0, the service, its process
 * group. Calls back with its exit code, 256 for a signal, when nothing of it is left. It is all that tidies up after a
 * life, so it is tried again where no process or descriptor is left for it.
 */
export function startFinish(
  entry: Entry,
  around: Surroundings,
  { exit, onFinished }: { readonly exit: Exit; readonly onFinished: (code: number) => void },
): void {
  const { definition } = entry.planned;
  const { log } = around;
  const who = `the finish script of ${entry.name}`;
  const about = { service: entry.name };
  const [code, signal] = 'signal' in exit ? [256, signalNumber(exit.signal)] : [exit.code, 0];
  const words = [definition.finish ?? '', code, signal, definition.name, entry.child?.pid ?? 0];
  const spec = specOf(entry, around, words.map(String));
  entry.finish = startPatiently(around.spawner, spec, {
    onWait: error => log.warn(`${who} can't be started yet, it is tried again: ${error}`, about),
    onExit: ended => {
      if ('error' in ended) log.warn(`${who} ${renderExit(ended)}`, about);
      endFinish(entry);
      onFinished('code' in ended ? ended.code : 256);
    },
  });
}

/** A finish script and what it started: nothing of it outlives its time. */
export function endFinish({ finish }: Entry): void {
  finish?.giveUp();
  const child = finish?.child();
  if (child !== undefined) killGroup(child);
}

/** What `run` and `finish` of a service, and its probes, share. */
export function specOf(
  { name, planned }: Entry,
  around: Surroundings,
  [program = '', ...args]: readonly string[],
): ProcessSpec {
  const { definition, user } = planned;
  return {
    argv: [program, ...args],
    user,
    environment: environmentOf(planned, around),
    cwd: definition.cwd ?? (isDirectory(user.home) ? user.home : '/'),
    noNewPrivs: definition.noNewPrivs || around.noNewPrivs,
    umask: around.umask,
    openFilesSoft: definition.openFilesSoft,
    oomScoreAdj: definition.oomScoreAdj,
    output: makeLineReader({ kind: 'service', name }, around.log),
  };
}

export function environmentOf(
  { definition, user }: Entry['planned'],
  { given, added }: Pick<Surroundings, 'given' | 'added'>,
): Environment {
  const environment = { ...makeServiceEnvironment(given, added, user), ...definition.env };
  const isRoots = definition.origin === 'shipped' && definition.user === 'root' && user.uid === 0;
  return { ...(isRoots ? withoutLoader(environment) : environment), [MARK]: definition.name };
}
