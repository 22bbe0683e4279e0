import type { Definition } from '../definitions/definitions.ts';
import { parseDefinition } from '../definitions/definitions.ts';
import type { ServiceFact } from '../definitions/folder.ts';
import { checkServiceJson, type Fault } from '../definitions/service-json.ts';
import type { ImageFacts } from '../facts/image/image.ts';
import { chooseServices } from '../services/choice.ts';
import { type Disabled, renderDisabled } from '../services/disabled.ts';
import { findCycle } from '../services/order.ts';
import { suggestName, suggestWord } from '../settings/suggest.ts';
import { OTHER_NAMES, VARIABLES } from '../settings/variables.ts';
import { findUser } from '../user.ts';
import {
  type Docs,
  type Finding,
  found,
  type Place,
  placeOfVariable,
  type Rules,
  type Topic,
} from './finding.ts';
import { locate, locateKeys, locateSyntax } from './json-places.ts';

const RULES = {
  'service-json': 'error',
  'service-folder': 'error',
  'missing-program': 'warning',
  'unknown-service': 'error',
  'service-circle': 'error',
  'unknown-user': 'error',
  'when-never': 'warning',
  'not-started': 'note',
  'unset-variable': 'note',
} as const satisfies Rules;

export const services: Topic = {
  title: 'Services',
  rules: RULES,
  find: image => [
    ...image.services.flatMap(fact => judgeFolder(fact, image)),
    ...image.definitions.flatMap(definition => judgeDefinition(definition, image)),
    ...findCircles(image),
    ...judgeChoice(image),
  ],
};

function judgeFolder(fact: ServiceFact, image: ImageFacts): Finding[] {
  const path = `${fact.folder}/service.json`;
  const text = textOf(fact);
  const faults = text === undefined ? [] : checkServiceJson(text, image.signals).faults;
  const { problems } = parseDefinition(fact, image.signals);
  return [
    ...faults.map(fault =>
      found(RULES, 'service-json', {
        path,
        ...locateFault(text ?? '', fault),
        what: fault.seen,
        expected: fault.expected,
      }),
    ),
    ...problems
      .filter(({ what }) => what !== path || text === undefined)
      .map(({ what, seen, expected }) =>
        found(RULES, what === path ? 'service-json' : 'service-folder', { path: what, what: seen, expected }),
      ),
  ];
}

function locateFault(text: string, { keys, isKey }: Fault): Omit<Place, 'path'> {
  return { ...(locateSyntax(text) ?? locateKeys(text, keys, isKey)) };
}

function textOf({ json }: ServiceFact): string | undefined {
  return json !== undefined && 'text' in json ? json.text : undefined;
}

/** Where a part of a service's settings stands; its folder where it has no service.json. */
function placeOf({ name }: Definition, image: ImageFacts, keys: readonly (string | number)[]): Place {
  const fact = image.services.find(service => service.name === name);
  const text = fact && textOf(fact);
  if (fact === undefined || text === undefined) return { path: fact?.folder ?? '' };
  return { path: `${fact.folder}/service.json`, ...locateKeys(text, keys) };
}

function judgeDefinition(definition: Definition, image: ImageFacts): Finding[] {
  return [
    ...findMissingPrograms(definition, image),
    ...findUnknownNames(definition, image),
    ...findUnknownUser(definition, image),
    ...findNever(definition, image),
    ...findUnset(definition, image),
  ];
}

function findMissingPrograms(definition: Definition, image: ImageFacts): Finding[] {
  const { command, ready, health } = definition;
  const probeOf = (probe: object | undefined) =>
    probe !== undefined && 'exec' in probe ? (probe.exec as readonly string[])[0] : undefined;
  const named = [
    [['command', 0], command[0]],
    [['ready', 'exec', 0], probeOf(ready?.probe)],
    [['health', 'exec', 0], probeOf(health?.probe)],
  ] as const;
  return named.flatMap(([keys, program]) => {
    if (program === undefined || program.includes('${') || image.hasPrograms[program] !== false) return [];
    // What is there is judged as a file.
    if (image.files.some(({ path, kind }) => path === program && kind !== 'nothing')) return [];
    const fact = image.services.find(({ name }) => name === definition.name);
    if (program === fact?.run?.path) return [];
    const isBeside = fact !== undefined && program.startsWith(`${fact.folder}/`);
    return found(RULES, 'missing-program', {
      ...placeOf(definition, image, keys),
      what: isBeside ? `there is no ${program}` : `${program} is not installed`,
      expected: isBeside ? 'a file of the service’s folder' : 'a program on PATH or an absolute path',
      severity: isBeside ? 'error' : 'warning',
    });
  });
}

function findUnknownNames(definition: Definition, image: ImageFacts): Finding[] {
  const { name, requires, after, auto } = definition;
  const known = image.services.map(service => service.name);
  const lists = [
    [['requires'], requires],
    [['after'], after],
    [['auto', 'with'], auto.with],
  ] as const;
  return lists.flatMap(([keys, names]) =>
    names.flatMap((other, index) =>
      known.includes(other)
        ? []
        : found(RULES, 'unknown-service', {
            ...placeOf(definition, image, [...keys, index]),
            what: `unknown service ${JSON.stringify(other)}`,
            expected: expectOther(
              other,
              known.filter(own => own !== name),
            ),
          }),
    ),
  );
}

