import { constants } from 'node:os';
import { makeImage, NODE, type Workshop } from './image.ts';
import { type Job, type StoppedJob, start, theOne, timesOf } from './sandbox.ts';
import type { Case } from './statistics.ts';
import { filesOf, floor, lintel, type Subject, type Workload } from './subjects.ts';

const { SIGKILL } = constants.signals;
/** What the mission's four variables may hold. The mirrors need not answer: nobody asks them. */
const PLAN_VARIABLES = {
  PIP_REPOSITORY: 'https://mirror.example/pypi/simple',
  CONDA_REPOSITORY: 'https://mirror.example/conda/main',
  R_REPOSITORY: 'https://mirror.example/cran',
  PATH_TO_CA_BUNDLE: '/etc/private-ca.pem',
};
const ONE: Workload = { services: 1, scripts: 0, program: 'service' };
const FIVE: Workload = { services: 5, scripts: 5, program: 'service' };
const TWENTY: Workload = { services: 20, scripts: 20, program: 'service' };

/** Everything that is measured again and again. */
export async function makeCases(workshop: Workshop, peers: readonly Subject[]): Promise<readonly Case[]> {
  const boot = await makeJob(workshop, lintel, ONE, SIGKILL);
  const same = [lintel, floor, ...peers].map(async subject => [
    bootAndStop(workshop, `${subject.name} N1 K0`, await makeJob(workshop, subject, ONE, SIGKILL)),
    bootAndStop(workshop, `${subject.name} N5 K5`, await makeJob(workshop, subject, FIVE, SIGKILL)),
    bootAndStop(workshop, `${subject.name} N20 K20`, await makeJob(workshop, subject, TWENTY)),
  ]);
  return [
    { name: 'bare node', run: () => timeToEnd(workshop, [NODE, '-e', '0'], boot.image) },
    { name: 'handlers', run: () => timeToHandlers(workshop, { ...boot, until: 'handlers' }) },
    ...(await Promise.all(same)).flat(),
    ...(await commandCases(workshop, peers)),
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

/** How this init does that work, until it is stopped by its own word for it or, where only the boot counts, by KILL. */
export async function makeJob(
  workshop: Workshop,
  subject: Subject,
  workload: Workload,
  stopSignal = subject.stopSignal,
): Promise<StoppedJob> {
  const name = `${subject.name} ${workload.program} ${workload.services} ${workload.scripts}`;
  const image = await makeImage(workshop, name, filesOf(subject, workload));
  return { image, command: subject.command, until: { services: workload.services, stopSignal } };
}

function bootAndStop(workshop: Workshop, name: string, job: StoppedJob): Case {
  const { services } = job.until;
  const run = async () => {
    const stamps = await (await start(workshop, job)).ended;
    const [first, last] = [theOne(stamps, 'service').ms, timesOf(stamps, 'service').at(services - 1)];
    if (last === undefined) throw new Error(`Cannot measure "${name}": it has not started all its services`);
    return {
      first,
      last,
      stop: theOne(stamps, 'end').ms - theOne(stamps, 'signal').ms,
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

/** From the end of a CMD that does nothing to the end of PID 1, which has to take over its exit code. */
async function commandCases(workshop: Workshop, peers: readonly Subject[]): Promise<Case[]> {
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
