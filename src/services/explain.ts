import { type Exit, renderExit } from '../processes/exit.ts';
import type { MemoryKill } from './memory.ts';
import { makeDelayMs } from './restarts.ts';
import type { Service } from './states.ts';

const LAST_LINES = 5;

/** As `renderExit`, and "was killed by the kernel: out of memory (…)". */
export function renderEnd(exit: Exit, memory: MemoryKill | undefined): string {
  if (!('signal' in exit) || exit.signal !== 'SIGKILL' || memory === undefined) return renderExit(exit);
  return `was ${memory.isCertain ? '' : 'probably '}killed by the kernel: ${renderMemory(memory)}`;
}

/** "out of memory (limit 2 GiB, OOM kills counted: 0 -> 1)". */
function renderMemory({ limitBytes, before, after }: MemoryKill): string {
  const limit =
    limitBytes === undefined ? 'the machine’s, there is no limit' : `limit ${renderBytes(limitBytes)}`;
  return `out of memory (${limit}, OOM kills counted: ${before} -> ${after})`;
}

const MIB = 2 ** 20;

/** "2 GiB", "1.5 GiB", "512 MiB". */
function renderBytes(bytes: number): string {
  const [size, unit] = bytes >= 1024 * MIB ? [bytes / MIB / 1024, 'GiB'] : [bytes / MIB, 'MiB'];
  return `${Number(size.toFixed(2))} ${unit}`;
}

/** Of its arguments only how many: somebody may have put a secret there. */
export function renderCommand([program = '', ...args]: readonly string[]): string {
  if (args.length === 0) return program;
  return `${program} (with ${args.length} ${args.length === 1 ? 'argument' : 'arguments'})`;
}

/** What to do against it. */
export function renderShortage({ limitBytes }: MemoryKill): string {
  const more = limitBytes === undefined ? 'the machine has' : `its limit of ${renderBytes(limitBytes)}`;
  return `give the container more memory than ${more} (resources.limits.memory, docker run --memory), or let it use less`;
}

/** The kernel killed somebody else just before this end. */
export function renderOthers(memory: MemoryKill): string {
  return `the kernel killed a process of the container just then: ${renderMemory(memory)}`;
}

/** The kernel's victim was no service and no CMD: a child of one, such as a notebook's kernel. */
export function renderOthersKilled(memory: MemoryKill): string {
  const { before, after } = memory;
  const what = after - before === 1 ? 'a process' : `${after - before} processes`;
  return `the kernel killed ${what} of the container: ${renderMemory(memory)}; no service died of it`;
}

/** Why a service died, in parts: what may not be told to everybody, or is past by then, can be left out. */
export interface Death {
  /** "exited with code 3": without a word of a program's. */
  readonly end: string;
  /** `end`, with what else is known of why: "exited with code 127: there is no /opt/web". */
  readonly cause: string;
  /** What it said last, and what happened just then. */
  readonly remarks: readonly string[];
  /** What was to happen next when it died. */
  readonly next: string;
}

/** "web exited with code 3; its last lines: no disk; restarting in 0.25 s" */
export function renderDeath(name: string, { cause, remarks, next }: Death): string {
  return [`${name} ${cause}`, ...remarks, next].join('; ');
}

export function makeDeath(found: {
  readonly service: Service;
  readonly exit: Exit;
  /** Its latest output. */
  readonly tail: string;
  /** What else is known of why. */
  readonly hint?: string | undefined;
  readonly memory?: MemoryKill | undefined;
}): Death {
  const { service, exit, tail, hint, memory } = found;
  const said = tail
    .trimEnd()
    .split('\n')
    .slice(-LAST_LINES)
    .map(line => line.trim())
    .filter(line => line !== '');
  const isSilent = said.length === 0 || isPlainSuccess(exit);
  const wasItself = 'signal' in exit && exit.signal === 'SIGKILL';
  const end = renderEnd(exit, memory);
  return {
    end,
    cause: hint === undefined ? end : `${end}: ${hint}`,
    remarks: [
      ...(isSilent ? [] : [`its last lines: ${said.join(' / ')}`]),
      ...(memory === undefined || wasItself ? [] : [renderOthers(memory)]),
    ],
    next: renderNext(service),
  };
}

/** "restarting in 0.25 s", "restarting at once", "it stays down: failed", "it stays down". */
export function renderNext(service: Service): string {
  const { state } = service;
  const next = 'next' in state ? state.next.state : state.name;
  switch (next) {
    case 'backoff':
      return `restarting in ${(makeDelayMs(service) / 1000).toFixed(2)} s${renderCondition(service)}`;
    case 'starting':
      return `restarting at once${renderCondition(service)}`;
    case 'failed':
      return 'it stays down: failed';
    default:
      return 'it stays down';
  }
}

/** Its finish script has yet to be asked. What never began has nothing to finish. */
function renderCondition({ state, policy, lastExit }: Service): string {
  const isAsked = policy.hasFinish && 'next' in state && !(lastExit !== undefined && 'error' in lastExit);
  return isAsked ? ' unless its finish script answers 125' : '';
}

function isPlainSuccess(exit: Exit): boolean {
  return 'code' in exit && exit.code === 0;
}
