import type { Facts } from '../facts/facts.ts';
import type { Environment } from '../launch/environ.ts';
import type { Log } from '../log/log.ts';
import { openLibc } from '../pid1/libc.ts';
import { startReaper } from '../pid1/reaper.ts';
import type { Spawner } from '../processes/child.ts';
import type { Gate } from '../processes/gate.ts';
import type { User } from '../user.ts';
import type { Draft } from './draft.ts';

/** What this process has to be before it starts another; undefined where it can't reap. */
export function prepareProcess(facts: Facts, log: Log, onReaped: () => void): Spawner['native'] {
  const libc = openLibc();
  if ('missing' in libc) {
    log.warn(
      `orphaned processes are not reaped: ${libc.missing}. Better start the container with the engine's --init`,
    );
    if (facts.setpriv === undefined && facts.process.uid === 0) {
      log.warn('there is no setpriv (util-linux) either: services run without their supplementary groups');
    }
    return undefined;
  }
  if (!facts.process.isPid1) libc.becomeSubreaper();
  if (facts.process.uid === 0) libc.dropInheritedCapabilities();
  return { libc, reaper: startReaper(libc, onReaped) };
}

/** Whatever is started from now on has the container's own limits. */
export function makeSpawner({ facts, plan }: Draft, native: Spawner['native'], gate: Gate): Spawner {
  const openFiles = { soft: plan.openFilesSoft, hard: facts.process.openFiles.hard };
  return { native, setpriv: facts.setpriv, uid: facts.process.uid, openFiles, gate };
}

/** Lintel's own user, whom scripts run as. */
export function makeSelf(facts: Facts, environment: Environment): User {
  const { uid, gid, groups } = facts.process;
  return { uid, gid, groups, name: String(uid), home: environment['HOME'] ?? '/', shell: '/bin/sh' };
}
