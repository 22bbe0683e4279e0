import type { GpuVendor } from './gpu.ts';

/** What was found out after the start, by asking what may take long or never answer. */
export interface Findings {
  readonly gpu?: GpuCheck | undefined;
}

/** Whether the workbench user can use the GPU. */
export interface GpuCheck {
  readonly vendor: GpuVendor;
  /** Names of the GPUs and their parts as the driver has them; empty where it was not there to ask. */
  readonly devices: readonly string[];
  /** Why it can't be used, one sentence; absent when nothing speaks against it. */
  readonly trouble?: string | undefined;
}
