import { LintelError } from '../errors.ts';

/** Arguments of which only the given flags are allowed. Throws a LintelError with code 2 for any other. */
export function parseFlags<const F extends string>(
  args: readonly string[],
  flags: readonly F[],
): Readonly<Record<F, boolean>> {
  const unknown = args.find(arg => !flags.includes(arg as F));
  if (unknown !== undefined) {
    throw new LintelError(
      `Cannot use argument ${JSON.stringify(unknown)}, expected ${flags.join(' or ') || 'none'}`,
      2,
    );
  }
  return Object.fromEntries(flags.map(flag => [flag, args.includes(flag)])) as Record<F, boolean>;
}
