/**
 * `npm start`: boots this checkout's rootfs, cont-init.d and services.d, and the image author's layer in
 * examples/demo/rootfs, with Lintel as PID 1 of a throw-away root; where the machine allows no sandbox, as an
 * ordinary process below a temporary root. Needs neither root nor a container engine, and downloads nothing.
 */
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { styleText } from 'node:util';
import { maskUrls } from '../src/settings/url.ts';
import { bootDemo, type Demo, demoPath } from './demo.ts';
import type { SandboxKind } from './sandbox.ts';

const ADDRESS = '127.0.0.1';
const PAGE_PORT = 8888;
/** The page's port when Jupyter has the other. */
const SECOND_PORT = 8880;
const STATUS_PORT = 9180;
const JUPYTER_PROGRAMS = ['jupyter-lab', 'jupyter-notebook', 'jupyter-server'];
const ANSWER_TIMEOUT_MS = 30_000;
const PROBE_TIMEOUT_MS = 2_000;
const POLL_MS = 50;
/** A Ctrl-C reaches this process more than once: from the terminal, and from npm. That is one request. */
const ONE_REQUEST_MS = 500;

const KINDS: Readonly<Record<SandboxKind, string>> = {
  'root namespaces': 'PID 1 of a throw-away root (namespaces made by root)',
  'user namespaces': 'PID 1 of a throw-away root (user namespaces: no root needed, Lintel runs as uid 1000)',
  'ordinary process': 'an ordinary process below a temporary root (this machine allows no namespaces)',
};

interface Page {
  readonly name: string;
  readonly port: number;
  /** What answers without a login, and without a line in the service's log. */
  readonly probe: string;
}

process.exitCode = await start(findPages());

async function start(pages: readonly Page[]): Promise<number> {
  const taken = await findTaken(pages.map(page => page.port));
  if (taken !== undefined) {
    console.error(`Cannot boot the demo: port ${taken} of ${ADDRESS} is taken, expected it to be free.`);
    console.error('Another `npm start` or a Jupyter may be running: stop it and try again.');
    return 1;
  }
  const welcomePort = pages.find(page => page.name === 'welcome')?.port ?? PAGE_PORT;
  const demo = bootDemo({
    LINTEL_BIND: ADDRESS,
    LINTEL_HTTP: `${ADDRESS}:${STATUS_PORT}`,
    WELCOME_PORT: String(welcomePort),
  });
  introduce(demo);
  passSignalsOn(demo);
  const ended = new AbortController();
  const guided = guide(pages, demo, ended.signal);
  const exitCode = await demo.exitCode;
  ended.abort();
  await guided;
  console.log(`\n${bold('Lintel has ended')} with exit code ${exitCode}. Nothing of it is left.`);
  return exitCode;
}

/** The status page, and those of services. Jupyter is served where it is always looked for; the demo's own then moves. */
function findPages(): Page[] {
  const folders = demoPath().split(':');
  const hasJupyter = JUPYTER_PROGRAMS.some(name => folders.some(folder => existsSync(join(folder, name))));
  const welcome = { name: 'welcome', port: hasJupyter ? SECOND_PORT : PAGE_PORT, probe: '/' };
  const status = { name: 'status', port: STATUS_PORT, probe: '/healthz' };
  return hasJupyter
    ? [status, welcome, { name: 'jupyter', port: PAGE_PORT, probe: '/api' }]
    : [status, welcome];
}

async function findTaken(ports: readonly number[]): Promise<number | undefined> {
  for (const port of ports) if (!(await isFree(port))) return port;
  return undefined;
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, ADDRESS, () => server.close(() => resolve(true)));
  });
}

function introduce({ kind, settings }: Demo): void {
  console.log(`${bold('Booting a workbench')}: Lintel as ${KINDS[kind]}.`);
  console.log('  holds     rootfs, cont-init.d, services.d and examples/demo/rootfs of this checkout');
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${maskUrls(value)}`);
  console.log(`  settings  ${lines.join('\n            ')}\n`);
}

/** INT and TERM are one orderly stop; again later, and Lintel ends everything at once. */
function passSignalsOn(demo: Demo): void {
  let lastMs = Number.NEGATIVE_INFINITY;
  const stop = () => {
    const nowMs = performance.now();
    if (nowMs - lastMs < ONE_REQUEST_MS) return;
    lastMs = nowMs;
    // It may have ended by itself just now.
    demo.stop().catch(() => {});
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
}

/** Says where to look as soon as there is something to see. */
async function guide(pages: readonly Page[], demo: Demo, signal: AbortSignal): Promise<void> {
  const answers = await Promise.all(pages.map(page => waitForAnswer(page, signal)));
  const root = await demo.root().catch(() => undefined);
  if (signal.aborted || root === undefined) return;
  const lines = pages.map(({ name, port }, index) => {
    const hint = answers[index] ? '' : `  (no answer in ${ANSWER_TIMEOUT_MS / 1000} s: see its lines above)`;
    return `  ${name.padEnd(8)}  ${styleText('underline', `http://${ADDRESS}:${port}`)}${hint}`;
  });
  const hasTerminal = demo.kind === 'root namespaces' && existsSync('/usr/sbin/sshd');
  if (hasTerminal) lines.push(`  terminal  ssh -p 2222 lintel@${ADDRESS}`);
  const lintel = `LINTEL_ROOT=${root} dist/lintel.cjs`;
  const askers = [
    ...(pages.some(({ name }) => name === 'jupyter') ? ['jupyter'] : []),
    ...(hasTerminal ? ['terminal'] : []),
  ];
  if (askers.length > 0) lines.push(`  password  ${lintel} password  (for ${askers.join(' and ')})`);
  lines.push(
    `  control   ${lintel} status  (in another shell; analyze, logs -f, env, restart … too)`,
    '  stop      Ctrl-C',
  );
  console.log(`\n${bold('The workbench is up.')}\n${lines.join('\n')}\n`);
}

async function waitForAnswer(page: Page, ended: AbortSignal): Promise<boolean> {
  const deadlineMs = performance.now() + ANSWER_TIMEOUT_MS;
  while (!ended.aborted && performance.now() < deadlineMs) {
    const signal = AbortSignal.any([ended, AbortSignal.timeout(PROBE_TIMEOUT_MS)]);
    const url = `http://${ADDRESS}:${page.port}${page.probe}`;
    const isUp = await fetch(url, { signal, redirect: 'manual' }).then(
      response => response.status < 500,
      () => false,
    );
    if (isUp) return true;
    await sleep(POLL_MS, undefined, { signal: ended }).catch(() => {});
  }
  return false;
}

function bold(text: string): string {
  return styleText('bold', text);
}
