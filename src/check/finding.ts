import type { ImageFacts } from '../facts/image/image.ts';

/** error: what it is about will not work, or harms; warning: probably so; note: good to know. */
export type Severity = 'error' | 'warning' | 'note';

/** Something that was found in an image. Its fields are stable: `lintel check --json` prints them. */
export interface Finding {
  readonly severity: Severity;
  /** The rule's name. */
  readonly rule: string;
  /** In the image; "environment" for its own variables. */
  readonly path: string;
  /** Counted from 1. */
  readonly line?: number;
  readonly column?: number;
  /** What was seen, secrets masked. */
  readonly what: string;
  /** What could stand there instead, or what mends it; empty where nothing is wrong. */
  readonly expected: string;
}

/** Name of each rule -> how severe its findings are where nothing else is said. */
export type Rules = Readonly<Record<string, Severity>>;

/** What docs/check.md says of each rule. */
export type Docs<Known extends Rules> = Readonly<Record<keyof Known & string, RuleDoc>>;

export interface RuleDoc {
  /** What it finds, as part of a sentence. */
  readonly finds: string;
  /** A finding's text. */
  readonly example: string;
  /** What to do. */
  readonly remedy: string;
}

/** Rules about one thing: same shape for all, one list in list.ts. */
export interface Topic {
  readonly title: string;
  readonly rules: Rules;
  /** Pure. */
  find(image: ImageFacts): Finding[];
}

export interface Place {
  readonly path: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

/** A finding of one of `rules`, as severe as the rule says where nothing else is said. */
export function found<Name extends string>(
  rules: Readonly<Record<Name, Severity>>,
  rule: Name,
  {
    path,
    line,
    column,
    what,
    expected,
    severity = rules[rule],
  }: Place & Pick<Finding, 'what' | 'expected'> & { readonly severity?: Severity },
): Finding {
  return {
    severity,
    rule,
    path,
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
    what,
    expected,
  };
}

/** Who says what the variable is. */
export function placeOfVariable(name: string, { variables }: ImageFacts): Place {
  const source = variables.findLast(({ set }) => set.some(one => one.name === name));
  if (source?.path === undefined) return { path: 'environment' };
  return { path: source.path, line: source.set.findLast(one => one.name === name)?.line };
}
