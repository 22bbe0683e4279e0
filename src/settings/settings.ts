import * as z from 'zod/mini';
import type { Problem } from '../errors.ts';
import type { Environment } from '../launch/environ.ts';
import { findOnyxiaVariables } from './onyxia-variables.ts';
import { findS6Variables } from './s6-variables.ts';
import { isServiceLink } from './service-links.ts';
import { suggestName } from './suggest.ts';
import { maskUrl } from './url.ts';
import type { Variable } from './variable.ts';
import { OTHER_NAMES, SECRETS, VARIABLES } from './variables.ts';
import { renderWithoutEffect } from './without-effect.ts';

/** Absent and empty variables are undefined. Derived from VARIABLES: there is no second list. */
export type Settings = {
  readonly [Key in keyof typeof VARIABLES]: ValueOf<(typeof VARIABLES)[Key]> | undefined;
};
type ValueOf<V> = V extends Variable<infer T> ? T : never;

export interface ParsedSettings {
  readonly settings: Settings;
  readonly problems: readonly Problem[];
  /** One sentence for each name that looks like a mistyped one. */
  readonly warnings: readonly string[];
}

// Without this zod compiles the schema by `new Function`, which costs more than the one use of it.
z.config({ jitless: true });

const KEYS = Object.keys(VARIABLES) as (keyof typeof VARIABLES)[];
const SEEN_LIMIT = 120;

/** Reads every variable of VARIABLES and reports all problems at once. Never throws. */
export function parseSettings(environment: Environment): ParsedSettings {
  const settings: Record<string, unknown> = {};
  const wrong: Variable<unknown>[] = [];
  for (const key of KEYS) {
    const variable: Variable<unknown> = VARIABLES[key];
    const text = readText(environment, variable);
    // Most are absent: only what is there is worth a schema's time.
    const parsed = text === undefined ? undefined : variable.schema.safeParse(text);
    settings[key] = parsed?.data;
    if (parsed?.success === false) wrong.push(variable);
  }
  const usable = settings as Settings;
  const strict = usable.strict === true;
  return {
    settings: usable,
    problems: wrong.map(variable => makeProblem({ variable, environment, strict })),
    warnings: [
      ...makeWarnings(environment),
      ...renderWithoutEffect([...findS6Variables(environment), ...findOnyxiaVariables(environment)]),
    ],
  };
}

/** To a setting an empty value is an absent one. A secret may begin or end with a blank. */
function readText(environment: Environment, variable: Variable<unknown>): string | undefined {
  for (const name of variable.names) {
    const given = environment[name];
    const text = given?.trim();
    if (text !== undefined && !isNothing(variable, text)) return variable.isSecret ? given : text;
  }
  return undefined;
}

function isNothing({ nothing }: Variable<unknown>, text: string): boolean {
  return text === '' || nothing?.test(text) === true;
}

function makeProblem(seen: {
  readonly variable: Variable<unknown>;
  readonly environment: Environment;
  readonly strict: boolean;
}): Problem {
  const { variable, environment } = seen;
  const name =
    variable.names.find(candidate => !isNothing(variable, (environment[candidate] ?? '').trim())) ??
    variable.names[0] ??
    '';
  return {
    what: name,
    seen: variable.isSecret
      ? 'a secret'
      : JSON.stringify(maskUrl(environment[name] ?? '').slice(0, SEEN_LIMIT)),
    expected: variable.expected,
    fatal: variable.owner === 'lintel' || seen.strict,
  };
}

/** A name that looks like one of Lintel's. */
export interface UnknownName {
  readonly name: string;
  /** What it is most likely a mistyping of. */
  readonly meant: string | undefined;
}

/** A mistyped name would silently do nothing; nothing else in the container would ever say so. */
function makeWarnings(environment: Environment): string[] {
  return findUnknownNames(environment).map(({ name, meant }) =>
    meant === undefined
      ? `${name} is no setting of Lintel and has no effect`
      : `${name} is no setting of Lintel: did you mean ${meant}?`,
  );
}

export function findUnknownNames(environment: Environment): UnknownName[] {
  const look = makeUnknownLook(environment);
  return Object.entries(environment).flatMap(([name, value]) => look(name, value) ?? []);
}

/** The look at one name after the other, of variables that stand in `environment`. */
export function makeUnknownLook(
  environment: Environment,
): (name: string, value: string) => UnknownName | undefined {
  const files = SECRETS.map(name => `${name}_FILE`);
  const known = new Set([...KEYS.flatMap(key => VARIABLES[key].names), ...OTHER_NAMES, ...files]);
  const beginnings = new Set([...known].map(name => name.slice(0, 3)));
  return (name, value) => {
    // Most names are nothing like ours, and comparing letters is slow.
    if (!beginnings.has(name.slice(0, 3).toUpperCase())) return undefined;
    if (known.has(name) || isServiceLink(name, value)) return undefined;
    const meant = suggestName(name, known);
    if (meant !== undefined && (environment[meant] ?? '') === '') return { name, meant };
    return name.startsWith('LINTEL_') ? { name, meant: undefined } : undefined;
  };
}
