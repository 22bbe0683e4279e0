import type { BootRecord, Span } from '../../src/timing/record.ts';

/** A record in few words: what a table of a test is about, and the usual for the rest. */
export function makeRecord(
  outcome: BootRecord['outcome'],
  tookMs: number,
  spans: readonly Span[],
  rest: Partial<BootRecord> = {},
): BootRecord {
  return {
    format: 1,
    version: '1.2.3',
    beganAt: '2026-01-02T03:04:05.678Z',
    outcome,
    tookMs,
    spans,
    reduced: [],
    ...rest,
  };
}

type More = Partial<Span>;

export const stage = (name: string, startMs: number, endMs: number | undefined, more: More = {}): Span =>
  makeSpan('stage', name, [startMs, endMs], more);
export const step = (name: string, startMs: number, endMs: number | undefined, more: More = {}): Span =>
  makeSpan('step', name, [startMs, endMs], more);
export const script = (name: string, startMs: number, endMs: number | undefined, more: More = {}): Span =>
  makeSpan('script', name, [startMs, endMs], more);
export const service = (name: string, startMs: number, endMs: number | undefined, more: More = {}): Span =>
  makeSpan('service', name, [startMs, endMs], { isBeside: true, starts: 1, ...more });
export const wait = (
  name: string,
  [startMs, endMs]: readonly [number, number | undefined],
  waitedFor: readonly string[],
  more: More = {},
): Span => makeSpan('wait', name, [startMs, endMs], { isBeside: true, waitedFor, ...more });

function makeSpan(
  kind: Span['kind'],
  name: string,
  [startMs, endMs]: readonly [number, number | undefined],
  more: More,
): Span {
  return {
    kind,
    name,
    startMs,
    ...(endMs === undefined ? {} : { endMs }),
    isBeside: false,
    isFailed: false,
    ...more,
  };
}

/** Two stages, a script, the password beside it. Services start at 60. */
export const BEFORE: readonly Span[] = [
  stage('node', 0, 25),
  stage('files', 25, 40),
  step('password', 40, 48, { isBeside: true }),
  script('10-xdg', 40, 60),
];

/** A desktop: jupyter waits for xvfb, novnc is started after it, and the web for nobody. */
export const DESKTOP = makeRecord('ready', 2070, [
  ...BEFORE,
  service('xvfb', 60, 370),
  wait('jupyter', [60, 370], ['xvfb']),
  service('jupyter', 370, 2070),
  wait('novnc', [60, 62], ['web']),
  service('novnc', 62, 900),
  service('web', 61, 262, { starts: 3 }),
]);
