import type { BootRecord } from '../../timing/record.ts';
import { makeTicks } from '../../timing/ticks.ts';
import { makeWaterfall, type Row } from '../../timing/waterfall.ts';

const MOST_TICKS = 6;

/** What the page draws of a boot. */
export interface Drawing {
  readonly rows: readonly Row[];
  /** So many short ones were left out. */
  readonly hidden: number;
  readonly totalMs: number;
  /** Where lines of the scale stand. Milliseconds. */
  readonly ticksMs: readonly number[];
}

/** Of many rows those that matter most, in the order of time. */
export function makeDrawing(boot: BootRecord, most: number): Drawing {
  const { rows: all, totalMs } = makeWaterfall(boot);
  const kept = new Set(all.toSorted((one, other) => weigh(other) - weigh(one)).slice(0, most));
  const rows = all.filter(row => kept.has(row));
  return { rows, hidden: all.length - rows.length, totalMs, ticksMs: makeTicks(totalMs, MOST_TICKS) };
}

/** The record as it would be now, when so much time has passed since it was made. */
export function letPass(boot: BootRecord, passedMs: number): BootRecord {
  return boot.outcome === 'booting' ? { ...boot, tookMs: boot.tookMs + passedMs } : boot;
}

/** What goes on, has failed or was waited for is never left out for what only took long. */
function weigh({ tookMs, isOpen, isFailed, isCritical }: Row): number {
  return isOpen || isFailed || isCritical ? Number.MAX_SAFE_INTEGER : tookMs;
}
