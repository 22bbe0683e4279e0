import type { Workshop } from './image.ts';
import { makeJob } from './jobs.ts';
import { awaitStamps, endRun, READY_LIMIT_MS, start, theOne } from './sandbox.ts';
import type { Case } from './statistics.ts';
import { lintelRoot } from './subjects.ts';

/** The subcommands whose time counts. */
export const SUBCOMMANDS = ['version', 'help', 'status'] as const;
/** What native/program.c's operator types, in its order. */
const COMMANDS = ['node', ...SUBCOMMANDS] as const;
const LIMIT_MS = 10_000;

/**
 * What an operator waits for in a running container, as root: the start of bare node, and each subcommand. One that
 * this build does not have (it ends with another code than 0) is left out.
 */
export async function makeCliCases(workshop: Workshop): Promise<readonly Case[]> {
  const job = await makeJob(workshop, lintelRoot, { services: 1, scripts: 0, program: 'operator' });
  const run = async () => {
    const run = await start(workshop, { ...job, until: 'end' });
    await awaitStamps(run, 'service', { count: 1, limitMs: READY_LIMIT_MS });
    const stamps = await awaitStamps(run, 'answered', { count: COMMANDS.length, limitMs: LIMIT_MS });
    await endRun(run, theOne(stamps, 'pid').number);
    const asked = stamps.filter(stamp => stamp.name === 'asked');
    const answered = stamps.filter(stamp => stamp.name === 'answered');
    const times = COMMANDS.flatMap((command, index) => {
      const [question, answer] = [asked[index], answered[index]];
      const isKnown = question !== undefined && answer?.number === 0;
      return isKnown ? [[command, answer.ms - question.ms] as const] : [];
    });
    return Object.fromEntries(times);
  };
  return [{ name: 'cli', run }];
}
