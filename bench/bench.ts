/**
 * `npm run bench [-- --runs N] [--parts boot,logs] [--json] [--dist DIR]`: the speed budgets, beside bare node, a C
 * init that does the least an init can do, and what Debian offers. Ends with 0 when everything was measured, whatever
 * it was. Needs root, cc, unshare and overlayfs. On a noisy machine trust the ratios. See docs/bench.md.
 */
import { parseArgs } from 'node:util';
import { makeBootCases, makeCommandCases, makePlanCases, makeStubbornCases } from './boots.ts';
import { type Findings, makeLines } from './budgets.ts';
import { makeCliCases } from './cli.ts';
import { watchIdle } from './idle.ts';
import { openWorkshop } from './image.ts';
import { makeLogCases } from './log-path.ts';
import { makeOrphanCases } from './orphans.ts';
import { findPeers } from './peers.ts';
import { makeSettingsCases } from './settings.ts';
import { type Case, interleave, type Measurements } from './statistics.ts';
import { floor, lintel, lintelJson, lintelRoot } from './subjects.ts';
import { renderBoots, renderLines, renderLives, renderLogs, renderNoise, renderWakeups } from './tables.ts';
import { makeWorkbenchCases, measureWorkbenches } from './workbenches.ts';

const PARTS = ['boot', 'plan', 'settings', 'stop', 'logs', 'orphans', 'cli', 'idle', 'image'] as const;
type Part = (typeof PARTS)[number];

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '12' },
    parts: { type: 'string', default: PARTS.join(',') },
    json: { type: 'boolean', default: false },
    dist: { type: 'string', default: 'dist' },
  },
});

if (process.getuid?.() !== 0) throw new Error('Cannot bench: fresh namespaces with a second user need root');
const parts = parseParts(options.parts);
const runs = Number(options.runs);
/** What takes seconds is repeated less often. */
const fewRuns = Math.ceil(runs / 3);
await using workshop = await openWorkshop(options.dist);
const { installed, absent } = await findPeers();
const inits = [lintel, lintelRoot, floor, ...installed];
/** Where the manner of the services changes nothing, each init is asked once. */
const workbenches = inits.filter(init => init.manner === 'workbench');
const talkers = [lintel, lintelJson, ...workbenches.filter(init => init !== lintel)];

const measurements: Measurements = new Map([
  ...(await measure('boot', runs, () => makeBootCases(workshop, inits))),
  // A difference of two medians needs more of each to stand out from the noise.
  ...(await measure('plan', 4 * runs, () => makePlanCases(workshop))),
  ...(await measure('settings', runs, () => makeSettingsCases(workshop))),
  ...(await measure('stop', runs, () => makeCommandCases(workshop, installed))),
  ...(await measure('stop', fewRuns, () => makeStubbornCases(workshop, workbenches))),
  ...(await measure('logs', fewRuns, () => makeLogCases(workshop, talkers))),
  ...(await measure('orphans', fewRuns, () => makeOrphanCases(workshop, workbenches))),
  ...(await measure('cli', runs, () => makeCliCases(workshop))),
  ...(await measure('image', runs, makeWorkbenchCases)),
]);
const idle = parts.has('idle') ? await watchIdle(workshop, workbenches) : new Map();
const privateDirtyMiB = parts.has('image') ? await measureWorkbenches() : [];
print({ measurements, idle, privateDirtyMiB, absent });

async function measure(
  part: Part,
  count: number,
  makeCases: () => Promise<readonly Case[]>,
): Promise<Measurements> {
  return parts.has(part) ? interleave(part, await makeCases(), count) : new Map();
}

function parseParts(text: string): ReadonlySet<Part> {
  const wanted = text.split(',').map(name => {
    const part = PARTS.find(each => each === name);
    if (part === undefined)
      throw new Error(`Cannot bench "${name}": expected one or more of ${PARTS.join(', ')}`);
    return part;
  });
  return new Set(wanted);
}

function print(findings: Findings): void {
  const lines = makeLines(findings);
  if (options.json) return printJson(findings, lines);
  const names = inits.map(init => init.name);
  const sections = [
    [
      `Lintel as PID 1: ${runs} interleaved runs, from exec`,
      `${renderLines(lines)}\n${renderNoise(findings)}`,
    ],
    [
      'Threads of PID 1 that woke up in 10 idle seconds',
      renderWakeups(findings.idle, [lintel.name, 'bare node']),
    ],
    [
      'N services after K scripts: ms to the last service, and CPU; median and p95',
      renderBoots(findings, names),
    ],
    [
      'Ms from TERM to the end, of a stubborn service over its time; to a restart; 10,000 orphans',
      renderLives(findings, names),
    ],
    [
      '200 MB of 100-byte lines to a reader',
      renderLogs(
        findings,
        talkers.map(init => init.name),
      ),
    ],
  ];
  for (const [title, body] of sections) if (body?.trim()) console.log(`\n${title}\n${body}`);
  if (absent.length > 0) console.log(`\nnot installed here: ${absent.join('; ')}`);
}

function printJson(
  { measurements, idle, privateDirtyMiB, absent }: Findings,
  lines: ReturnType<typeof makeLines>,
): void {
  const [measured, watched] = [Object.fromEntries(measurements), Object.fromEntries(idle)];
  console.log(
    JSON.stringify({ lines, measurements: measured, idle: watched, privateDirtyMiB, absent }, null, 2),
  );
}
