import { makeImage, type Workshop } from './image.ts';
import type { StoppedJob } from './sandbox.ts';
import { filesOf, type Subject, type Workload } from './subjects.ts';

/** How this init does that work, until it is stopped by its own word for it or, where only the boot counts, by KILL. */
export async function makeJob(
  workshop: Workshop,
  subject: Subject,
  workload: Workload,
  stopSignal = subject.stopSignal,
): Promise<StoppedJob> {
  const name = `${subject.name} ${workload.program} ${workload.services} ${workload.scripts}`;
  const image = await makeImage(workshop, name, filesOf(subject, workload));
  const { command, env = {} } = subject;
  return { image, command, env, until: { services: workload.services, stopSignal } };
}
