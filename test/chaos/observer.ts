import { setTimeout as sleep } from 'node:timers/promises';
import { listBelow, readRssKiB } from './processes.ts';
import type { Victim } from './victim.ts';

/** What is seen of Lintel from outside, all the time. */
export interface Seen {
  /** The largest so far. */
  readonly mostRssKiB: number;
  /** How often a zombie was there in two looks one after the other. */
  readonly lastingZombies: number;
  readonly mostProcesses: number;
  /** The longest that an answer took, of those that came. Milliseconds. */
  readonly slowestMs: number;
  /** Questions without an answer. */
  readonly unanswered: number;
}

export interface Observer {
  seen(): Seen;
  /** Zombies that Lintel has now. */
  zombies(): number;
  end(): void;
}

const LOOK_MS = 1000;

export function observe(victim: Victim): Observer {
  const seen = { mostRssKiB: 0, lastingZombies: 0, mostProcesses: 0, slowestMs: 0, unanswered: 0 };
  let isOver = false;
  let before = new Set<number>();

  function look(): void {
    const all = listBelow(victim.pid);
    const zombies = all.filter(({ isZombie, parent }) => isZombie && parent === victim.pid);
    seen.lastingZombies += zombies.filter(({ pid }) => before.has(pid)).length;
    before = new Set(zombies.map(({ pid }) => pid));
    seen.mostProcesses = Math.max(seen.mostProcesses, all.length);
    seen.mostRssKiB = Math.max(seen.mostRssKiB, readRssKiB(victim.pid) ?? 0);
  }

  async function ask(): Promise<void> {
    const beganMs = performance.now();
    try {
      await victim.status();
      seen.slowestMs = Math.max(seen.slowestMs, Math.round(performance.now() - beganMs));
    } catch {
      if (!isOver) seen.unanswered += 1;
    }
  }

  async function keepLooking(): Promise<void> {
    while (!isOver) {
      look();
      await ask();
      await sleep(LOOK_MS);
    }
  }

  void keepLooking();
  return {
    seen: () => ({ ...seen }),
    zombies: () =>
      listBelow(victim.pid).filter(({ isZombie, parent }) => isZombie && parent === victim.pid).length,
    end() {
      isOver = true;
    },
  };
}
