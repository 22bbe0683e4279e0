import type { Definition } from '../definitions/definitions.ts';
import type { ImageFacts } from '../facts/image/image.ts';
import { expectOther } from '../services/mistakes.ts';
import { suggestName } from '../settings/suggest.ts';
import { OTHER_NAMES, VARIABLES } from '../settings/variables.ts';
import { findUser } from '../user.ts';
import { type Finding, found } from './finding.ts';
import { locate } from './json-places.ts';
import { placeOf, textOf } from './service-places.ts';
import { RULES } from './service-rules.ts';

/** What a service names that is not there: programs, other services, users, variables. */
export function findMissing(definition: Definition, image: ImageFacts): Finding[] {
  return [
    ...findMissingPrograms(definition, image),
    ...findMissingInRun(definition, image),
    ...findUnknownNames(definition, image),
    ...findUnknownUser(definition, image),
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

/** A script of the image may give everybody another PATH. */
const INIT_SCRIPTS = '/etc/cont-init.d/';
const OWN_PATH = /\bPATH\b/;

/** Of a `run` that does nothing but become a program. What may change PATH before it is left to the boot. */
function findMissingInRun({ origin, env, when, command: [run] }: Definition, image: ImageFacts): Finding[] {
  const { becomes } = image.files.find(({ path }) => path === run) ?? {};
  const setsPath = image.files.some(
    ({ path, text }) => path.startsWith(INIT_SCRIPTS) && OWN_PATH.test(text ?? ''),
  );
  // With a when it is not started.
  if (run === undefined || becomes === undefined || when.command.length > 0) return [];
  if (origin === 'shipped' || 'PATH' in env || setsPath) return [];
  return [
    found(RULES, 'missing-program', {
      path: run,
      line: becomes.line,
      what: `${becomes.name} is not installed`,
      expected: 'a program on PATH or an absolute path',
    }),
  ];
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
