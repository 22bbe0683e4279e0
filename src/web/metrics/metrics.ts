import { readClockMs } from '../../clock.ts';
import type { Subject } from '../../control/subject.ts';
import { isStarved } from '../../processes/spare.ts';
import { makeUsageMeter, type Usage } from '../../processes/usage.ts';
import type { View } from '../view.ts';
import { CONTENT_TYPES, renderSamples } from './exposition.ts';
import type { Format } from './negotiation.ts';
import { readOwnUsage } from './own-usage.ts';
import { makeSamples } from './samples.ts';

/** What GET /metrics answers. */
export type Exposition = (
  view: View,
  format: Format,
) => Promise<{ readonly type: string; readonly body: string }>;

/** Scrapes that come within this time of each other share what was read of processes. Milliseconds. */
const SHARED_MS = 200;
/** A reading that takes long is shared for so many times as long: readings take no more than a twentieth of the time. */
const SHARED_FACTOR = 20;
const NOTHING: ReadonlyMap<string, Usage> = new Map();

export function makeExposition(subject: Subject): Exposition {
  const measure = makeUsageMeter();
  const readUsage = share(async () => {
    const supervisor = subject.supervisor();
    return supervisor === undefined ? NOTHING : measure(() => supervisor.roots()).catch(passOver);
  });
  return async (view, format) => {
    const usage = await readUsage();
    const samples = makeSamples(view, { usage, counts: subject.count(), own: readOwnUsage() });
    return { type: CONTENT_TYPES[format], body: await renderSamples(samples, format) };
  };
}

/** Where no descriptor is left to look with, the rest is told all the same. */
function passOver(error: unknown): typeof NOTHING {
  if (isStarved(error)) return NOTHING;
  throw error;
}

/** One at a time, and its result for everybody who asks while it goes on and shortly after. */
function share<T>(make: () => Promise<T>): () => Promise<T> {
  let shared: Promise<T> | undefined;
  let untilMs = Number.POSITIVE_INFINITY;
  return () => {
    if (shared !== undefined && readClockMs() < untilMs) return shared;
    const startMs = readClockMs();
    untilMs = Number.POSITIVE_INFINITY;
    shared = make().finally(() => {
      const tookMs = readClockMs() - startMs;
      untilMs = readClockMs() + Math.max(SHARED_MS, SHARED_FACTOR * tookMs);
    });
    return shared;
  };
}
