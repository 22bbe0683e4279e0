import { writeBootFile } from '../apply/boot-file.ts';
import { findNotReady, renderTroubles, tellStrangers } from '../control/judgements.ts';
import { hasFailed } from '../control/standing.ts';
import type { Log } from '../log/log.ts';
import type { Plan } from '../plan.ts';
import type { Entry } from '../services/entry.ts';
import { isSettled } from '../services/settled.ts';
import type { ServiceStatus } from '../services/status.ts';
import type { Supervisor } from '../services/supervisor.ts';
import type { BootRecord, Span } from '../timing/record.ts';
import { labelOf } from '../timing/waterfall.ts';
import { makeServiceTimes } from './service-times.ts';
import type { Timeline } from './timeline.ts';

/** Keeps the record of a boot until that has settled, and boot.json. */
export interface Journal {
  /** As it is now; once the boot is over, as it was then. */
  record(): BootRecord;
  /** The plan as it is now. From the first one on, the runtime folder is this boot's to write to. */
  follow(plan: Plan): void;
  /** As the supervisor's. */
  onChange(entry: Entry, nowMs: number): void;
  /** Those services run that could be started at once. */
  attach(supervisor: Supervisor): void;
  /** Nothing keeps the CMD from starting any more. */
  releaseCommand(): void;
  /** Services and CMD have been started. */
  onStarted(): void;
  /**
   * The workbench ends; where the boot was not over yet, it is now. `reason` holds no word of a program's; without it
   * the services tell.
   */
  end(outcome: 'failed' | 'stopped', reason?: string): void;
}

/** Names in one sentence. */
const MOST_NAMED = 5;

type Outcome = Pick<BootRecord, 'outcome' | 'tookMs'> & { readonly reason?: string | undefined };

export function makeJournal(given: {
  readonly timeline: Timeline;
  readonly log: Log;
  readonly version: string;
  /** Told once, of a boot that has settled. */
  readonly onSettled: (record: BootRecord) => void;
}): Journal {
  const { timeline, log, version, onSettled } = given;
  let times = makeServiceTimes();
  let plan: Plan | undefined;
  let supervisor: Supervisor | undefined;
  let unwatch: (() => void) | undefined;
  let isStarted = false;
  let isAsked = false;
  let final: BootRecord | undefined;

  const makeRecord = (outcome: Outcome): BootRecord => {
    const spans = [...timeline.spans(), ...times.spans()];
    return {
      format: 1,
      version,
      beganAt: timeline.beganAt,
      ...outcome,
      spans,
      reduced: findReduced(plan, spans),
    };
  };

  function write(): void {
    const failure = plan && writeBootFile(plan, record());
    if (failure !== undefined) log.warn(failure);
  }

  function close(outcome: Outcome): BootRecord {
    final = makeRecord(outcome);
    unwatch?.();
    timeline.close();
    times = makeServiceTimes();
    supervisor = undefined;
    return final;
  }

  /** In a turn of its own: when all of them have ended, so does the workbench, and no boot has settled. */
  function look(): void {
    if (isAsked || !isOver()) return;
    isAsked = true;
    const tookMs = timeline.atMs();
    setImmediate(() => {
      isAsked = false;
      if (!isOver()) return;
      const missing = renderMissing(supervisor?.look() ?? []);
      const outcome = missing === undefined ? 'ready' : 'incomplete';
      const settled = close({ outcome, tookMs, ...(missing === undefined ? {} : { reason: missing }) });
      write();
      onSettled(settled);
    });
  }

  function isOver(): boolean {
    if (final !== undefined || !isStarted || times.isAnyUnderway()) return false;
    return isSettled(supervisor?.look() ?? []);
  }

  function record(): BootRecord {
    return final ?? makeRecord({ outcome: 'booting', tookMs: timeline.atMs() });
  }

  return {
    record,
    follow(now) {
      plan = now;
    },
    onChange(entry, nowMs) {
      if (final === undefined) times.take(entry, timeline.atMs(nowMs));
    },
    attach(started) {
      supervisor = started;
      unwatch = started.watch(look);
    },
    releaseCommand() {
      // Said above what the CMD says.
      if (final === undefined && plan?.services.length === 0)
        onSettled(close({ outcome: 'ready', tookMs: timeline.atMs() }));
    },
    onStarted() {
      isStarted = true;
      // Those that have just been started are asked first whether they are ready. Without any, a CMD may end any moment.
      if (final === undefined) setImmediate(write);
      else write();
      look();
    },
    end(outcome, given) {
      if (final !== undefined) return;
      const reason = given ?? renderEnd(plan, supervisor?.look() ?? []);
      close({ outcome, tookMs: timeline.atMs(), reason });
      write();
    },
  };
}

/** Why a workbench ends of which nobody has asked that. */
function renderEnd(plan: Plan | undefined, services: readonly ServiceStatus[]): string {
  const failed = services.filter(hasFailed);
  const hasCommand = plan !== undefined && plan.command.length > 0;
  if (hasCommand && !failed.some(({ isCritical }) => isCritical)) return 'the CMD has ended';
  if (services.length === 0) return 'there is nothing to run: no CMD and no service';
  return renderMissing(failed) ?? 'no service runs any more';
}

/** "web (failed: exited with code 3), db (late to become ready: connection refused)"; undefined for nobody. */
function renderMissing(services: readonly ServiceStatus[]): string | undefined {
  const missing = findNotReady(services, tellStrangers);
  if (missing.length === 0) return undefined;
  const more = missing.length > MOST_NAMED ? ` and ${missing.length - MOST_NAMED} more` : '';
  return `${renderTroubles(missing.slice(0, MOST_NAMED))}${more}`;
}

/** What the container kept from the workbench, settings that could not be used, and what of the boot has failed. */
function findReduced(plan: Plan | undefined, spans: readonly Span[]): string[] {
  const failed = spans.filter(({ kind, isFailed }) => isFailed && kind !== 'service' && kind !== 'wait');
  return [
    ...(plan?.reduced ?? []),
    ...(plan?.problems.map(({ what }) => what) ?? []),
    ...failed.map(span => (span.kind === 'stage' ? `not all ${span.name} written` : labelOf(span))),
  ];
}
