import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Sandbox, startSandbox } from '../../dev/sandbox.ts';

/** Where LINTEL_HTTP listens, in the container's own network. */
export const HTTP_PORT = 9100;
const API_PORT = 9101;
const ROOTS_PORT = 9102;
/** Room enough for a usual boot, and little to fill. */
const RUN_KIB = 1536;
/** A container with few descriptors: clients can take the last one. */
export const OPEN_FILES = 160;
const SCRIPTS = ['resident.py', 'pest.py', 'hoard.py'];

/** Ten services, each of another kind; all of them stay up when nobody does them harm. */
const SERVICES: Readonly<
  Record<string, { readonly args: string; readonly json?: object; readonly finish?: string }>
> = {
  api: {
    args: `--port ${API_PORT} --children 2`,
    json: {
      ready: { http: `http://127.0.0.1:${API_PORT}/` },
      health: { http: `http://127.0.0.1:${API_PORT}/`, intervalMs: 1000, failures: 3 },
      critical: true,
    },
  },
  deaf: { args: '--deaf --children 4', json: { stopTimeoutMs: 700 } },
  examined: {
    args: '--hang /tmp/examined',
    json: {
      health: {
        exec: ['sh', '-c', 'while [ -e /tmp/examined ]; do sleep 0.5; done'],
        intervalMs: 1000,
        failures: 2,
      },
    },
  },
  family: { args: '--children 6' },
  finished: { args: '', json: { successCodes: [0, 'SIGTERM'] }, finish: 'sleep 0.1; echo "finish $*"' },
  keeper: { args: '--children 3', json: { kill: 'group' } },
  notified: { args: '--notify 5', json: { ready: { notifyFd: 5 } } },
  plain: { args: '' },
  roots: {
    args: `--port ${ROOTS_PORT}`,
    json: { user: 'root', health: { tcp: ROOTS_PORT, intervalMs: 1000, failures: 3 } },
  },
  worker: { args: '--children 1', json: { requires: ['api'], after: ['family'] } },
};

export const NAMES = Object.keys(SERVICES);

/** Boots them all as root, in a network and with a small /run of their own. It begins when it reads a line. */
export function startWorkbench(dist: string): Sandbox {
  const prepare = [
    `mount -n -t tmpfs -o size=${RUN_KIB}k,mode=0755 none /run`,
    `ulimit -n ${OPEN_FILES}`,
    'read -r _',
    'exec /init < /dev/null',
  ];
  return startSandbox(['/bin/sh', '-euc', prepare.join('\n')], {
    dist,
    files: makeFiles(),
    environment: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/root',
      LINTEL_HTTP: `127.0.0.1:${HTTP_PORT}`,
      LINTEL_SERVICES: 'image',
    },
    buffer: false,
  });
}

function makeFiles(): Record<string, string> {
  const files: Record<string, string> = {};
  for (const name of SCRIPTS) files[`/srv/${name}`] = readFileSync(join(import.meta.dirname, name), 'utf8');
  for (const [name, { args, json = {}, finish }] of Object.entries(SERVICES)) {
    const folder = `/etc/services.d/${name}`;
    files[`${folder}/run`] = `#!/bin/sh\nexec /usr/bin/python3 -S -E /srv/resident.py ${args}\n`;
    files[`${folder}/service.json`] = JSON.stringify(json);
    if (finish !== undefined) files[`${folder}/finish`] = `#!/bin/sh\n${finish}\n`;
  }
  return files;
}
