import type { Growth, Layer } from '../environment.ts';
import type { Facts } from '../facts/facts.ts';
import type { Findings } from '../facts/findings.ts';
import type { Environment } from '../launch/environ.ts';
import type { Log } from '../log/log.ts';
import type { Plan } from '../plan.ts';
import type { Spawner } from '../processes/child.ts';
import type { Settings } from '../settings/settings.ts';
import type { User } from '../user.ts';

/** What a step knows: everything that has been decided so far. */
export interface StepSubject {
  readonly settings: Settings;
  readonly facts: Facts;
  readonly plan: Plan;
  /** What a program sees that it starts as Lintel's own user; as the workbench user see `makeEnvironment`. */
  readonly environment: Environment;
}

export interface StepContext extends StepSubject {
  readonly spawner: Spawner;
  /** Lintel's own user. */
  readonly self: User;
  readonly log: Log;
  /** Ends it early: a stop was asked for. */
  readonly stop: AbortSignal;
  readonly kill: AbortSignal;
  /** The workbench goes without what the step is for, which has been said. */
  giveUp(): void;
}

/** As a layer; its source is the step's name where it names none. */
export type StepGrowth = Growth & Partial<Pick<Layer, 'source' | 'isSecret'>>;

/** Something of a boot that takes time: a program to wait for, a server to ask, a folder to walk. */
export interface Step {
  readonly name: string;
  /** Whether there is anything to do. Asked at every boot, so it only looks at what is given. */
  isWanted(subject: StepSubject): boolean;
  /**
   * Says itself what it did and what it could not do: what a platform's variable asks for and can't be had is no reason
   * to keep somebody from their work. Throws a LintelError only where LINTEL_STRICT=1 makes it one; everything else is a
   * bug. Returns what it changes of the environment for everything after it.
   */
  run(context: StepContext): Promise<StepGrowth | undefined>;
}

/** Something that nobody waits for: it begins when services and CMD have been started, and is ended with them. */
export interface LateStep {
  readonly name: string;
  /** As a step's. */
  isWanted(subject: StepSubject): boolean;
  /** Says itself what is wrong, and returns what `lintel facts` shows of it. Rejects only for a bug. */
  run(context: StepContext): Promise<Findings>;
}
