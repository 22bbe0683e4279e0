import type { Stage } from '../../control/subject.ts';
import type { State } from '../../services/states.ts';
import type { BootRecord } from '../../timing/record.ts';

/**
 * Every metric of GET /metrics: docs/metrics.md is made from it too. Names as Prometheus wants them: base units, the unit
 * last, then _total for what only grows. Each label's values are few and known when the boot has ended: names of services,
 * scripts and steps, or words of a fixed list.
 */
export const METRICS = {
  lintel_info: gauge('1, with the version of Lintel.', ['version']),
  lintel_stage: gauge('1 for what the workbench does as a whole, else 0.', ['stage']),
  lintel_healthy: gauge('1 while all critical services are well, as /healthz says it, else 0.'),
  lintel_ready: gauge('1 while every service that should run is ready, as /readyz says it, else 0.'),

  lintel_service_state: gauge('1 for the state that the service is in, else 0.', ['service', 'state']),
  lintel_service_ready: gauge('1 while the service is ready, else 0.', ['service']),
  lintel_service_failing: gauge('1 while the service dies again and again, else 0.', ['service']),
  lintel_service_unhealthy: gauge('1 while the health probe of the service finds something wrong, else 0.', [
    'service',
  ]),
  lintel_service_critical: gauge('1 if the end of the service stops the container, else 0.', ['service']),
  lintel_service_restarts_total: counter('Starts of the service after its first, for whatever reason.', [
    'service',
  ]),
  lintel_service_deaths_total: counter(
    'How often the service died: it ended unasked, or its health probe had it stopped. The good end of a job is none.',
    ['service'],
  ),
  lintel_service_processes: gauge('Living processes of the service.', ['service']),
  lintel_service_resident_memory_bytes: gauge(
    'Resident memory of all processes of the service. What two of them share counts twice.',
    ['service'],
  ),
  lintel_service_cpu_seconds_total: counter(
    'User and system CPU time of all processes of the service, ended ones too. What an ended one had used since the scrape before is missing, unless a process of the service waited for it.',
    ['service'],
  ),

  lintel_boot_outcome: gauge('1 for how the boot went, else 0.', ['outcome']),
  lintel_boot_ready_seconds: gauge(
    'From the start of Lintel until all that should be ready was. Absent until then.',
  ),
  lintel_boot_span_seconds: gauge(
    'What a part of the boot took: a stage of Lintel, a step, a script, a service until it was ready, or its wait before. Absent while it goes on.',
    ['kind', 'name'],
  ),

  lintel_orphans_reaped_total: counter(
    'Processes that ended after their parents, whom Lintel had to reap. Absent where it can not.',
  ),
  lintel_log_lines_total: counter('Lines that services, scripts and Lintel itself have written.', ['source']),
  lintel_log_bytes_total: counter(
    'Bytes of these lines, with their newlines, without what Lintel puts around them.',
    ['source'],
  ),
  lintel_log_dropped_lines_total: counter('Lines that were dropped because nobody read the log.'),

  lintel_memory_limit_bytes: gauge('Limit of the memory of the container. Absent where there is none.'),
  lintel_memory_used_bytes: gauge(
    'Memory of the container that counts against its limit, the page cache too.',
  ),
  lintel_oom_kills_total: counter(
    'Processes of the container that the kernel killed because memory had run out.',
  ),

  process_cpu_seconds_total: counter('User and system CPU time of Lintel itself.'),
  process_resident_memory_bytes: gauge('Resident memory of Lintel itself.'),
  process_virtual_memory_bytes: gauge('Virtual memory of Lintel itself.'),
  process_start_time_seconds: gauge('When Lintel began, in seconds since 1970.'),
  process_open_fds: gauge('Open file descriptors of Lintel itself.'),
  process_max_fds: gauge('Most file descriptors that Lintel may open.'),
} as const satisfies Readonly<Record<string, Metric>>;

/** The words of labels that are no names, so that each has a sample. */
export const STAGES: readonly Stage['name'][] = ['booting', 'running', 'stopping'];
export const OUTCOMES: readonly BootRecord['outcome'][] = [
  'booting',
  'ready',
  'incomplete',
  'failed',
  'stopped',
];
export const STATES = Object.keys({
  down: true,
  failed: true,
  waiting: true,
  starting: true,
  up: true,
  backoff: true,
  stopping: true,
  killing: true,
  sweeping: true,
  finishing: true,
} satisfies Record<State['name'], true>) as readonly State['name'][];

export interface Metric {
  readonly type: 'gauge' | 'counter';
  /** One line without double quotes, which OpenMetrics wants to be escaped there. */
  readonly help: string;
  readonly labels: readonly string[];
}

export type MetricName = keyof typeof METRICS;

export interface Sample<Label extends string = string> {
  readonly labels: Readonly<Record<Label, string>>;
  readonly value: number;
}

/** What there is of each metric: nothing, where it is not known. */
export type Samples = {
  readonly [Name in MetricName]: readonly Sample<(typeof METRICS)[Name]['labels'][number]>[];
};

function gauge<const Labels extends readonly string[] = []>(help: string, labels?: Labels) {
  return { type: 'gauge', help, labels: labels ?? ([] as unknown as Labels) } as const;
}

function counter<const Labels extends readonly string[] = []>(help: string, labels?: Labels) {
  return { type: 'counter', help, labels: labels ?? ([] as unknown as Labels) } as const;
}
