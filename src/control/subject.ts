import { readClockMs } from '../clock.ts';
import type { Layer } from '../environment.ts';
import type { MemoryUse } from '../facts/cgroup.ts';
import type { Findings } from '../facts/findings.ts';
import type { History } from '../log/history.ts';
import type { LogCounts } from '../log/log.ts';
import type { Note, Plan } from '../plan.ts';
import type { Supervisor } from '../services/supervisor.ts';
import type { BootRecord } from '../timing/record.ts';
import type { User } from '../user.ts';

/** What the workbench is doing as a whole. */
export type Stage =
  | { readonly name: 'booting'; readonly script?: string | undefined }
  | { readonly name: 'running' }
  | { readonly name: 'stopping'; readonly reason: string };

/** Who said what of the environment of the workbench user, who is the last to speak. */
export interface EnvironmentView {
  readonly layers: readonly Layer[];
  readonly user: User;
  /** What tools set, also elsewhere than in a variable. */
  readonly notes: readonly Note[];
}

/** What is counted beside the services. */
export interface Counts {
  readonly log: LogCounts;
  /** undefined where Lintel can't reap. */
  readonly orphans: number | undefined;
  readonly memory: MemoryUse;
}

/** What the control socket shows and changes: one running workbench, from the first script to the last process. */
export interface Subject {
  readonly startedMs: number;
  readonly history: History;
  stage(): Stage;
  /** What a new process of the workbench user gets, as far as the boot has come. */
  environment(): EnvironmentView;
  /** As far as the boot has come. */
  plan(): Plan;
  /** How the boot goes, or went. */
  record(): BootRecord;
  /** What has been found out since the start. */
  findings(): Findings;
  /** What has been counted since the start, and how the container's memory is now. */
  count(): Counts;
  /** undefined until the scripts have ended. */
  supervisor(): Supervisor | undefined;
  /** Calls back after each change of the stage or of a service; returns the way to end it. */
  watch(listener: () => void): () => void;
  /** Asks for an orderly stop, with that exit code if one is given. */
  shutdown(code: number | undefined): void;
}

/** The boot's side of it. */
export interface SubjectKeeper extends Subject {
  /** A workbench that stops does nothing else any more: later stages are ignored. */
  enter(stage: Stage): void;
  find(findings: Findings): void;
  attach(supervisor: Supervisor): void;
}

export function makeSubject(
  given: Pick<Subject, 'history' | 'shutdown' | 'environment' | 'plan' | 'record' | 'count'>,
): SubjectKeeper {
  const listeners = new Set<() => void>();
  let current: Stage = { name: 'booting' };
  let found: Findings = {};
  let attached: Supervisor | undefined;
  const tell = () => {
    for (const listener of listeners) listener();
  };
  const enter = (stage: Stage) => {
    if (current.name === 'stopping') return;
    current = stage;
    tell();
  };
  return {
    ...given,
    startedMs: readClockMs(),
    stage: () => current,
    findings: () => found,
    supervisor: () => attached,
    watch(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    enter,
    find(findings) {
      found = { ...found, ...findings };
    },
    attach(supervisor) {
      attached = supervisor;
      supervisor.watch(tell);
      enter({ name: 'running' });
    },
  };
}
