import { readClockMs } from '../clock.ts';
import { findNotReady, findUnhealthy, type Trouble, tellStrangers } from '../control/judgements.ts';
import { isIll } from '../control/standing.ts';
import type { Stage, Subject } from '../control/subject.ts';
import type { Plan } from '../plan.ts';
import type { ServiceStatus } from '../services/status.ts';
import type { BootRecord } from '../timing/record.ts';
import { LINTEL_VERSION } from '../version.ts';

/**
 * What anybody may see of a workbench who can reach its port: no secret, no value of a variable, no line of a log, no
 * address. What is not in here, neither /metrics nor the status page can show.
 */
export interface View {
  readonly version: string;
  readonly upMs: number;
  /** Why it stops is not told: the reason may hold the last words of a service. */
  readonly stage: { readonly name: Stage['name']; readonly script?: string | undefined };
  /** Critical services that are not well. While the workbench stops there are none: nothing is to be ended early. */
  readonly unhealthy: readonly Trouble[];
  readonly isHealthy: boolean;
  /** Services that should be ready and are not. */
  readonly notReady: readonly Trouble[];
  /** The scripts are done, every service that should run is ready, and nobody has asked for a stop. */
  readonly isReady: boolean;
  /** Empty until the scripts have ended. */
  readonly services: readonly ServiceView[];
  readonly planned: PlannedView;
  readonly boot: BootRecord;
}

/** What a boot has before it, and what kept it from doing more. */
export interface PlannedView {
  readonly services: readonly Pick<ServiceStatus, 'name' | 'description'>[];
  readonly scripts: readonly string[];
  /** Names of variables and files that can't be used; never what stands there. */
  readonly problems: readonly string[];
}

export interface ServiceView
  extends Pick<
    ServiceStatus,
    | 'name'
    | 'description'
    | 'state'
    | 'isReady'
    | 'isFailing'
    | 'isLate'
    | 'isKeptDown'
    | 'isCritical'
    | 'forMs'
    | 'restartsInMs'
    | 'waitsFor'
    | 'requires'
    | 'after'
  > {
  /** How often it was started again. */
  readonly restarts: number;
  /** How often it has died of itself. */
  readonly deaths: number;
  /** It was ready, and its health probe finds something wrong. */
  readonly isIll: boolean;
  /** What its probe finds wrong: "connection refused". */
  readonly symptom: string | undefined;
  /** How its latest life ended by itself: "exited with code 3". */
  readonly lastEnd: string | undefined;
}

export function makeView(subject: Subject): View {
  const services = subject.supervisor()?.look() ?? [];
  const stage = subject.stage();
  const unhealthy = stage.name === 'stopping' ? [] : findUnhealthy(services, tellStrangers);
  const notReady = findNotReady(services, tellStrangers);
  return {
    version: LINTEL_VERSION,
    upMs: Math.round(readClockMs() - subject.startedMs),
    stage: stage.name === 'booting' ? stage : { name: stage.name },
    unhealthy,
    isHealthy: unhealthy.length === 0,
    notReady,
    isReady: stage.name === 'running' && notReady.length === 0,
    services: services.map(makeServiceView),
    planned: makePlannedView(subject.plan()),
    boot: subject.record(),
  };
}

function makePlannedView({ services, initScripts, problems }: Plan): PlannedView {
  return {
    services: services.map(({ definition: { name, description } }) => ({ name, description })),
    scripts: initScripts.map(({ name }) => name),
    problems: problems.map(({ what }) => what),
  };
}

/** Field by field: what is new in a status is not shown to strangers before somebody has thought about it. */
function makeServiceView(service: ServiceStatus): ServiceView {
  const { name, description, state, isReady, isFailing, isLate, isKeptDown } = service;
  const { isCritical, forMs, restartsInMs, waitsFor, requires, after } = service;
  const { spawn, deathCount, symptom, lastEnd } = service;
  return {
    name,
    description,
    state,
    isReady,
    isFailing,
    isLate,
    isKeptDown,
    isCritical,
    isIll: isIll(service),
    forMs,
    restarts: Math.max(0, spawn - 1),
    deaths: deathCount,
    restartsInMs,
    waitsFor,
    requires,
    after,
    symptom,
    lastEnd,
  };
}
