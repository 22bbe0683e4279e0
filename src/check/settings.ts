import type { VariableSource } from '../facts/image/variables.ts';
import { findOnyxiaVariables } from '../settings/onyxia-variables.ts';
import { findS6Variables } from '../settings/s6-variables.ts';
import { MASK, maskValue } from '../settings/secret-names.ts';
import { makeUnknownLook, parseSettings } from '../settings/settings.ts';
import { nameWithoutEffect } from '../settings/without-effect.ts';
import { type Docs, type Finding, found, type Place, type Rules, type Topic } from './finding.ts';

const RULES = {
  'unknown-variable': 'warning',
  'malformed-value': 'error',
  'without-effect': 'warning',
  'no-assignment': 'warning',
} as const satisfies Rules;

export const settings: Topic = {
  title: 'Variables',
  rules: RULES,
  find: ({ variables, environment }) => {
    const look = makeUnknownLook(environment);
    return variables.flatMap(source => judgeSource(source, look));
  },
};

type Look = ReturnType<typeof makeUnknownLook>;

function judgeSource(source: VariableSource, look: Look): Finding[] {
  const path = source.path ?? 'environment';
  const place = (line: number) => ({ path, line: source.path === undefined ? undefined : line });
  return [
    ...source.stray.map(line =>
      found(RULES, 'no-assignment', {
        ...place(line),
        what: 'this line sets nothing',
        expected: 'NAME=value or # comment',
      }),
    ),
    ...source.set.flatMap(({ name, value, line }) => judgeVariable({ name, value }, place(line), look)),
  ];
}

/** One by one, so that each is told with its line. */
function judgeVariable(
  { name, value }: { readonly name: string; readonly value: string },
  place: Place,
  look: Look,
): Finding[] {
  const one = { [name]: value };
  const unknown = look(name, value);
  const without = [...findS6Variables(one), ...findOnyxiaVariables(one)];
  return [
    ...(unknown === undefined
      ? []
      : [
          found(RULES, 'unknown-variable', {
            ...place,
            what: `${name} is no setting of Lintel${unknown.meant === undefined ? ' and has no effect' : ''}`,
            expected:
              unknown.meant === undefined ? 'a name of docs/variables.md' : `perhaps ${unknown.meant}`,
          }),
        ]),
    ...without.map(variable =>
      found(RULES, 'without-effect', {
        ...place,
        what: nameWithoutEffect([variable]),
        expected: `nothing of it: ${variable.page}`,
      }),
    ),
    ...parseSettings(one).problems.map(({ what, seen, expected }) =>
      found(RULES, 'malformed-value', {
        ...place,
        what: `${what}: ${maskValue(name, value) === MASK ? 'a secret' : seen}`,
        expected,
      }),
    ),
  ];
}

/** For docs/check.md: no part of the program. */
export const SETTING_DOCS: Docs<typeof RULES> = {
  'unknown-variable': {
    finds: 'a variable that looks like one of Lintel’s or a platform’s and is none',
    example:
      '/etc/lintel/lintel.env:2: warning: PIP_REPOSITRY is no setting of Lintel, expected perhaps PIP_REPOSITORY (unknown-variable)',
    remedy: '[variables.md](variables.md) names them all',
  },
  'malformed-value': {
    finds: 'a value that the variable can’t have',
    example:
      'environment: error: LINTEL_JUPYTER_PORT: "80800", expected a whole number from 1 to 65535 (a port) (malformed-value)',
    remedy: '[variables.md](variables.md) says what each expects',
  },
  'without-effect': {
    finds: 'a variable of s6-overlay’s or onyxia-init.sh’s that asks for what Lintel does not do',
    example:
      'environment: warning: without effect: S6_LOGGING (logs go to stdout and stderr), expected nothing of it: docs/s6.md (without-effect)',
    remedy: '[s6.md](s6.md#variables), [onyxia.md](onyxia.md)',
  },
  'no-assignment': {
    finds: 'a line of an env file that sets nothing',
    example:
      '/etc/lintel/env.d/10-a.env:3: warning: this line sets nothing, expected NAME=value or # comment (no-assignment)',
    remedy: 'the syntax is dotenv’s',
  },
};
