import { Counter, Gauge, Registry } from '@prometheus-io/client';
import { METRICS, type Metric, type MetricName, type Sample, type Samples } from './list.ts';
import type { Format } from './negotiation.ts';

export const CONTENT_TYPES = {
  classic: Registry.PROMETHEUS_CONTENT_TYPE,
  openMetrics: Registry.OPENMETRICS_CONTENT_TYPE,
} as const satisfies Record<Format, string>;

/**
 * The samples as text. A new registry each time: the client's own would keep what is gone, and renames its counters for
 * one of the two formats. A metric without samples is left out.
 */
export function renderSamples(samples: Samples, format: Format): Promise<string> {
  const registry = new Registry(CONTENT_TYPES[format]);
  for (const [name, metric] of Object.entries<Metric>(METRICS))
    register(registry, { name, ...metric }, samples[name as MetricName]);
  return registry.metrics();
}

function register(
  registry: Registry,
  { name, type, help, labels }: Metric & { readonly name: string },
  samples: readonly Sample[],
): void {
  if (samples.length === 0) return;
  const options = { name, help, labelNames: labels, registers: [registry] };
  if (type === 'counter') {
    const counter = new Counter(options);
    for (const sample of samples) counter.inc(sample.labels, sample.value);
  } else {
    const gauge = new Gauge(options);
    for (const sample of samples) gauge.set(sample.labels, sample.value);
  }
}
