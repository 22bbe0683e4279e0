import { constants } from 'node:os';
import { NODE, type Workshop } from './image.ts';
import { makeJob } from './jobs.ts';
import { type Job, type StoppedJob, start, theOne, timesOf } from './sandbox.ts';
import type { Case } from './statistics.ts';
import { lintel, type Subject, type Workload } from './subjects.ts';

const { SIGKILL } = constants.signals;
/** What the mission's four variables may hold. The mirrors need not answer: nobody asks them. */
const PLAN_VARIABLES = {
  PIP_REPOSITORY: 'https://mirror.example/pypi/simple',
  CONDA_REPOSITORY: 'https://mirror.example/conda/main',
  R_REPOSITORY: 'https://mirror.example/cran',
  PATH_TO_CA_BUNDLE: '/etc/private-ca.pem',
};
const ONE: Workload = { services: 1, scripts: 0, program: 'service' };

/** N services after K scripts. Of the small ones only the boot counts; the large ones settle, and are asked to stop. */
export const WORKLOADS = {
  'N1 K0': { ...ONE, isStopped: false },
  'N5 K5': { ...ONE, services: 5, scripts: 5, isStopped: false },
  'N20 K20': { ...ONE, services: 20, scripts: 20, isStopped: true },
  'N100 K0': { ...ONE, services: 100, isStopped: true },
} as const;

/** Every init with every workload, beside bare node. */
export async function makeBootCases(workshop: Workshop, inits: readonly Subject[]): Promise<readonly Case[]> {
  const boot = await makeJob(workshop, lintel, ONE, SIGKILL);
  const pairs = inits.flatMap(init => Object.entries(WORKLOADS).map(entry => [init, ...entry] as const));
  const boots = pairs.map(async ([init, name, workload]) => {
    const job = await makeJob(workshop, init, workload, workload.isStopped ? init.stopSignal : SIGKILL);
    return bootAndStop(workshop, `${init.name} ${name}`, job);
  });
  return [
    { name: 'bare node', run: () => timeToEnd(workshop, [NODE, '-e', '0'], boot.image) },
    { name: 'handlers', run: () => timeToHandlers(workshop, { ...boot, until: 'handlers' }) },
    ...(await Promise.all(boots)),
  ];
}

/** The same boot with nothing to configure and with everything: the difference is the plan. */
export async function makePlanCases(workshop: Workshop): Promise<readonly Case[]> {
  const boot = await makeJob(workshop, lintel, ONE, SIGKILL);
  return [
    bootAndStop(workshop, 'without plan', boot),
    bootAndStop(workshop, 'with plan', { ...boot, env: PLAN_VARIABLES }),
  ];
}

/** A service that ignores TERM: from ours to the end of PID 1, for every init that has a time for that. */
export async function makeStubbornCases(
  workshop: Workshop,
  inits: readonly Subject[],
): Promise<readonly Case[]> {
  const patient = inits.filter(init => init.stopTimeoutMs !== undefined);
  const cases = patient.map(async ({ stopTimeoutMs = 0, ...init }): Promise<Case> => {
    const job = await makeJob(workshop, init, { ...ONE, program: 'stubborn' });
    const run = async () => {
      const stamps = await (await start(workshop, job)).ended;
      const stop = theOne(stamps, 'end').ms - theOne(stamps, 'signal').ms;
      return { stop, late: stop - stopTimeoutMs };
    };
    return { name: `${init.name} stubborn`, run };
  });
  return Promise.all(cases);
}

/** From the end of a CMD that does nothing to the end of PID 1, which has to take over its exit code. */
export async function makeCommandCases(
  workshop: Workshop,
  peers: readonly Subject[],
): Promise<readonly Case[]> {
  const none = { services: 0, scripts: 0, program: 'service' } as const;
  const { image } = await makeJob(workshop, lintel, none);
  const withServices = await makeJob(workshop, lintel, { ...none, services: 5 });
  const inits: [string, readonly string[], string][] = [
    ['CMD', ['/init'], image],
    ['CMD beside 5 services', ['/init'], withServices.image],
  ];
  if (peers.some(peer => peer.name.startsWith('tini'))) inits.push(['CMD of tini', ['tini', '--'], image]);
  return inits.map(([name, init, layers]) => ({
    name,
    run: async () => {
      const job = { image: layers, command: [...init, '/bench/command'], until: 'end' } as const;
      const stamps = await (await start(workshop, job)).ended;
      const end = theOne(stamps, 'end');
      if (end.number !== 7)
        throw new Error(`Cannot trust "${name}": it ended with ${end.number}, expected the CMD's 7`);
      return { end: end.ms - theOne(stamps, 'command').ms };
    },
  }));
}

function bootAndStop(workshop: Workshop, name: string, job: StoppedJob): Case {
  const { services } = job.until;
  const run = async () => {
    const stamps = await (await start(workshop, job)).ended;
    const [first, last] = [theOne(stamps, 'service').ms, timesOf(stamps, 'service').at(services - 1)];
    if (last === undefined) throw new Error(`Cannot measure "${name}": it has not started all its services`);
    const cpu = stamps.find(stamp => stamp.name === 'cpu');
    return {
      first,
      last,
      stop: theOne(stamps, 'end').ms - theOne(stamps, 'signal').ms,
      ...(cpu === undefined ? {} : { cpu: cpu.number / 1000 }),
      // PID 1 is the only process before the first service, unless something else was started.
      pid: theOne(stamps, 'service').number,
      clients: timesOf(stamps, 'client').length,
    };
  };
  return { name, run };
}

async function timeToHandlers(workshop: Workshop, job: Job) {
  const stamps = await (await start(workshop, job)).ended;
  return { handlers: theOne(stamps, 'handlers').ms };
}

async function timeToEnd(workshop: Workshop, command: readonly string[], image: string) {
  const stamps = await (await start(workshop, { image, command, until: 'end' })).ended;
  return { end: theOne(stamps, 'end').ms };
}
