import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { NODE } from './clients.ts';
import { type ContainerOptions, fixtures, runContainer } from './container.ts';
import type { Mirror } from './mirror.ts';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where the operator's certificates lie, for PATH_TO_CA_BUNDLE. */
export const AUTHORITY_FILE = '/etc/platform/authority.pem';

/**
 * Boots Lintel in a container that has the mirror; its CMD runs these commands at the same time, as the workbench user.
 * Returns how each ended, and the boot's log.
 */
export async function tryCommands<Name extends string>(
  t: TestContext,
  mirror: Mirror,
  commands: Readonly<Partial<Record<Name, readonly string[]>>>,
  options: ContainerOptions,
): Promise<{ readonly outcomes: Readonly<Record<Name, Outcome>>; readonly log: string }> {
  const { code, stdout, stderr } = await runContainer(
    t,
    ['/init', NODE, '/srv/try-commands.ts', '/srv/commands.json'],
    {
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
