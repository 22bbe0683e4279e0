import { readClockMs } from '../clock.ts';
import type { PlannedService } from '../definitions/definitions.ts';
import type { Child } from '../processes/child.ts';
import type { Exit } from '../processes/exit.ts';
import type { Attempt } from '../processes/retry.ts';
import type { Leader } from '../processes/tree.ts';
import type { Death } from './explain.ts';
import type { MemoryKill } from './memory.ts';
import { type Effect, makeService, type Service } from './states.ts';

/** A service and the handles that its state machine must not know. */
export interface Entry {
  readonly name: string;
  readonly planned: PlannedService;
  service: Service;
  /** When it came into its state. Milliseconds. */
  sinceMs: number;
  /** Its latest process, and that of its finish script. */
  child: Child | undefined;
  finish: Attempt | undefined;
  sweep: { readonly wish: Extract<Effect, { type: 'sweep' }>; isSaid: boolean } | undefined;
  /** Its processes when an operator last stopped or restarted it. */
  known: readonly Leader[];
  timer: NodeJS.Timeout | undefined;
  questions: Questions | undefined;
  /** Where in the history its present life begins. */
  mark: number;
  /** When its first life and its present one began. Milliseconds; undefined before the first. */
  firstMs: number | undefined;
  startedMs: number | undefined;
  /** What was found out about its latest end. */
  autopsy: Autopsy | undefined;
  /** Why its latest life ended by itself. */
  death: Death | undefined;
  /** What its probe found wrong last, and that without addresses and without a word of the probe's. */
  illness: string | undefined;
  symptom: string | undefined;
  /** It needs the workbench user's password, which is not set yet. */
  isHeld: boolean;
  /** For whom it waited first, where it could not start at once. */
  waitedFor: readonly string[] | undefined;
  /** Of what it requires, the one that can never be ready. */
  blockedBy: string | undefined;
}

/** How a life of a service ended: what the reason of the container's end may need of it. */
export interface Autopsy {
  readonly exit: Exit;
  readonly livedMs: number;
  /** What the kernel killed just then. */
  readonly memory: MemoryKill | undefined;
  /** What else is known of why. */
  readonly hint: string | undefined;
  /** What it said last. */
  readonly lines: readonly string[];
}

/** The questions that a service is asked in one state of one life. */
export interface Questions {
  readonly spawn: number;
  readonly kind: 'ready' | 'health';
  readonly controller: AbortController;
}

export type Entries = ReadonlyMap<string, Entry>;

export function makeEntries(services: readonly PlannedService[]): Entries {
  return new Map(
    services.map(planned => {
      const { name, policy } = planned.definition;
      const entry: Entry = {
        name,
        planned,
        service: makeService(name, policy),
        sinceMs: readClockMs(),
        child: undefined,
        finish: undefined,
        sweep: undefined,
        known: [],
        timer: undefined,
        questions: undefined,
        mark: 0,
        firstMs: undefined,
        startedMs: undefined,
        autopsy: undefined,
        death: undefined,
        illness: undefined,
        symptom: undefined,
        isHeld: planned.definition.needsPassword,
        waitedFor: undefined,
        blockedBy: undefined,
      };
      return [name, entry];
    }),
  );
}
