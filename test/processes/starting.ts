import { once } from 'node:events';
import { constants } from 'node:os';
import type { TestContext } from 'node:test';
import { readProcess } from '../../src/facts/process.ts';
import { openLibc } from '../../src/pid1/libc.ts';
import { startReaper } from '../../src/pid1/reaper.ts';
import { type Child, type ProcessSpec, type Spawner, startProcess } from '../../src/processes/child.ts';
import type { Exit } from '../../src/processes/exit.ts';
import { makeGate } from '../../src/processes/gate.ts';

/** Starting real processes from the test itself, by the same function that everything in Lintel uses. */
export const SPAWNERS = [
  ['libc', makeSpawner(true)],
  ['child_process', makeSpawner(false)],
] as const;

function makeSpawner(isNative: boolean): Spawner {
  const libc = openLibc();
  if ('missing' in libc) throw new Error(libc.missing);
  const { uid, openFiles } = readProcess(undefined);
  return {
    native: isNative ? { libc, reaper: startReaper(libc, () => undefined) } : undefined,
    setpriv: undefined,
    uid,
    openFiles,
    gate: makeGate(),
  };
}

export const SELF = {
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
  groups: process.getgroups?.() ?? [],
  name: 'self',
  home: '/',
  shell: '/bin/sh',
} as const;

const LONG_MS = 1_000_000;

export interface Begun {
  /** undefined when it never began. */
  readonly child: Child | undefined;
  readonly ended: Promise<Exit>;
  /** What it has written to stdout so far. */
  output(): string;
  /** Waits until that matches. */
  waitForOutput(pattern: RegExp): Promise<void>;
}

/** Starts a process that ends with the test at the latest. */
export function begin(
  t: TestContext,
  spawner: Spawner,
  spec: Partial<ProcessSpec> & Pick<ProcessSpec, 'argv'>,
): Begun {
  const said = new EventTarget();
  let text = '';
  const { promise: ended, resolve } = Promise.withResolvers<Exit>();
  let isOver = false;
  // Children of libc's are nothing that Node knows to wait for.
  const alive = setInterval(() => undefined, LONG_MS);
  void ended.then(() => {
    isOver = true;
    clearInterval(alive);
  });
  const child = startProcess(
    spawner,
    {
      user: SELF,
      environment: { PATH: process.env['PATH'] ?? '' },
      cwd: '/',
      noNewPrivs: false,
      output: {
        onData(stream, data) {
          if (stream === 'stdout') text += data.toString();
          said.dispatchEvent(new Event('data'));
        },
        onEnd: () => undefined,
      },
      ...spec,
    },
    resolve,
  );
  t.after(async () => {
    if (child !== undefined && !isOver) process.kill(child.pid, constants.signals.SIGKILL);
    await ended;
  });
  return {
    child,
    ended,
    output: () => text,
    async waitForOutput(pattern) {
      while (!pattern.test(text)) await once(said, 'data');
    },
  };
}
