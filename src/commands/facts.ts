import { makeDraft } from '../boot/draft.ts';
import { ask } from '../control/client.ts';
import { findOwnPlace } from '../control/places.ts';
import { LintelError } from '../errors.ts';
import type { Facts } from '../facts/facts.ts';
import type { Findings, GpuCheck } from '../facts/findings.ts';
import type { GpuFact } from '../facts/gpu.ts';
import type { Environment } from '../launch/environ.ts';
import { escapeLine, renderJson } from '../printable.ts';
import { chooseGpu } from '../tools/gpu.ts';
import { type Command, jsonFlag } from './command.ts';
import { hideSecrets } from './secrets.ts';

/** Prints what Lintel found on the machine. */
export const facts: Command = {
  name: 'facts',
  summary: 'print what Lintel finds on this machine',
  flags: [
    jsonFlag('{process, workbench, runtimeDir, cgroup, gpus, programs, initScripts, services, findings, …}'),
  ],
  details:
    'Changes nothing. No credentials are printed: of configuration files only place and length. Where Lintel runs, it adds what it found out after its start: whether the GPU can be used.',
  examples: [
    { line: 'lintel facts', does: 'user, limits, programs, scripts, services' },
    { line: 'lintel facts --json', does: 'all of it as JSON' },
  ],
  async run({ given, origin }) {
    const { settings, facts: found } = makeDraft(origin, [], findOwnPlace(origin.environment));
    const findings = await askForFindings(origin.environment);
    const text = given.has('--json')
      ? `${renderJson({ ...withoutTexts(found), findings }, 2)}\n`
      : renderFacts(found, renderGpu(chooseGpu(settings, found), findings.gpu));
    return { text, exitCode: 0 };
  },
};

/** Facts are also for an image in which no Lintel runs, and for users whom the running one does not answer. */
async function askForFindings(environment: Environment): Promise<Findings> {
  try {
    return await ask(environment, 'findings', { request: {} });
  } catch (error) {
    if (error instanceof LintelError) return {};
    throw error;
  }
}

/** Configuration files may hold credentials, and bundles are long: their place is a fact, their text is not printed. */
function withoutTexts(facts: Facts): object {
  const found = { ...facts, services: facts.services.map(hideSecrets) };
  return JSON.parse(
    JSON.stringify(found, (key, value) =>
      key === 'text' && typeof value === 'string' ? `${value.length} characters` : value,
    ),
  );
}

function renderFacts(found: Facts, gpu: string): string {
  const { process: self, cgroup, workbench, certificates } = found;
  const rows: readonly (readonly [string, string])[] = [
    [
      'process',
      `pid ${process.pid}${self.isPid1 ? ' (PID 1)' : ''}, uid ${self.uid}, gid ${self.gid}, groups ${self.groups.join(' ') || 'none'}`,
    ],
    ['capabilities', self.capabilities.join(' ') || 'none that Lintel uses'],
    ['no_new_privs', self.noNewPrivs ? 'yes' : 'no'],
    [
      'workbench user',
      `${workbench.user.name} (uid ${workbench.user.uid}, gid ${workbench.user.gid}, home ${workbench.user.home})`,
    ],
    ['runtime folder', found.runtimeDir],
    ['open files', `${self.openFiles.soft} of ${self.openFiles.hard}`],
    [
      'memory limit',
      cgroup.memoryLimitBytes === undefined
        ? 'none'
        : `${(cgroup.memoryLimitBytes / 2 ** 20).toFixed(0)} MiB${cgroup.isOomGroup ? ' (memory.oom.group: beyond it the whole container is killed, which nobody can explain)' : ''}`,
    ],
    ['processor limit', cgroup.cpuLimit === undefined ? 'none' : String(cgroup.cpuLimit)],
    ['GPU', gpu],
    [
      'programs',
      Object.entries(found.programs)
        .map(([name, path]) => `${name} ${path}`)
        .join(', ') || 'none',
    ],
    [
      'configuration',
      [
        ...new Set(
          Object.values(found.configs)
            .flat()
            .flatMap(config => (config?.text === undefined ? [] : config.path)),
        ),
      ].join(', ') || 'none',
    ],
    [
      'certificates',
      certificates.extra.length === 0
        ? 'the system’s only'
        : `${certificates.extra.length} of ${certificates.source}`,
    ],
    ['scripts', found.initScripts.map(({ name }) => name).join(', ') || 'none'],
    ['services', found.services.map(({ name, origin }) => `${name} (${origin})`).join(', ') || 'none'],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${escapeLine(value)}\n`).join('');
}

/** "nvidia, 2 (/dev/nvidia0, /dev/nvidia1, driver 550.54.14): NVIDIA A100-SXM4-80GB, NVIDIA A100-SXM4-80GB". */
function renderGpu(gpu: GpuFact | undefined, check: GpuCheck | undefined): string {
  if (gpu === undefined) return 'none';
  const { vendor, count, nodes, driver } = gpu;
  const evidence = [...nodes, ...(driver === undefined ? [] : [`driver ${driver}`])];
  const seen = `${vendor}, ${count}${evidence.length === 0 ? '' : ` (${evidence.join(', ')})`}`;
  if (check === undefined) return `${seen}: whether it can be used is not known yet`;
  if (check.trouble !== undefined) return `${seen}: can’t be used: ${check.trouble}`;
  return check.devices.length === 0 ? `${seen}: opens` : `${seen}: ${check.devices.join(', ')}`;
}
