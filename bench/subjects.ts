import { constants } from 'node:os';
import { execa } from 'execa';
import type { Files } from './image.ts';

/** What an init is given to do: services, of which program, and one-line scripts before them. */
export interface Workload {
  readonly services: number;
  readonly scripts: number;
  readonly program: 'service' | 'mortal' | 'orphans';
}

/** An init and the way its own users would give it that work. */
export interface Subject {
  readonly name: string;
  /** What has to be installed, unless we bring it. */
  readonly needs?: readonly string[];
  readonly command: readonly string[];
  readonly stopSignal: number;
  /** The `run` file of a service. */
  readonly run: (program: string) => string;
  readonly files?: (workload: Workload) => Files;
}

const { SIGTERM, SIGHUP } = constants.signals;
const RUN_SCRIPTS = 'for script in /etc/cont-init.d/*; do [ -x "$script" ] && "$script"; done';
/** The kernel itself executes the program: its first instruction is the service's. */
const bareRun = (program: string) => `#!/bench/${program}\n`;

export const lintel: Subject = { name: 'lintel', command: ['/init'], stopSignal: SIGTERM, run: bareRun };
export const floor: Subject = {
  name: 'floor (C)',
  command: ['/bench/floor'],
  stopSignal: SIGTERM,
  run: bareRun,
};

/** What Debian offers. None of these runs scripts first: a shell does, and becomes them. */
const peers: readonly Subject[] = [
  {
    name: 'tini + bash',
    needs: ['tini', 'bash', 'setpriv'],
    command: ['tini', '--', 'bash', '/etc/start.sh'],
    stopSignal: SIGTERM,
    run: bareRun,
    files: () => ({
      '/etc/start.sh': `${RUN_SCRIPTS}
trap 'kill $(jobs -p)' TERM
for run in /etc/services.d/*/run; do setpriv --reuid 1000 --regid 1000 --clear-groups "$run" & done
wait
wait
`,
    }),
  },
  {
    name: 's6',
    needs: ['s6-svscan', 's6-setuidgid'],
    command: ['/bin/sh', '-c', `${RUN_SCRIPTS}; exec s6-svscan /etc/services.d`],
    stopSignal: SIGTERM,
    run: program => `#!/bin/sh\nexec s6-setuidgid worker /bench/${program}\n`,
  },
  {
    // HUP is its word for "end the services too". It does not wait for them: the kernel ends them with the namespace.
    name: 'runit',
    needs: ['runsvdir', 'chpst'],
    command: ['/bin/sh', '-c', `${RUN_SCRIPTS}; exec runsvdir /etc/services.d`],
    stopSignal: SIGHUP,
    run: program => `#!/bin/sh\nexec chpst -u worker /bench/${program}\n`,
  },
  {
    name: 'supervisor',
    needs: ['supervisord'],
    command: ['/bin/sh', '-c', `${RUN_SCRIPTS}; exec supervisord -n -c /etc/supervisord.conf`],
    stopSignal: SIGTERM,
    run: bareRun,
    files: ({ services, program }) => ({
      '/etc/supervisord.conf': `[supervisord]\nuser=root\nlogfile=/dev/null\nlogfile_maxbytes=0\npidfile=/run/supervisord.pid
${serviceNames(services)
  .map(name => `[program:${name}]\ncommand=/bench/${program}\nuser=worker\nautorestart=true\n`)
  .join('')}`,
    }),
  },
];

/** The peers of this machine, and the names of those that it has not. */
export async function findPeers(): Promise<{
  readonly installed: readonly Subject[];
  readonly absent: readonly string[];
}> {
  const found = await Promise.all(
    peers.map(async ({ needs = [] }) => {
      const { failed } = await execa('which', [...needs], { reject: false });
      return !failed;
    }),
  );
  return {
    installed: peers.filter((_, index) => found[index]),
    absent: peers.filter((_, index) => !found[index]).map(peer => peer.name),
  };
}

/** The files of an image in which this init does this work. */
export function filesOf(subject: Subject, workload: Workload): Files {
  const runs = serviceNames(workload.services).map(name => [
    `/etc/services.d/${name}/run`,
    subject.run(workload.program),
  ]);
  const scripts = Array.from({ length: workload.scripts }, (_, index) => {
    return [`/etc/cont-init.d/${10 + index}-script`, '#!/bin/sh\necho "$0" >>/tmp/scripts\n'];
  });
  return { ...Object.fromEntries([...runs, ...scripts]), ...subject.files?.(workload) };
}

function serviceNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `service-${10 + index}`);
}
