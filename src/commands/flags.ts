import { LintelError } from '../errors.ts';
import { suggestWord } from '../settings/suggest.ts';

export interface Flag {
  readonly name: `--${string}`;
  readonly short?: `-${string}`;
  /** What follows it, such as "TIME"; undefined for a flag that is only set or not. */
  readonly value?: string;
  readonly doc: string;
}

export interface Operands {
  /** "NAME…", for the usage line. */
  readonly usage: string;
  /** 0 when not said. */
  readonly atLeast?: number;
  readonly atMost?: number;
  /** What is missing where there are too few. */
  readonly what?: string;
  /** Only behind `--`, where nothing is a flag any more. */
  readonly isBehindDashes?: true;
}

/** Checked arguments. */
export interface Given {
  has(flag: Flag['name']): boolean;
  /** The last one given. */
  value(flag: Flag['name']): string | undefined;
  readonly operands: readonly string[];
}

export interface Accepted {
  readonly flags: readonly Flag[];
  readonly operands?: Operands;
}

/**
 * `--flag`, `--flag VALUE`, `--flag=VALUE`, `-f`, `-n5`, `-n 5`, `-fn5`, and operands anywhere; `--` ends the flags.
 * Throws a LintelError with code 2 for anything else.
 */
export function parseFlags(args: readonly string[], accepted: Accepted): Given {
  const values = new Map<Flag['name'], string>();
  const operands: string[] = [];
  const dashes = args.indexOf('--');
  const own = dashes === -1 ? args : args.slice(0, dashes);
  const rest = own[Symbol.iterator]();
  for (const arg of rest) {
    if (arg === '-' || !arg.startsWith('-')) {
      operands.push(arg);
      continue;
    }
    for (const { flag, value } of splitFlags(arg, accepted)) {
      values.set(flag.name, value ?? (flag.value === undefined ? '' : takeValue(flag, rest)));
    }
  }
  if (accepted.operands?.isBehindDashes === true) refuseOperand(operands[0], accepted, `-- ${operands[0]}`);
  if (dashes !== -1) operands.push(...args.slice(dashes + 1));
  checkCount(operands, accepted);
  return { has: flag => values.has(flag), value: flag => values.get(flag), operands };
}

interface FoundFlag {
  readonly flag: Flag;
  /** What stands in the same argument. */
  readonly value: string | undefined;
}

function splitFlags(arg: string, accepted: Accepted): FoundFlag[] {
  return arg.startsWith('--') ? [splitLong(arg, accepted)] : splitShort(arg, accepted);
}

function splitLong(arg: string, accepted: Accepted): FoundFlag {
  const equals = arg.indexOf('=');
  const name = equals === -1 ? arg : arg.slice(0, equals);
  const flag = accepted.flags.find(candidate => candidate.name === name);
  if (flag === undefined) throw refuseFlag(name, accepted);
  if (equals !== -1 && flag.value === undefined)
    throw new LintelError(`Cannot use argument ${JSON.stringify(arg)}: ${flag.name} takes no value`, 2);
  return { flag, value: equals === -1 ? undefined : arg.slice(equals + 1) };
}

function splitShort(arg: string, accepted: Accepted): FoundFlag[] {
  const found: FoundFlag[] = [];
  for (let index = 1; index < arg.length; index++) {
    const flag = accepted.flags.find(candidate => candidate.short === `-${arg[index]}`);
    if (flag === undefined) throw refuseFlag(arg, accepted);
    const rest = arg.slice(index + 1);
    if (flag.value !== undefined) return [...found, { flag, value: rest === '' ? undefined : rest }];
    found.push({ flag, value: undefined });
  }
  return found;
}

function takeValue(flag: Flag, rest: Iterator<string>): string {
  const next = rest.next();
  if (next.done === true)
    throw new LintelError(`Cannot use ${flag.name}: nothing follows it, expected ${flag.value}`, 2);
  return next.value;
}

function refuseFlag(name: string, { flags }: Accepted): LintelError {
  const known = [...flags.map(flag => flag.name), '--help'];
  const meant = suggestWord(name, known);
  const expected = meant === undefined ? known.join(' or ') : `perhaps ${meant}`;
  return new LintelError(`Cannot use argument ${JSON.stringify(name)}, expected ${expected}`, 2);
}

function checkCount(operands: readonly string[], accepted: Accepted): void {
  const { usage, atLeast = 0, atMost, what }: Operands = accepted.operands ?? { usage: '', atMost: 0 };
  if (atMost !== undefined) refuseOperand(operands[atMost], accepted);
  if (operands.length < atLeast)
    throw new LintelError(`Cannot go on: no ${what ?? 'argument'} is named, expected ${usage}`, 2);
}

function refuseOperand(operand: string | undefined, { flags }: Accepted, meant?: string): void {
  if (operand === undefined) return;
  const expected = meant === undefined ? flags.map(flag => flag.name).join(' or ') : `perhaps ${meant}`;
  throw new LintelError(`Cannot use argument ${JSON.stringify(operand)}, expected ${expected || 'none'}`, 2);
}
