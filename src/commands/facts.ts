import { makeDraft } from '../boot/draft.ts';
import type { Facts } from '../facts/facts.ts';
import { type Command, JSON_FLAG } from './command.ts';
import { hideSecrets } from './secrets.ts';

/** Prints what Lintel found on the machine. */
export const facts: Command = {
  name: 'facts',
  summary: 'print what Lintel finds on this machine',
  flags: [JSON_FLAG],
  details: 'Changes nothing. No credentials are printed: of configuration files only place and length.',
  examples: [
    { line: 'lintel facts', does: 'user, limits, programs, scripts, services' },
    { line: 'lintel facts --json', does: 'all of it as JSON' },
  ],
  run({ given, origin }) {
    const found = makeDraft(origin, []).facts;
    const text = given.has('--json')
      ? `${JSON.stringify(withoutTexts(found), null, 2)}\n`
      : renderFacts(found);
    return { text, exitCode: 0 };
  },
};

/** Configuration files may hold credentials, and bundles are long: their place is a fact, their text is not printed. */
function withoutTexts(facts: Facts): unknown {
  const found = { ...facts, services: facts.services.map(hideSecrets) };
  return JSON.parse(
    JSON.stringify(found, (key, value) =>
      key === 'text' && typeof value === 'string' ? `${value.length} characters` : value,
    ),
  );
}

function renderFacts(found: Facts): string {
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
    [
      'programs',
      Object.entries(found.programs)
        .map(([name, path]) => `${name} ${path}`)
        .join(', ') || 'none',
    ],
    [
      'configuration',
      Object.values(found.configs)
        .flat()
        .flatMap(config => (config?.text === undefined ? [] : config.path))
        .join(', ') || 'none',
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
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('');
}
