import * as z from 'zod/mini';
import { isHttpUrl } from './url.ts';

/** How the text of a variable becomes a value. Each says what it expects, for error messages and the docs. */
export interface Value<T> {
  readonly expected: string;
  readonly schema: z.ZodMiniType<T>;
}

const text = z.string();

export const flag: Value<boolean> = {
  expected: '1 or 0 (also true, false, yes, no)',
  schema: z.pipe(
    z.pipe(
      z.pipe(
        text,
        z.transform(value => value.toLowerCase()),
      ),
      z.enum(['1', '0', 'true', 'false', 'yes', 'no']),
    ),
    z.transform(value => value === '1' || value === 'true' || value === 'yes'),
  ),
};

export const anyText: Value<string> = { expected: 'text', schema: text };

export const absolutePath: Value<string> = {
  expected: 'an absolute path',
  schema: text.check(z.startsWith('/')),
};

export const names: Value<readonly string[]> = {
  expected: 'names or patterns (* and ?), separated by commas or blanks',
  schema: z.pipe(
    text,
    z.transform(value => value.split(/[\s,]+/).filter(name => name !== '')),
  ),
};

export const httpUrl: Value<string> = {
  expected: 'an http or https URL',
  schema: text.check(z.refine(isHttpUrl)),
};

/** Channels are URLs or, as conda allows, names such as "conda-forge" and "org/label/dev". */
export const channels: Value<readonly string[]> = {
  expected: 'http or https URLs or channel names, separated by commas',
  schema: z.pipe(
    z.pipe(
      text,
      z.transform(value =>
        value
          .split(',')
          .map(channel => channel.trim())
          .filter(channel => channel !== ''),
      ),
    ),
    z
      .array(text.check(z.refine(channel => isHttpUrl(channel) || /^[\w.-]+(\/[\w.-]+)*$/.test(channel))))
      .check(z.minLength(1)),
  ),
};

export function integer(range: {
  readonly from: number;
  readonly to: number;
  readonly unit: string;
}): Value<number> {
  return {
    expected: `a whole number from ${range.from} to ${range.to} (${range.unit})`,
    schema: z.pipe(
      z.pipe(text.check(z.regex(/^\d{1,12}$/)), z.transform(Number)),
      z.number().check(z.gte(range.from), z.lte(range.to)),
    ),
  };
}

export function oneOf<const T extends readonly [string, ...string[]]>(options: T): Value<T[number]> {
  return { expected: options.join(', '), schema: z.enum(options) as z.ZodMiniType<T[number]> };
}
