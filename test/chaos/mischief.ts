import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { listBelow, listDescriptors } from './processes.ts';
import type { Chance } from './random.ts';
import { findService, hit, SOCKET, type Victim } from './victim.ts';
import { HTTP_PORT, NAMES, OPEN_FILES } from './workbench.ts';

/** Something bad that happens to a workbench, and is over when it resolves. */
export interface Mischief {
  readonly name: string;
  /** How often it is chosen, beside the others. */
  readonly weight: number;
  /** Rejects where it could not even be tried; says what was done. */
  act(victim: Victim, chance: Chance): Promise<string>;
}

/** For how long the ones that last do. Milliseconds. */
const SPELL_MS = 5000;
const CLI_LIMIT_MS = 60_000;
const DEADLY = ['SIGKILL', 'SIGKILL', 'SIGTERM', 'SIGSEGV', 'SIGINT', 'SIGABRT'] as const;

export const MISCHIEFS: readonly Mischief[] = [
  { name: 'kill a service', weight: 8, act: killService },
  { name: 'kill a child', weight: 8, act: killChild },
  { name: 'restart a service', weight: 5, act: restart },
  { name: 'stop and start', weight: 2, act: stopAndStart },
  { name: 'stop a process in its tracks', weight: 2, act: freeze },
  { name: 'flood the log', weight: 3, act: (victim, chance) => signalService(victim, chance, 'SIGUSR1') },
  { name: 'leave orphans', weight: 4, act: (victim, chance) => signalService(victim, chance, 'SIGUSR2') },
  { name: 'let a probe hang', weight: 2, act: (victim, chance) => signalService(victim, chance, 'SIGHUP') },
  { name: 'stall the reader', weight: 2, act: stallReader },
  { name: 'fill /run', weight: 2, act: fillRun },
  { name: 'take every descriptor', weight: 2, act: takeDescriptors },
  { name: 'let fork fail', weight: 2, act: refuseForks },
  {
    name: 'garbage on the socket',
    weight: 2,
    act: (victim, chance) => pester(victim, chance, `unix:${SOCKET}`),
  },
  { name: 'garbage by HTTP', weight: 2, act: (victim, chance) => pester(victim, chance, `tcp:${HTTP_PORT}`) },
  { name: 'watch and go', weight: 3, act: watchAndGo },
];

async function killService(victim: Victim, chance: Chance): Promise<string> {
  const [name, signal] = [chance.pick(NAMES), chance.pick(DEADLY)];
  const seen = await findService(victim, name);
  if (seen === undefined) return `${name} has no process`;
  hit(seen, signal);
  return `${name} ${signal}`;
}

/** Whatever is no service's own process: children, orphans, probes, clients. */
async function killChild(victim: Victim, chance: Chance): Promise<string> {
  const own = new Set((await victim.status()).services.map(({ pid }) => pid));
  const others = listBelow(victim.pid).filter(({ inside, isZombie }) => !own.has(inside) && !isZombie);
  if (others.length === 0) return 'nobody there';
  const [seen, signal] = [chance.pick(others), chance.pick(DEADLY)];
  hit(seen, signal);
  return `${seen.name}[${seen.inside}] ${signal}`;
}

async function restart(victim: Victim, chance: Chance): Promise<string> {
  const name = chance.pick(NAMES);
  return `${name} ${await victim.enter(['lintel', 'restart', name], CLI_LIMIT_MS)}`;
}

/** While others hold every connection nobody else gets through: a service that was stopped is not left so. */
async function stopAndStart(victim: Victim, chance: Chance): Promise<string> {
  const name = chance.pick(NAMES);
  const stopped = await victim.enter(['lintel', 'stop', name], CLI_LIMIT_MS);
  await sleep(chance.number(SPELL_MS));
  const line = `for count in $(seq 30); do lintel start ${name} && exit; sleep 2; done`;
  return `${name} ${stopped}; ${await victim.enter(['sh', '-c', line], 2 * CLI_LIMIT_MS)}`;
}

