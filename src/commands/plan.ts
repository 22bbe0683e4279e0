import { renderChange } from '../accounts/change.ts';
import { type Draft, makeDraft } from '../boot/draft.ts';
import { findOwnPlace } from '../control/places.ts';
import { explain } from '../environment.ts';
import { renderProblem } from '../errors.ts';
import type { Environment } from '../launch/environ.ts';
import type { Plan } from '../plan.ts';
import { escapeLine, renderJson } from '../printable.ts';
import { maskValue } from '../settings/secret-names.ts';
import { maskUrls } from '../settings/url.ts';
import { STEPS } from '../steps/list.ts';
import type { Step } from '../steps/step.ts';
import type { FileWrite } from '../tools/tool.ts';
import { type Command, jsonFlag } from './command.ts';
import { hideSecrets } from './secrets.ts';

/** Prints what a boot would do. Changes nothing. Exit code 1 when a boot would refuse to start. */
export const plan: Command = {
  name: 'plan',
  summary: 'print what a boot would do, and change nothing',
  flags: [jsonFlag('{problems, warnings, files, environment, steps, initScripts, services, …}')],
  operands: { usage: '[-- CMD…]', isBehindDashes: true },
  details: 'Exit code 1 when a boot would refuse to start. No credentials are printed.',
  examples: [
    { line: 'lintel plan', does: 'settings, files, steps, scripts and services of a boot without CMD' },
    { line: 'lintel plan --json -- python -m http.server', does: 'those of a boot with this CMD, as JSON' },
  ],
  run({ given, origin }) {
    const draft = makeDraft(origin, given.operands, findOwnPlace(origin.environment));
    const made = { ...maskPlan(draft.plan), steps: nameSteps(draft) };
    const exitCode = made.problems.some(problem => problem.fatal) ? 1 : 0;
    return { text: given.has('--json') ? `${renderJson(made, 2)}\n` : renderPlan(made), exitCode };
  },
};

type StepNames = Readonly<Record<keyof typeof STEPS, readonly string[]>>;

/** What takes time, as far as is known before the first of them has run. */
function nameSteps(draft: Draft): StepNames {
  const name = (steps: readonly Step[]) => steps.filter(step => step.isWanted(draft)).map(step => step.name);
  return {
    beforePlan: name(STEPS.beforePlan),
    besideScripts: name(STEPS.besideScripts),
    forServices: name(STEPS.forServices),
    afterScripts: name(STEPS.afterScripts),
  };
}

/** What is printed may end in a ticket: no credentials of a URL, whatever file or variable they go into. */
function maskPlan(made: Plan): Plan {
  return {
    ...made,
    files: made.files.map(file =>
      file.text === undefined ? file : { ...file, text: isSecret(file) ? '***' : maskUrls(file.text) },
    ),
    services: made.services.map(service => ({ ...service, definition: hideSecrets(service.definition) })),
    environment: maskAll(made.environment),
    layers: made.layers.map(layer => ({ ...layer, set: maskAll(layer.set) })),
  };
}

function maskAll(environment: Environment): Environment {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, maskValue(name, value)]),
  );
}

/** What only the workbench user may read is for no ticket. */
function isSecret({ mode, owner }: FileWrite): boolean {
  return owner === 'workbench' && (mode & 0o077) === 0;
}

function renderPlan(made: Plan & { readonly steps: StepNames }): string {
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ['Problems', made.problems.map(renderProblem)],
    ['Warnings', made.warnings],
    [
      'Workbench user',
      [`${made.user.name} (uid ${made.user.uid}, gid ${made.user.gid}, home ${made.user.home})`],
    ],
    ['Account', made.accountChange === undefined ? [] : [renderChange(made.accountChange)]],
    ['Tools', made.notes.map(({ tool, text }) => `${tool}: ${text}`)],
    ['Files', made.files.map(renderFile)],
    [
      'Variables added',
      Object.entries(made.environment).map(
        ([name, value]) => `${name}=${value} (${explain(made.layers, name).at(-1)?.source})`,
      ),
    ],
    ['Steps', renderSteps(made.steps)],
    ['Scripts', made.initScripts.map(({ path }) => path)],
    [
      'Services',
      made.services.map(
        ({ definition, user }) =>
          `${definition.name} as ${user.name}: ${definition.command.join(' ')}${definition.isDownAtStart ? ' (down until lintel start: its folder has a file "down")' : ''}`,
      ),
    ],
    ['Services not started', made.disabledServices.map(({ name, why }) => `${name}: ${why}`)],
    ['CMD', made.command.length === 0 ? [] : [made.command.join(' ')]],
  ];
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `${title}\n${lines.map(line => `  ${escapeLine(line)}\n`).join('')}`)
    .join('\n');
}

/** Nothing of the password's, which is set at every boot. */
function renderSteps({ beforePlan, besideScripts, afterScripts }: StepNames): string[] {
  const moments: readonly (readonly [string, readonly string[]])[] = [
    ['first, and what they bring may change this plan', beforePlan],
    ['beside the scripts', besideScripts],
    ['after the scripts', afterScripts],
  ];
  return moments.flatMap(([moment, names]) => (names.length === 0 ? [] : `${moment}: ${names.join(', ')}`));
}

function renderFile(file: FileWrite): string {
  const { path, text, encoding, mode, owner } = file;
  if (text === undefined) return `${path} (removed)`;
  const who = owner === 'workbench' ? "the workbench user's" : "Lintel's";
  const size = isSecret(file) ? 'secret' : `${Buffer.byteLength(text, encoding)} bytes`;
  return `${path} (${size}, mode ${mode.toString(8)}, ${who})`;
}
