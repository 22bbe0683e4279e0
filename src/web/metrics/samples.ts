import type { Counts } from '../../control/subject.ts';
import { escapeLine } from '../../printable.ts';
import type { Usage } from '../../processes/usage.ts';
import type { Span } from '../../timing/record.ts';
import type { ServiceView, View } from '../view.ts';
import { OUTCOMES, type Sample, type Samples, STAGES, STATES } from './list.ts';
import type { OwnUsage } from './own-usage.ts';

export interface Measured {
  readonly counts: Counts;
  /** By service. */
  readonly usage: ReadonlyMap<string, Usage>;
  readonly own: OwnUsage;
}

/** More parts of a boot than any image has; a limit all the same. */
const MOST_SPANS = 1000;

/** What is shown of a workbench in numbers, fit for a terminal, from what anybody may see and what was measured. */
export function makeSamples(view: View, { counts, usage, own }: Measured): Samples {
  const { boot } = view;
  return {
    lintel_info: [{ labels: { version: view.version }, value: 1 }],
    lintel_stage: STAGES.map(stage => ({ labels: { stage }, value: flag(stage === view.stage.name) })),
    lintel_healthy: one(flag(view.isHealthy)),
    lintel_ready: one(flag(view.isReady)),
    ...makeServiceSamples(view.services, usage),
    lintel_boot_outcome: OUTCOMES.map(outcome => ({
      labels: { outcome },
      value: flag(outcome === boot.outcome),
    })),
    lintel_boot_ready_seconds: one(boot.outcome === 'ready' ? seconds(boot.tookMs) : undefined),
    lintel_boot_span_seconds: makeSpanSamples(boot.spans),
    ...makeCountSamples(counts, view.services),
    process_cpu_seconds_total: one(own.cpuSeconds),
    process_resident_memory_bytes: one(own.residentBytes),
    process_virtual_memory_bytes: one(own.virtualBytes),
    process_start_time_seconds: one(own.startedSeconds),
    process_open_fds: one(own.openFiles),
    process_max_fds: one(own.mostOpenFiles),
  };
}

function makeServiceSamples(services: readonly ServiceView[], usage: ReadonlyMap<string, Usage>) {
  const each = (of: (service: ServiceView) => number | undefined) =>
    services.flatMap(service => one(of(service)).map(({ value }) => sampleOf(service, value)));
  return {
    lintel_service_state: services.flatMap(({ name, state }) =>
      STATES.map(known => ({
        labels: { service: escapeLine(name), state: known },
        value: flag(state === known),
      })),
    ),
    lintel_service_ready: each(({ isReady }) => flag(isReady)),
    lintel_service_failing: each(({ isFailing }) => flag(isFailing)),
    lintel_service_unhealthy: each(({ isIll }) => flag(isIll)),
    lintel_service_critical: each(({ isCritical }) => flag(isCritical)),
    lintel_service_restarts_total: each(({ restarts }) => restarts),
    lintel_service_deaths_total: each(({ deaths }) => deaths),
    lintel_service_processes: each(({ name }) => usage.get(name)?.processes),
    lintel_service_resident_memory_bytes: each(({ name }) => usage.get(name)?.residentBytes),
    lintel_service_cpu_seconds_total: each(({ name }) => usage.get(name)?.cpuSeconds),
  };
}

function makeCountSamples({ log, orphans, memory }: Counts, services: readonly ServiceView[]) {
  // A service that has said nothing yet has said 0 lines: else nobody sees the rate of its first ones.
  const silent = services.map(({ name }) => [name, { lines: 0, bytes: 0 }] as const);
  const sources = [...new Map([...silent, ...log.sources])];
  return {
    lintel_orphans_reaped_total: one(orphans),
    lintel_log_lines_total: sources.map(([source, { lines }]) => ({
      labels: { source: escapeLine(source) },
      value: lines,
    })),
    lintel_log_bytes_total: sources.map(([source, { bytes }]) => ({
      labels: { source: escapeLine(source) },
      value: bytes,
    })),
    lintel_log_dropped_lines_total: one(log.droppedLines),
    lintel_memory_limit_bytes: one(memory.limitBytes),
    lintel_memory_used_bytes: one(memory.usedBytes),
    lintel_oom_kills_total: one(memory.kills),
  };
}

/** Parts of one name are one: no two samples may have the same labels. */
function makeSpanSamples(spans: readonly Span[]): Sample<'kind' | 'name'>[] {
  const byName = new Map<string, Sample<'kind' | 'name'>>();
  for (const { kind, name: given, startMs, endMs } of spans.slice(0, MOST_SPANS)) {
    if (endMs === undefined) continue;
    const name = escapeLine(given);
    const key = `${kind} ${name}`;
    const value = seconds((byName.get(key)?.value ?? 0) * 1000 + endMs - startMs);
    byName.set(key, { labels: { kind, name }, value });
  }
  return [...byName.values()];
}

/** Without digits that mean nothing. */
function seconds(ms: number): number {
  return Math.round(ms * 1000) / 1e6;
}

function sampleOf({ name }: ServiceView, value: number): Sample<'service'> {
  return { labels: { service: escapeLine(name) }, value };
}

/** The one sample of a metric without labels; none for what is not known. */
function one(value: number | undefined): Sample<never>[] {
  return value === undefined ? [] : [{ labels: {}, value }];
}

function flag(is: boolean): 0 | 1 {
  return is ? 1 : 0;
}
