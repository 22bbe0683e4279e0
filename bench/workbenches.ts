import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasImage, IMAGES, podman } from '../dev/engine.ts';
import { findFreePort } from '../dev/free-port.ts';
import { readMemory } from './processes.ts';
import type { Case } from './statistics.ts';

const TINI = '/usr/bin/tini';
const POLL_MS = 3;
const ANSWER_LIMIT_MS = 30_000;
const WORKBENCHES = 5;
/** The boot is over, and what it alone needed has been given back. */
const SETTLE_MS = 5000;

const START = {
  lintel: ['--env=LINTEL_SERVICES=jupyter', IMAGES.workbench],
  tini: [
    ...[`--volume=${TINI}:${TINI}:ro`, `--entrypoint=${TINI}`, '--user=1000:100', '--env=HOME=/home/lintel'],
    ...[IMAGES.workbench, '--', 'jupyter-notebook', '--no-browser', '--ip=0.0.0.0', '--port=8888'],
  ],
} as const;

export async function makeWorkbenchCases(): Promise<readonly Case[]> {
  if (!(await hasImage(IMAGES.workbench)))
    throw new Error('Cannot bench "image": there is no image, expected one of npm run test:container');
  return Object.entries(START).map(([name, given]) => ({
    name: `workbench: ${name}`,
    run: async () => ({ api: await measureStart(given) }),
  }));
}

/** From `podman start` to the first answer of Jupyter's API, in milliseconds. */
async function measureStart(given: readonly string[]): Promise<number> {
  const port = await findFreePort();
  const publish = `--publish=127.0.0.1:${port}:8888`;
  const { stdout } = await podman(['create', '--no-healthcheck', '--pull=never', publish, ...given]);
  const name = String(stdout).trim();
  try {
    const startMs = performance.now();
    await podman(['start', name]);
    while (!(await answers(port))) {
      if (performance.now() - startMs > ANSWER_LIMIT_MS)
        throw new Error('Cannot bench: Jupyter never answers');
      await sleep(POLL_MS);
    }
    return performance.now() - startMs;
  } finally {
    await podman(['rm', '--force', '--time', '0', name]);
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    request({ host: '127.0.0.1', port, path: '/api', agent: false }, response => {
      response.resume();
      resolve(response.statusCode === 200);
    })
      .on('error', () => resolve(false))
      .end();
  });
}

/** Private_Dirty of PID 1 of each of several workbenches that run side by side, in MiB. */
export async function measureWorkbenches(): Promise<readonly number[]> {
  const names: string[] = [];
  try {
    for (let count = 0; count < WORKBENCHES; count++) {
      const { stdout } = await podman([
        'run',
        '--detach',
        '--no-healthcheck',
        '--network=none',
        ...START.lintel,
      ]);
      names.push(String(stdout).trim());
    }
    await sleep(SETTLE_MS);
    const { stdout } = await podman(['inspect', '--format', '{{.State.Pid}}', ...names]);
    const pids = String(stdout).trim().split('\n');
    return (await Promise.all(pids.map(pid => readMemory(`/proc/${pid}`)))).map(
      memory => memory.Private_Dirty,
    );
  } finally {
    for (const name of names) await podman(['rm', '--force', '--time', '0', name]);
  }
}
