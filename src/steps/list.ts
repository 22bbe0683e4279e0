import { clone } from './clone.ts';
import { gpu } from './gpu.ts';
import { homeTemplate } from './home-template.ts';
import { beforeNotebookHooks, startNotebookHooks } from './hooks.ts';
import { ownership } from './ownership.ts';
import { password } from './password.ts';
import { personalScript } from './personal-script.ts';
import { regionScript } from './region-script.ts';
import type { LateStep, Step } from './step.ts';
import { systemStore } from './system-store.ts';
import { vault } from './vault.ts';

/**
 * Every step, by its moment in the boot; within a moment one after the other, but for those beside the scripts, which
 * go on side by side.
 */
export const STEPS = {
  /** They may bring variables and files that decide what the plan will be, which is made anew after each of them. */
  beforePlan: [regionScript, vault, ownership, homeTemplate],
  /** The CMD waits for them, services and scripts don't. */
  besideScripts: [systemStore],
  /** Beside the scripts too; only services that say so wait for them. */
  forServices: [password],
  /** Those that LINTEL_ASYNC_INIT names go on after services and CMD have started. */
  afterScripts: [startNotebookHooks, clone, personalScript, beforeNotebookHooks],
} as const satisfies Record<string, readonly Step[]>;

/** What is found out when everything has been started; side by side. */
export const LATE_STEPS: readonly LateStep[] = [gpu];
