import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type BootOptions, type End, type Files, type Lintel, makeRoot, type Root } from '../rig.ts';

/** Runs on, and says so. */
export const LASTING = '#!/bin/sh\necho "$LINTEL_SERVICE runs"\nexec sleep 9999\n';
/** Ends badly, and stays down. */
export const DOOMED = '#!/bin/sh\necho "no good"\nexit 3\n';
/** Without a probe of its own, what a busy machine takes 200 ms to end would count as ready. */
export const UNREADY = { ready: { file: '/no/such' } };
export const NEVER = JSON.stringify({ restart: 'never', ...UNREADY });
/** Waits for `gate.open()`. */
export const AT_GATE = 'read -r line < "$LINTEL_ROOT/tmp/gate"\n';
/** The build that is tested, for shells that call it. */
export const PROGRAM = join(import.meta.dirname, '../../dist/lintel.cjs');
export const WAIT = ['ready', '--timeout', '50s'] as const;

export interface Workbench {
  readonly root: Root;
  readonly lintel: Lintel;
  /** Lets those go on who wait AT_GATE. */
  readonly gate: { open(): void };
  /** Runs a subcommand to its end. */
  run(args: readonly string[], options?: CliOptions): Promise<End>;
  /** Starts one that goes on. */
  start(args: readonly string[], options?: CliOptions): Lintel;
}

type CliOptions = Pick<BootOptions, 'environment' | 'uid' | 'isUnprivileged' | 'isUnread'>;

/** Boots a workbench, to be controlled by subcommands. It ends with the test. */
export function bootWorkbench(t: TestContext, files: Files, options: BootOptions = {}): Workbench {
  let lintel: Lintel | undefined;
  // Before the rig looks for what is left.
  t.after(async () => {
    lintel?.signal('SIGTERM');
    await lintel?.exitCode();
  });
  const root = makeRoot(t, files);
  const gate = root.gate('/tmp/gate');
  lintel = root.boot(options);
  const start = (args: readonly string[], given: CliOptions = {}) =>
    root.boot({ ...given, command: ['lintel', ...args] });
  return { root, lintel, gate, start, run: (args, given) => start(args, given).end() };
}

const ATTEMPTS = 50;

/** Probes take their time: asks again until the answer matches. */
export async function untilItSays(
  run: Workbench['run'],
  args: readonly string[],
  pattern: RegExp,
): Promise<End> {
  let end = await run(args);
  for (let attempt = 1; !pattern.test(end.stdout) && attempt < ATTEMPTS; attempt++) end = await run(args);
  return end;
}

/** Between the start of the first process and the socket lies a turn of Lintel's loop. */
export async function untilThere(run: Workbench['run'], args: readonly string[]): Promise<End> {
  let end = await run(args);
  for (let attempt = 1; end.code === 3 && attempt < ATTEMPTS; attempt++) end = await run(args);
  return end;
}

/** What the kernel shows of sockets that the server has accepted. */
export function countConnections(path: string): number {
  const CONNECTED = '03';
  const lines = readFileSync('/proc/net/unix', 'utf8').split('\n');
  return lines.filter(line => line.endsWith(` ${path}`) && line.split(/\s+/)[5] === CONNECTED).length;
}
