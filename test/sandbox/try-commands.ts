import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { NODE } from './clients.ts';
import { type ContainerOptions, fixtures, runContainer } from './container.ts';
import type { Mirror } from './mirror.ts';

/** Four clients at a time, some of which compile what they install (milliseconds). */
const LIFE_LIMIT_MS = 180_000;

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface TryOptions extends ContainerOptions {
  /** Shell commands that come before Lintel, with its rights. */
  readonly before?: string;
}

/** Where the operator's certificates lie, for PATH_TO_CA_BUNDLE. */
export const AUTHORITY_FILE = '/etc/platform/authority.pem';

/**
 * Boots Lintel in a container that has the mirror; its CMD runs these commands, some at a time, as the workbench user.
 * Returns how each ended, and the boot's log.
 */
export async function tryCommands<Name extends string>(
  t: TestContext,
  mirror: Mirror,
  commands: Readonly<Partial<Record<Name, readonly string[]>>>,
  { before, ...options }: TryOptions,
): Promise<{ readonly outcomes: Readonly<Record<Name, Outcome>>; readonly log: string }> {
  const boot = ['/init', NODE, '/srv/try-commands.ts', '/srv/commands.json'];
  const { code, stdout, stderr } = await runContainer(
    t,
    before === undefined ? boot : ['/bin/sh', '-euc', `${before}\nexec "$@"`, 'sh', ...boot],
    {
      lifeLimitMs: LIFE_LIMIT_MS,
      ...options,
      files: {
        ...mirror.files,
        ...fixtures('try-commands.ts'),
        [AUTHORITY_FILE]: mirror.caPem,
        '/srv/commands.json': JSON.stringify(commands),
        ...options.files,
      },
    },
  );
  assert.equal(code, 0, stderr);
  return { outcomes: JSON.parse(stdout), log: stderr };
}

/** The last line of what a command printed must be the proof. */
export function assertProof(outcome: Outcome, proof: string): void {
  const { code, stdout, stderr } = outcome;
  assert.deepEqual({ code, proof: stdout.trim().split('\n').at(-1) }, { code: 0, proof }, stderr);
}