function expectOther(name: string, others: readonly string[]): string {
  if (others.length === 0) return 'nothing: there is no other service';
  const meant = suggestWord(name, others);
  return meant === undefined ? `one of ${others.join(', ')}` : `perhaps ${meant}`;
}

function findUnknownUser(definition: Definition, image: ImageFacts): Finding[] {
  const { settings, environment, accounts } = image;
  if (definition.user === undefined) return [];
  const identity = { uid: 0, gid: 0, groups: [0], canSwitchUser: true };
  const sources = { settings, environment, accounts, identity, givenHome: undefined };
  if (findUser(definition.user, sources) !== undefined) return [];
  return [
    found(RULES, 'unknown-user', {
      ...placeOf(definition, image, ['user']),
      what: `${JSON.stringify(definition.user)} is no user of the image`,
      expected: 'the name of a user in /etc/passwd, a uid or uid:gid',
    }),
  ];
}

function findNever(definition: Definition, image: ImageFacts): Finding[] {
  const { command, file, env } = definition.when;
  const rows = [
    ['command', command, (name: string) => /\s/.test(name), 'holds a blank', 'the name of a program'],
    ['file', file, (path: string) => !path.startsWith('/'), 'is no absolute path', 'one'],
    ['env', env, (name: string) => /[=\s$]/.test(name), 'can’t be a variable’s name', 'one'],
  ] as const;
  return rows.flatMap(([key, values, isWrong, why, expected]) => {
    const wrong = values.find(isWrong);
    // Any one that holds is enough.
    if (wrong === undefined || !values.every(isWrong)) return [];
    return found(RULES, 'when-never', {
      ...placeOf(definition, image, ['when', key]),
      what: `${JSON.stringify(wrong)} ${why}, so the service never starts`,
      expected,
    });
  });
}

/** What every process has, or a platform gives. */
const USUAL = ['HOME', 'HOSTNAME', 'LANG', 'LOGNAME', 'PATH', 'PWD', 'SHELL', 'TERM', 'TMPDIR', 'TZ', 'USER'];
const PLATFORMS = /^(KUBERNETES|JUPYTERHUB)_|_SERVICE_(HOST|PORT)$/;
const KNOWN: ReadonlySet<string> = new Set([
  ...Object.values(VARIABLES).flatMap(({ names }) => names),
  ...OTHER_NAMES,
  ...USUAL,
]);
const VARIABLE = /(?<!\$)\$\{([A-Za-z_]\w*)(\}|%\/\})/g;

function findUnset(definition: Definition, image: ImageFacts): Finding[] {
  const fact = image.services.find(({ name }) => name === definition.name);
  const text = fact && textOf(fact);
  if (fact === undefined || text === undefined) return [];
  const exported = image.definitions.flatMap(({ exports }) => Object.keys(exports));
  const set = new Set([...Object.keys(definition.env), ...exported, ...Object.keys(image.environment)]);
  const seen = new Set<string>();
  return [...text.matchAll(VARIABLE)].flatMap(({ 1: name = '', index }) => {
    if (seen.has(name) || !isTemplate(text, index, definition)) return [];
    seen.add(name);
    if (KNOWN.has(name) || set.has(name) || PLATFORMS.test(name)) return [];
    const meant = suggestName(name, KNOWN);
    // Where the image's own variables are not known, one of them may be it.
    if (meant === undefined && !image.knowsEnvironment) return [];
    return found(RULES, 'unset-variable', {
      ...{ path: `${fact.folder}/service.json`, ...locate(text, index) },
      what: `nobody here sets ${name}`,
      expected: meant === undefined ? `a default: \${${name}:-…}` : `perhaps ${meant}`,
      severity: meant === undefined ? 'note' : 'warning',
    });
  });
}

