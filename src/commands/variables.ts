import type { Variable } from '../settings/variable.ts';
import { SECRETS, TOPICS } from '../settings/variables.ts';
import { renderBelow, renderEntries, renderParagraph } from './layout.ts';
import type { Terminal } from './terminal.ts';

interface Found extends Variable<unknown> {
  readonly topic: string;
}

/** Every name of a setting. */
export function listNames(): string[] {
  return listVariables().flatMap(({ names }) => names);
}

export function findVariable(name: string): Found | undefined {
  return listVariables().find(({ names }) => names.includes(name));
}

/** As data: what `lintel help --json` shows of one, or of all. */
export function describeVariables(name?: string): object[] {
  const wanted =
    name === undefined ? listVariables() : listVariables().filter(({ names }) => names.includes(name));
  return wanted.map(({ names, topic, doc, expected, isSecret, owner }) => ({
    names,
    topic,
    doc,
    expected,
    isSecret: isSecret === true,
    stopsBoot: owner === 'lintel',
  }));
}

/** `lintel help variables`: by topic, each with its doc. */
export function renderTopics(terminal: Terminal): string {
  const topics = [...new Set(listVariables().map(({ topic }) => topic))];
  const sections = topics.flatMap(title => {
    const own = listVariables().filter(({ topic }) => topic === title);
    return [
      `${title}:`,
      ...renderBelow(
        own.map(({ names, doc }) => [names.join(', '), doc]),
        terminal,
      ),
      '',
    ];
  });
  return [
    ...sections,
    ...renderParagraph(
      'An empty value counts as an absent one. Defaults may stand in /etc/lintel/lintel.env and /etc/lintel/env.d/*.env; the real environment wins. lintel help NAME says what is expected.',
      terminal,
    ),
    '',
  ].join('\n');
}

/** `lintel help NAME`: all that is known of one variable. */
export function renderVariable(
  { names, topic, doc, expected, isSecret, owner }: Found,
  terminal: Terminal,
): string {
  const file = names.filter(name => SECRETS.includes(name)).map(name => `${name}_FILE`);
  const rows: readonly (readonly [string, string])[] = [
    ['expected', expected],
    [
      'if malformed',
      owner === 'lintel' ? 'the boot stops, with exit code 2' : 'one error line, and it counts as absent',
    ],
    ...(isSecret === true
      ? [['secret', `shown nowhere; ${file.join(', ')} may name a file that holds it`] as const]
      : []),
    ['topic', topic],
    ['who set it', `lintel env explain ${names[0]}`],
  ];
  return [
    names.join(', '),
    '',
    ...renderParagraph(doc, terminal),
    '',
    ...renderEntries(rows, terminal),
    '',
  ].join('\n');
}

/** Made when somebody asks: a boot has no use for it. */
function listVariables(): Found[] {
  return Object.entries<Readonly<Record<string, Variable<unknown>>>>(TOPICS).flatMap(([topic, variables]) =>
    Object.values(variables).map(variable => ({ ...variable, topic })),
  );
}
