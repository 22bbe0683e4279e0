import { writeFileSync } from 'node:fs';
import { renderCause } from '../errors.ts';

/**
 * Sets how readily the kernel kills a process when memory is short: -1000 (never) to 1000 (first). Returns a sentence
 * when that can't be had; a process that has ended meanwhile needs none.
 */
export function setOomScore(pid: number, adjustment: number): string | undefined {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, String(adjustment));
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    const hint = adjustment < 0 ? ' (less than the container’s own needs CAP_SYS_RESOURCE)' : '';
    return `its oomScoreAdj of ${adjustment} could not be set: ${renderCause(error)}${hint}`;
  }
}
