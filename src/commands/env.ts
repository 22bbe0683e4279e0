import { ask } from '../control/client.ts';
import type { ResponseOf } from '../control/routes.ts';
import { LintelError } from '../errors.ts';
import { escapeLine, renderJson } from '../printable.ts';
import { suggestName } from '../settings/suggest.ts';
import { type Command, type CommandContext, type CommandResult, jsonFlag } from './command.ts';
import { findVariable, listNames } from './variables.ts';

/** Shows the environment of the running workbench, and who set what of it. */
export const env: Command = {
  name: 'env',
  summary: 'show the environment of the workbench, and who set what',
  flags: [
    jsonFlag('{variables}; with explain {name, changes, instead?, meant?}'),
    { name: '--reveal', doc: 'show secrets too' },
  ],
  operands: { usage: '[explain NAME]', atMost: 2 },
  details:
    'What a new process of the workbench user sees, by name: the container’s variables and what the boot, its tools, steps and scripts made of them. Secrets are shown as ***, unless --reveal is given: variables whose name says so, and what came from Vault or a secret’s file. "explain" says which file, variable, tool or script set one, and what it replaced; exit code 1 when nobody did.',
  examples: [
    { line: 'lintel env --json', does: 'names, values and who set them, as JSON' },
    { line: 'lintel env explain PATH', does: 'who set this one, and what it was before' },
  ],
  run(context) {
    const [verb, name] = context.given.operands;
    if (verb === undefined) return list(context);
    if (verb !== 'explain')
      throw new LintelError(`Cannot use argument ${JSON.stringify(verb)}, expected explain NAME`, 2);
    if (name === undefined)
      throw new LintelError('Cannot explain: no variable is named, expected explain NAME', 2);
    if (context.given.has('--reveal'))
      throw new LintelError('Cannot use --reveal with explain, expected none', 2);
    return explain(context, name);
  },
};

async function list({ given, origin }: CommandContext): Promise<CommandResult> {
  const request = given.has('--reveal') ? { reveal: '1' as const } : {};
  const { variables } = await ask(origin.environment, 'environment', { request });
  const present = variables.flatMap(({ name, value, source, isSecret }) =>
    value === undefined ? [] : [{ name, value, source, isSecret }],
  );
  const text = given.has('--json')
    ? `${renderJson({ variables: present }, 2)}\n`
    : present.map(({ name, value }) => `${escapeLine(`${name}=${value}`)}\n`).join('');
  return { text, exitCode: 0 };
}

async function explain({ given, origin }: CommandContext, name: string): Promise<CommandResult> {
  const answer = await ask(origin.environment, 'explanation', { request: { variable: name } });
  const exitCode = answer.changes.length === 0 ? 1 : 0;
  if (given.has('--json')) return { text: `${renderJson(answer, 2)}\n`, exitCode };
  return { text: renderExplanation(answer), exitCode };
}

/**
 *     PIP_CERT=/run/lintel/ca-bundle.pem
 *       container set it to /etc/ssl/corporate.pem
 *       tool pip replaced that by /run/lintel/ca-bundle.pem
 */
function renderExplanation(answer: ResponseOf<'explanation'>): string {
  const { name, changes } = answer;
  const last = changes.at(-1);
  if (last === undefined) return renderAbsence(answer);
  const head = last.value === undefined ? `${name} is not set` : `${name}=${last.value}`;
  const lines = changes.map(({ source, value, replaced }) => {
    if (value === undefined) return `  ${source} took it away`;
    if (replaced === undefined) return `  ${source} set it to ${value || 'nothing'}`;
    return `  ${source} replaced that by ${value || 'nothing'}`;
  });
  return [head, ...lines].map(line => `${escapeLine(line)}\n`).join('');
}

/**
 *     PIP_INDEX_URL is not set: nobody set it
 *       tool pip has set that elsewhere: index https://mirror.example/simple (/etc/pip.conf)
 */
function renderAbsence({ name, instead, meant }: ResponseOf<'explanation'>): string {
  const isSetting = findVariable(name) !== undefined;
  const other = meant ?? (isSetting ? undefined : suggestName(name, listNames()));
  const lines = [
    `${name} is not set: nobody set it${other === undefined ? '' : `; perhaps ${other} is meant`}`,
    ...(instead === undefined ? [] : [`  tool ${instead.tool} has set that elsewhere: ${instead.text}`]),
    ...(isSetting ? [`  what it would do: lintel help ${name}`] : []),
  ];
  return lines.map(line => `${escapeLine(line)}\n`).join('');
}
