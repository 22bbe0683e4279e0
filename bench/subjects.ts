import { constants } from 'node:os';
import type { Files } from './image.ts';

/** What an init is given to do: services, of which program, and one-line scripts before them. */
export interface Workload {
  readonly services: number;
  readonly scripts: number;
  readonly program: 'service' | 'mortal' | 'orphans' | 'stubborn' | 'chatty' | 'operator';
}

/** An init and the way its own users would give it that work. */
export interface Subject {
  /** Who it is and how it does the work: "s6, uid 1000, s6-log". */
  readonly name: string;
  /** `workbench`: services as uid 1000 and their output through its logger. `root`: as cheap as it can. */
  readonly manner: 'root' | 'workbench';
  /** What has to be installed, unless we bring it. */
  readonly needs?: readonly string[];
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stopSignal: number;
  /** What every image of it needs for that work: the `run` files at least. */
  readonly files: (workload: Workload) => Files;
  /** Where it has one: its time for a service that ignores TERM, in milliseconds. */
  readonly stopTimeoutMs?: number;
}

const { SIGTERM } = constants.signals;
/** Short enough to wait for, long enough to stand out. */
export const STOP_TIMEOUT_MS = 300;

export const lintel: Subject = {
  name: 'lintel, uid 1000, its log',
  manner: 'workbench',
  command: ['/init'],
  stopSignal: SIGTERM,
  stopTimeoutMs: STOP_TIMEOUT_MS,
  files: workload => ({ ...bareServices(workload), ...patience(workload) }),
};
export const lintelJson: Subject = {
  ...lintel,
  name: 'lintel, uid 1000, its log as JSON',
  env: { LINTEL_LOG_FORMAT: 'json' },
};
/** What a service writes goes through its log in any case. */
export const lintelRoot: Subject = {
  ...lintel,
  name: 'lintel, root, its log',
  manner: 'root',
  env: { LINTEL_SERVICE_USER: 'root' },
};
/** The least that an init can do, with the ids that the budgets are about. */
export const floor: Subject = {
  name: 'floor (C), uid 1000, inherited',
  manner: 'workbench',
  command: ['/bench/floor'],
  stopSignal: SIGTERM,
  files: bareServices,
};

/** The kernel itself executes the program: its first instruction is the service's. */
export function bareServices(workload: Workload): Files {
  return runFiles(workload, `#!/bench/${workload.program}\n`);
}

/** The same file for every service; `place` is its path below the service's folder. */
export function runFiles(workload: Workload, text: string, place = 'run'): Files {
  return Object.fromEntries(serviceNames(workload).map(name => [`/etc/services.d/${name}/${place}`, text]));
}

/** The files of an image in which this init does this work. */
export function filesOf(subject: Subject, workload: Workload): Files {
  const scripts = Array.from({ length: workload.scripts }, (_, index) => {
    return [`/etc/cont-init.d/${10 + index}-script`, '#!/bin/sh\necho "$0" >>/tmp/scripts\n'];
  });
  return { ...Object.fromEntries(scripts), ...subject.files(workload) };
}

export function serviceNames({ services }: Workload): string[] {
  return Array.from({ length: services }, (_, index) => `service-${100 + index}`);
}

function patience(workload: Workload): Files {
  if (workload.program !== 'stubborn') return {};
  return runFiles(workload, JSON.stringify({ stopTimeoutMs: STOP_TIMEOUT_MS }), 'service.json');
}
