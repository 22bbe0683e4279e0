/** `npm run pictures`: docs/pictures/status-terminal.svg, from a real workbench in a real terminal. Needs tmux. */
import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { renderTerminal } from './terminal-picture.ts';

const CHECKOUT = join(import.meta.dirname, '..');
const PROGRAM = join(CHECKOUT, 'dist/lintel.cjs');
const PICTURE = join(CHECKOUT, 'docs/pictures/status-terminal.svg');
const COLUMNS = 100;
const ROWS = 14;
const LIMIT_MS = 30_000;
const POLL_MS = 100;

/** A day in the life of a workbench: what one sees in it at a glance. */
const SERVICES: Readonly<Record<string, { readonly run: string; readonly json?: object }>> = {
  jupyter: { run: 'exec sleep 9999', json: { description: 'JupyterLab' } },
  'code-server': { run: 'exec sleep 9999' },
  postgres: { run: 'exec sleep 9999' },
  mlflow: { run: 'exec sleep 9999', json: { requires: ['postgres'] } },
  dashboard: { run: 'exec sleep 9999', json: { requires: ['volume'] } },
  volume: { run: 'exec sleep 9999', json: { ready: { file: '/srv/data/mounted' } } },
  'import-tables': { run: 'echo "KeyError: AWS_ACCESS_KEY_ID"; exit 1', json: { restart: 'never' } },
};

const root = await mkdtemp(join(tmpdir(), 'lintel-picture-'));
const environment = { PATH: process.env['PATH'] ?? '', HOME: join(root, 'home'), LINTEL_ROOT: root };
await makeRoot();
const lintel = spawn(PROGRAM, [], { env: environment, stdio: 'ignore' });
try {
  await waitUntil(async () => /import-tables +failed[\s\S]*mlflow +ready/.test(await lintelSays('status')));
  await lintelSays('stop', 'postgres', '--wait');
  await mkdir(dirname(PICTURE), { recursive: true });
  await writeFile(PICTURE, renderTerminal(await capture(), COLUMNS));
} finally {
  lintel.kill();
  await new Promise(resolve => lintel.once('exit', resolve));
  await rm(root, { recursive: true });
}

async function makeRoot(): Promise<void> {
  const { uid, gid } = userInfo();
  const [user, group] = uid === 0 ? [1000, 1000] : [uid, gid];
  await chmod(root, 0o755);
  await mkdir(join(root, 'etc'));
  await mkdir(join(root, 'tmp'), { mode: 0o1777 });
  await writeFile(join(root, 'etc/passwd'), `ada:x:${user}:${group}::${join(root, 'home')}:/bin/sh\n`);
  for (const [name, { run, json }] of Object.entries(SERVICES)) {
    const folder = join(root, 'etc/services.d', name);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'run'), `#!/bin/sh\n${run}\n`, { mode: 0o755 });
    if (json !== undefined) await writeFile(join(folder, 'service.json'), JSON.stringify(json));
  }
}

async function lintelSays(...args: readonly string[]): Promise<string> {
  const { stdout } = await execa(PROGRAM, ['lintel', ...args], { env: environment, reject: false });
  return stdout;
}

/** `lintel status` as a terminal of that size shows it, colours included. */
async function capture(): Promise<string> {
  const socket = join(root, 'tmp/tmux');
  const tmux = (...args: readonly string[]) =>
    execa('tmux', ['-u', '-S', socket, '-f', '/dev/null', ...args], { env: environment });
  const size = ['-x', String(COLUMNS), '-y', String(ROWS)];
  await tmux('new-session', '-d', ...size, `printf '$ lintel status\\n'; ${PROGRAM} lintel status; sleep 60`);
  try {
    let screen = '';
    await waitUntil(async () => {
      screen = (await tmux('capture-pane', '-p', '-e')).stdout;
      return screen.includes('volume');
    });
    return screen;
  } finally {
    await tmux('kill-server');
  }
}

async function waitUntil(look: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + LIMIT_MS;
  while (!(await look())) {
    if (performance.now() > deadlineMs) throw new Error(`Cannot take a picture: not within ${LIMIT_MS} ms`);
    await sleep(POLL_MS);
  }
}