async function freeze(victim: Victim, chance: Chance): Promise<string> {
  const others = listBelow(victim.pid).filter(({ isZombie }) => !isZombie);
  if (others.length === 0) return 'nobody there';
  const seen = chance.pick(others);
  hit(seen, 'SIGSTOP');
  await sleep(SPELL_MS);
  hit(seen, 'SIGCONT');
  return `${seen.name}[${seen.inside}]`;
}

async function signalService(victim: Victim, chance: Chance, signal: NodeJS.Signals): Promise<string> {
  const name = chance.pick(NAMES);
  const seen = await findService(victim, name);
  // Before it is Python it would die of the signal, which is another mischief.
  if (seen?.name !== 'python3') return `${name} is not there yet`;
  hit(seen, signal);
  return name;
}

/** Fills what Lintel keeps of everybody's lines, which is bounded. */
export async function floodAll(victim: Victim): Promise<void> {
  for (const name of NAMES) {
    const seen = await findService(victim, name);
    if (seen?.name === 'python3') hit(seen, 'SIGUSR1');
  }
}

/** What a service with `kill: group` has left running at its restarts, whose output Lintel goes on reading. */
export async function killLeftovers(victim: Victim): Promise<void> {
  const own = new Set((await victim.status()).services.map(({ pid }) => pid));
  const left = listBelow(victim.pid).filter(
    ({ parent, inside }) => parent === victim.pid && !own.has(inside),
  );
  for (const seen of left) hit(seen, 'SIGKILL');
}

async function stallReader(victim: Victim): Promise<string> {
  victim.setReading(false);
  await sleep(2 * SPELL_MS);
  victim.setReading(true);
  return `${2 * SPELL_MS} ms`;
}

async function fillRun(victim: Victim, chance: Chance): Promise<string> {
  const fill = 'dd if=/dev/zero of=/run/full bs=1k count=9999 2> /dev/null';
  const line = `${fill} || :; lintel restart ${chance.pick(NAMES)}; sleep ${SPELL_MS / 1000}; rm /run/full`;
  return victim.enter(['sh', '-c', line], CLI_LIMIT_MS);
}

/** Its limit comes down to what is open, and clients hold the rest. */
async function takeDescriptors(victim: Victim): Promise<string> {
  const limitTo = (count: number) => execa('prlimit', ['--pid', String(victim.pid), `--nofile=${count}:`]);
  await limitTo(Math.max(...listDescriptors(victim.pid)) + 1);
  const hoard = ['/usr/bin/python3', '/srv/hoard.py', String(SPELL_MS / 1000), SOCKET, String(HTTP_PORT)];
  try {
    return await victim.enter(hoard, CLI_LIMIT_MS);
  } finally {
    await limitTo(OPEN_FILES);
  }
}

async function refuseForks(victim: Victim, chance: Chance): Promise<string> {
  const count = chance.number(3);
  victim.limits.allowMore(count);
  await sleep(SPELL_MS);
  victim.limits.allowAll();
  return `${count} more allowed`;
}

function pester(victim: Victim, chance: Chance, where: string): Promise<string> {
  const seed = String(chance.number(1e6));
  return victim.enter(
    ['/usr/bin/python3', '/srv/pest.py', seed, String(SPELL_MS / 1000), where],
    CLI_LIMIT_MS,
  );
}

async function watchAndGo(victim: Victim, chance: Chance): Promise<string> {
  const clients = ['lintel status --watch', 'lintel logs -f', `lintel logs -f ${chance.pick(NAMES)}`];
  const asked = chance.pick(clients);
  const line = `timeout -s ${chance.pick(['KILL', 'TERM', 'INT'])} 4 ${asked} | tail -c 50`;
  return `${asked}: ${await victim.enter(['sh', '-c', line], CLI_LIMIT_MS)}`;
}
