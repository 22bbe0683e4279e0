import { constants } from 'node:os';
import { execa } from 'execa';
import type { Files } from './image.ts';
import {
  bareServices,
  runFiles,
  STOP_TIMEOUT_MS,
  type Subject,
  serviceNames,
  type Workload,
} from './subjects.ts';

/**
 * What Debian offers, in two manners each: services as root whose output is PID 1's own, which is the least that it
 * can do, and services as uid 1000 whose output goes through its logger, which is what Lintel does. None of these
 * runs scripts first: a shell does, and becomes them.
 */

const { SIGTERM, SIGHUP } = constants.signals;
const RUN_SCRIPTS = 'for script in /etc/cont-init.d/*; do [ -x "$script" ] && "$script"; done';

/** The shell that runs the scripts and then is the init. */
function afterScripts(init: string): readonly string[] {
  return ['/bin/sh', '-c', `${RUN_SCRIPTS}; exec ${init}`];
}

const tini = {
  needs: ['tini', 'bash', 'setpriv'],
  command: ['tini', '--', 'bash', '/etc/start.sh'],
  stopSignal: SIGTERM,
};

function startScript(service: string): string {
  return `${RUN_SCRIPTS}
trap 'kill $(jobs -p)' TERM
for run in /etc/services.d/*/run; do ${service} & done
wait
wait
`;
}

const s6 = {
  needs: ['s6-svscan', 's6-setuidgid', 's6-log'],
  command: afterScripts('s6-svscan /etc/services.d'),
  stopSignal: SIGTERM,
  stopTimeoutMs: STOP_TIMEOUT_MS,
};

/** `timeout-kill` is there in every image: it says nothing about services that end on TERM. */
function s6Files(workload: Workload, run: string): Files {
  return { ...runFiles(workload, run), ...runFiles(workload, `${STOP_TIMEOUT_MS}\n`, 'timeout-kill') };
}

/** HUP is its word for "end the services too". It does not wait for them: the kernel ends them with the namespace. */
const runit = {
  needs: ['runsvdir', 'chpst', 'svlogd'],
  command: afterScripts('runsvdir /etc/services.d'),
  stopSignal: SIGHUP,
};

/**
 * Its shortest time for a stop is a second. A file for each stream: with redirect_stderr=true 4.2.5 takes ten
 * times as long to stop.
 */
const supervisor = {
  needs: ['supervisord'],
  command: afterScripts('supervisord -n -c /etc/supervisord.conf'),
  stopSignal: SIGTERM,
  stopTimeoutMs: 1000,
};

function supervisorFiles(workload: Workload, user: string): Files {
  const programs = serviceNames(workload).map(
    name => `[program:${name}]
command=/bench/${workload.program}
user=${user}
autorestart=true
${workload.program === 'stubborn' ? 'stopwaitsecs=1' : ''}
stdout_logfile=/dev/fd/1
stdout_logfile_maxbytes=0
stderr_logfile=/dev/fd/2
stderr_logfile_maxbytes=0
`,
  );
  const head =
    '[supervisord]\nuser=root\nlogfile=/dev/null\nlogfile_maxbytes=0\npidfile=/run/supervisord.pid\n';
  return { '/etc/supervisord.conf': `${head}${programs.join('')}` };
}

const PEERS: readonly (Subject & { readonly needs: readonly string[] })[] = [
  {
    ...tini,
    name: 'tini + bash, root, inherited',
    manner: 'root',
    files: workload => ({ ...bareServices(workload), '/etc/start.sh': startScript('"$run"') }),
  },
  {
    ...tini,
    name: 'tini + bash, uid 1000, no logger',
    manner: 'workbench',
    files: workload => ({
      ...bareServices(workload),
      '/etc/start.sh': startScript('setpriv --reuid 1000 --regid 1000 --clear-groups "$run"'),
    }),
  },
  {
    ...s6,
    name: 's6, root, inherited',
    manner: 'root',
    files: workload => s6Files(workload, `#!/bench/${workload.program}\n`),
  },
  {
    ...s6,
    name: 's6, uid 1000, s6-log',
    manner: 'workbench',
    files: workload => ({
      ...s6Files(workload, `#!/bin/sh\nexec 2>&1\nexec s6-setuidgid worker /bench/${workload.program}\n`),
      ...runFiles(workload, '#!/bin/sh\nexec s6-setuidgid worker s6-log 1\n', 'log/run'),
    }),
  },
  {
    ...runit,
    name: 'runit, root, inherited',
    manner: 'root',
    files: bareServices,
  },
  {
    // svlogd writes to folders; of its patterns, "e" says that a line goes to stderr, where we read it.
    ...runit,
    name: 'runit, uid 1000, svlogd',
    manner: 'workbench',
    files: workload => ({
      ...runFiles(workload, `#!/bin/sh\nexec 2>&1\nexec chpst -u worker /bench/${workload.program}\n`),
      ...runFiles(workload, '#!/bin/sh\nexec svlogd ./main\n', 'log/run'),
      ...runFiles(workload, '-*\ne*\n', 'log/main/config'),
    }),
  },
  {
    ...supervisor,
    name: 'supervisor, root, its pipe',
    manner: 'root',
    files: workload => supervisorFiles(workload, 'root'),
  },
  {
    ...supervisor,
    name: 'supervisor, uid 1000, its pipe',
    manner: 'workbench',
    files: workload => supervisorFiles(workload, 'worker'),
  },
];

/** The peers of this machine, and the programs that others would need. */
export async function findPeers(): Promise<{
  readonly installed: readonly Subject[];
  readonly absent: readonly string[];
}> {
  const found = await Promise.all(
    PEERS.map(async ({ needs }) => {
      const { failed } = await execa('which', needs, { reject: false });
      return !failed;
    }),
  );
  return {
    installed: PEERS.filter((_, index) => found[index]),
    absent: PEERS.filter((_, index) => !found[index]).map(peer => peer.name),
  };
}
