/**
 * `npm run bench [-- --runs N] [--json] [--dist DIR]`: the speed budgets, beside bare node, a C init that does the
 * least an init can do, and what Debian offers. Ends with 0 when everything was measured, whatever it was.
 * Needs root, cc, unshare and overlayfs. On a noisy machine trust the ratios.
 */
import { parseArgs } from 'node:util';
import { makeCases, makeJob, makePlanCases } from './cases.ts';
import { countZombies, type Idle, measureIdle } from './idle.ts';
import { NODE, openWorkshop, type Workshop } from './image.ts';
import { type Findings, makeLines, renderLines, renderNoise, renderPeers, renderWakeups } from './report.ts';
import { interleave } from './statistics.ts';
import { findPeers, floor, lintel, type Subject } from './subjects.ts';

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '12' },
    json: { type: 'boolean', default: false },
    dist: { type: 'string', default: 'dist' },
  },
});

if (process.getuid?.() !== 0) throw new Error('Cannot bench: fresh namespaces with a second user need root');
await using workshop = await openWorkshop(options.dist);
const { installed, absent } = await findPeers();
const inits = [lintel, floor, ...installed];
const runs = Number(options.runs);
const measurements = new Map([
  ...(await interleave(await makeCases(workshop, installed), runs)),
  // A difference of two medians needs more of each to stand out from the noise.
  ...(await interleave(await makePlanCases(workshop), 4 * runs)),
]);
const idle = await watchIdle(workshop, inits);
const zombies = await leaveOrphans(workshop, inits);
print({ measurements, idle, zombies, absent });

/** All at once: nobody disturbs the others by doing nothing. Bare node comes later, or they would share its pages. */
async function watchIdle(workshop: Workshop, inits: readonly Subject[]): Promise<Map<string, Idle>> {
  process.stderr.write('idle for 10 s, twice\n');
  const work = { services: 20, scripts: 0, program: 'mortal' } as const;
  const watched = inits.map(async (init): Promise<[string, Idle]> => {
    const job = await makeJob(workshop, init, work);
    return [init.name, await measureIdle(workshop, { ...job, until: 'end' }, work.services)];
  });
  const idle = new Map(await Promise.all(watched));
  const { image } = await makeJob(workshop, lintel, { ...work, services: 0 });
  const command = [NODE, '-e', 'setInterval(() => {}, 2 ** 30)'];
  return idle.set('bare node', await measureIdle(workshop, { image, command, until: 'end' }, 0));
}

async function leaveOrphans(workshop: Workshop, inits: readonly Subject[]): Promise<Map<string, number>> {
  const zombies = new Map<string, number>();
  for (const init of inits) {
    process.stderr.write(`10,000 orphans below ${init.name}\n`);
    const job = await makeJob(workshop, init, { services: 1, scripts: 0, program: 'orphans' });
    zombies.set(init.name, await countZombies(workshop, { ...job, until: 'end' }));
  }
  return zombies;
}

function print(findings: Findings): void {
  const lines = makeLines(findings);
  if (options.json) {
    const plain = (map: ReadonlyMap<string, unknown>) => Object.fromEntries(map);
    const { measurements, idle, zombies } = findings;
    const numbers = {
      lines,
      measurements: plain(measurements),
      idle: plain(idle),
      zombies: plain(zombies),
      absent,
    };
    console.log(JSON.stringify(numbers, null, 2));
    return;
  }
  const names = inits.map(init => init.name);
  console.log(
    `\nLintel as PID 1: ${options.runs} interleaved runs, from exec\n${renderLines(lines)}\n${renderNoise(findings)}`,
  );
  console.log(`\nThreads of PID 1 that woke up in 10 idle seconds\n${renderWakeups(findings.idle)}`);
  console.log(
    `\nThe same work, N services after K scripts: ms to the last service\n${renderPeers(findings, names)}`,
  );
}