/** Only probes and exports are templates: in an argument of `command` it may be a shell's. */
function isTemplate(text: string, index: number, { exports, ready, health }: Definition): boolean {
  const name = /^\$\{(\w+)/.exec(text.slice(index))?.[1] ?? '';
  return JSON.stringify([exports, ready, health]).includes(`\${${name}`);
}

function findCircles(image: ImageFacts): Finding[] {
  const circle = findCycle(image.definitions);
  const [first, second = ''] = circle ?? [];
  const definition = image.definitions.find(({ name }) => name === first);
  if (circle === undefined || definition === undefined) return [];
  const key = definition.requires.includes(second) ? 'requires' : 'after';
  return [
    found(RULES, 'service-circle', {
      ...placeOf(definition, image, [key, definition[key].indexOf(second)]),
      what: `a circle: ${circle.join(' -> ')}`,
      expected: 'an order in which each can start',
    }),
  ];
}

/** As a boot without CMD would choose. */
function judgeChoice(image: ImageFacts): Finding[] {
  const { settings, environment, definitions, mentions, programs, presentFiles } = image;
  const faulty = image.services.filter(({ name }) => !definitions.some(known => known.name === name));
  const faultyServices = faulty.map(({ name }) => name);
  const facts = { services: definitions, faultyServices, mentions, programs, presentFiles };
  const chosen = chooseServices({ settings, environment, facts, command: [] });
  const lists = ['LINTEL_SERVICES', 'LINTEL_SERVICES_DISABLED'];
  const named = new Set(settings.services ?? []);
  return [
    ...chosen.problems
      .filter(({ what }) => lists.includes(what))
      .map(({ what, seen, expected }) =>
        found(RULES, 'unknown-service', {
          ...placeOfVariable(what, image),
          what: `${what}: ${seen}`,
          expected,
        }),
      ),
    ...chosen.disabled
      .filter(({ name }) => named.has(name))
      .map(({ name, why }) =>
        found(RULES, 'not-started', {
          ...placeOfVariable('LINTEL_SERVICES', image),
          what: `service ${name} does not start here: ${why}`,
          expected: 'one that can start',
          severity: 'warning',
        }),
      ),
    ...noteDisabled(
      chosen.disabled.filter(({ name }) => !named.has(name)),
      image,
    ),
  ];
}

/** Of what Lintel ships, most has no program in any one image. */
function noteDisabled(disabled: readonly Disabled[], { definitions }: ImageFacts): Finding[] {
  const originOf = (wanted: string) => definitions.find(({ name }) => name === wanted)?.origin;
  return (['image', 'shipped'] as const).flatMap(origin => {
    const own = disabled.filter(({ name }) => originOf(name) === origin);
    if (own.length === 0) return [];
    return found(RULES, 'not-started', {
      path: origin === 'image' ? '/etc/services.d' : '/usr/local/lib/lintel/services.d',
      what: `not started here: ${renderDisabled(own)}`,
      expected: '',
    });
  });
}

/** For docs/check.md: no part of the program. */
export const SERVICE_DOCS: Docs<typeof RULES> = {
  'service-json': {
    finds: 'what service.json may not say: no JSON, an unknown field, a wrong value',
    example:
      '/etc/services.d/web/service.json:3:3: error: unknown field "restrat", expected perhaps "restart" (service-json)',
    remedy: '[services.md](services.md), which says too how an editor finds such mistakes',
  },
  'service-folder': {
    finds: 'a folder without `run` and `command`, and mistakes in the files that s6 has beside them',
    example:
      '/etc/services.d/web: error: neither "run" nor a "command" in service.json, expected one of them (service-folder)',
    remedy: '[services.md](services.md), [s6.md](s6.md#service-folders)',
  },
  'missing-program': {
    finds:
      'a program of `command`, `ready.exec` or `health.exec` that is not installed; an error where it is a file of the folder',
    example:
      '/etc/services.d/web/service.json:2:15: warning: serve is not installed, expected a program on PATH or an absolute path (missing-program)',
    remedy: 'install it; or give the service a `when.command`, if it may be missing',
  },
  'unknown-service': {
    finds: 'a name in `requires`, `after`, `auto.with` or LINTEL_SERVICES that no service has',
    example:
      '/etc/services.d/web/service.json:2:16: error: unknown service "databse", expected perhaps database (unknown-service)',
    remedy: 'the name of a folder in services.d',
  },
  'service-circle': {
    finds: 'services that wait for each other',
    example:
      '/etc/services.d/a/service.json:1:15: error: a circle: a -> b -> a, expected an order in which each can start (service-circle)',
    remedy: 'take one of the names out of `requires` or `after`',
  },
  'unknown-user': {
    finds: 'a service’s `user` who is not in the image',
    example:
      '/etc/services.d/web/service.json:1:11: error: "www" is no user of the image, expected the name of a user in /etc/passwd, a uid or uid:gid (unknown-user)',
    remedy: '`RUN useradd`, or another user',
  },
  'when-never': {
    finds: 'a `when` that holds in no container',
    example:
      '/etc/services.d/web/service.json:1:22: warning: "etc/web.conf" is no absolute path, so the service never starts, expected one (when-never)',
    remedy: 'absolute paths, names of programs, names of variables',
  },
  'not-started': {
    finds:
      'services that do not start here and why: one line for those of Lintel’s, a warning where LINTEL_SERVICES names one',
    example:
      '/usr/local/lib/lintel/services.d: note: not started here: code-server, rstudio (not installed); jupyter (the image’s service lab runs the same program) (not-started)',
    remedy: 'nothing, if that is meant; else install the program, or name the service in LINTEL_SERVICES',
  },
  'unset-variable': {
    finds: 'a variable in `ready`, `health` or `exports` that nobody sets',
    example: `/etc/services.d/web/service.json:1:35: note: nobody here sets WEB_PORT, expected a default: \${WEB_PORT:-…} (unset-variable)`,
    remedy: 'a default, or the variable in the service’s `env`; nothing, if the platform sets it',
  },
};
