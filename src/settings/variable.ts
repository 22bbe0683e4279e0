import type { Value } from './values.ts';

/**
 * One variable that Lintel reads. `names` in order of precedence; `lintel`: malformed stops the boot, `platform`:
 * malformed costs one error line.
 */
export interface Variable<T> extends Value<T> {
  readonly names: readonly string[];
  readonly owner: 'lintel' | 'platform';
  readonly doc: string;
  /** Shown nowhere, not even where it is a mistake, and may stand in a file (`NAME_FILE`). */
  readonly isSecret?: true;
}

type Names = string | readonly [string, ...string[]];

export function platform<T>(names: Names, value: Value<T>, doc: string): Variable<T> {
  return { ...value, names: typeof names === 'string' ? [names] : names, owner: 'platform', doc };
}

export function secret<T>(name: string, value: Value<T>, doc: string): Variable<T> {
  const owner = name.startsWith('LINTEL_') ? 'lintel' : 'platform';
  return { ...value, names: [name], owner, doc, isSecret: true };
}

export function lintel<T>(name: string, value: Value<T>, doc: string): Variable<T> {
  return { ...value, names: [name], owner: 'lintel', doc };
}
