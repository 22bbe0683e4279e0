import { askHealth, askReadiness } from '../probes/asking.ts';
import type { ProbeContext, ProbeOutcome } from '../probes/probe.ts';
import { startProcess } from '../processes/child.ts';
import { makeGate } from '../processes/gate.ts';
import type { Entry, Questions } from './entry.ts';
import { environmentOf, type Surroundings, specOf } from './runs.ts';

/** What an answer means for the service's state machine. */
export type Verdict = (type: 'ready' | 'unhealthy', spawn: number) => void;

/**
 * Asks a service what its state asks for, and nothing else: whether it is ready while it starts, whether it is
 * healthy while it is up. Called after each step, as timers are armed. A service without probes costs nothing.
 */
export function keepAsking(entry: Entry, around: Surroundings, verdict: Verdict): void {
  const { service, questions } = entry;
  const kind = findKind(entry);
  if (questions?.kind === kind && questions?.spawn === service.spawn) return;
  questions?.controller.abort();
  entry.questions = undefined;
  if (kind === undefined) return;
  const controller = new AbortController();
  entry.questions = { spawn: service.spawn, kind, controller };
  const context = makeContext(entry, around, controller.signal);
  if (kind === 'ready') askWhetherReady(entry, context, verdict);
  else askWhetherHealthy(entry, context, verdict);
}

function findKind({ service, planned }: Entry): Questions['kind'] | undefined {
  const { ready, health } = planned.definition;
  if (service.state.name === 'starting' && ready !== undefined && !('notifyFd' in ready.probe))
    return 'ready';
  if (service.state.name === 'up' && health !== undefined) return 'health';
  return undefined;
}

function makeContext(entry: Entry, around: Surroundings, signal: AbortSignal): ProbeContext {
  // What a probe says goes to no log, so it waits for no reader of one.
  const spawner = { ...around.spawner, gate: makeGate() };
  return {
    environment: environmentOf(entry.planned, around),
    signal,
    start: (argv, output, onExit) =>
      startProcess(spawner, { ...specOf(entry, around, argv), output }, onExit),
  };
}

function askWhetherReady(entry: Entry, context: ProbeContext, verdict: Verdict): void {
  const { ready } = entry.planned.definition;
  if (ready === undefined || 'notifyFd' in ready.probe) return;
  const { spawn } = entry.service;
  const onOutcome = (outcome: ProbeOutcome) => {
    entry.illness = outcome.isOk ? undefined : outcome.why;
    entry.symptom = outcome.isOk ? undefined : outcome.symptom;
    if (outcome.isOk) verdict('ready', spawn);
  };
  askReadiness({ probe: ready.probe, context, intervalMs: ready.intervalMs, onOutcome });
}

function askWhetherHealthy(entry: Entry, context: ProbeContext, verdict: Verdict): void {
  const { health } = entry.planned.definition;
  if (health === undefined) return;
  const { spawn } = entry.service;
  let failures = 0;
  const onOutcome = (outcome: ProbeOutcome) => {
    if ('isStarved' in outcome) return;
    failures = outcome.isOk ? 0 : failures + 1;
    entry.symptom = outcome.isOk ? undefined : outcome.symptom;
    entry.illness = outcome.isOk
      ? undefined
      : `${outcome.why}${failures === 1 ? '' : ` (${failures} times in a row)`}`;
    if (failures >= health.failures) verdict('unhealthy', spawn);
  };
  askHealth({ probe: health.probe, context, intervalMs: health.intervalMs, onOutcome });
}
