import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { IMAGES, podman } from '../../dev/engine.ts';
import type { Neighbour } from './matrix-cells.ts';

/** Somebody else's processes in a pid namespace that Lintel is in too; one of them looks like a service's. */
export interface Beside {
  /** Options of `podman run` that bring a container there. */
  readonly flags: readonly string[];
  /** Throws unless they all still run. */
  readonly assertAlive: () => Promise<void>;
}

const PROCESSES = 'LINTEL_SERVICE=web sleep 98765 & exec sleep 98766';

export async function startNeighbour(t: TestContext, kind: Neighbour): Promise<Beside> {
  const name = `lintel-test-${randomUUID().slice(0, 8)}`;
  const pod = `${name}-pod`;
  // With whoever still is in there: it can't be removed alone.
  if (kind === 'pod') {
    t.after(() => podman(['pod', 'rm', '--force', '--time', '0', pod]));
    await podman(['pod', 'create', '--name', pod, '--share', 'pid', '--network', 'none']);
  } else t.after(() => podman(['rm', '--force', '--depend', '--time', '0', name]));
  const place = kind === 'pod' ? ['--pod', pod] : [];
  const start = ['--entrypoint', 'sh', '--no-healthcheck', '--network', 'none', IMAGES.base, '-c', PROCESSES];
  await podman(['run', '--detach', '--name', name, ...place, ...start]);
  return {
    flags: kind === 'pod' ? ['--pod', pod] : ['--pid', `container:${name}`],
    assertAlive: async () => {
      const { stdout } = await podman(['exec', name, 'sh', '-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" " "']);
      for (const process of ['sleep 98765', 'sleep 98766']) assert.match(String(stdout), new RegExp(process));
    },
  };
}
