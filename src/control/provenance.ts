import { type Change, CONTAINER, explain, joinLayers, type Layer } from '../environment.ts';
import type { Note } from '../plan.ts';
import { isSecretValue, maskValue } from '../settings/secret-names.ts';
import { suggestName } from '../settings/suggest.ts';
import type { ResponseOf } from './routes.ts';
import type { EnvironmentView } from './subject.ts';

type Variables = ResponseOf<'environment'>['variables'];

/** Every variable that somebody set, by name; one that was taken away has no value. Secrets masked unless revealed. */
export function listVariables(layers: readonly Layer[], isRevealed: boolean): Variables {
  const names = [...new Set(layers.flatMap(({ set }) => Object.keys(set)))];
  const { set } = joinLayers(layers);
  const given = layers.find(({ source }) => source === CONTAINER)?.set ?? {};
  return names.sort(compare).map(name => {
    const { source = '' } = findLast(layers, name) ?? {};
    const isSecret = isSecretValue(name, set[name] ?? '') || isFromSecret(layers, name);
    const show = (value: string) => (isRevealed ? value : maskValue(name, value, isFromSecret(layers, name)));
    return {
      name,
      source,
      isSecret,
      ...(Object.hasOwn(set, name) ? { value: show(set[name] ?? '') } : {}),
      ...(Object.hasOwn(given, name) ? { given: show(given[name] ?? '') } : {}),
    };
  });
}

/** What became of one variable. Secrets masked. */
export function explainVariable(
  { layers, notes }: Pick<EnvironmentView, 'layers' | 'notes'>,
  name: string,
): ResponseOf<'explanation'> {
  const changes = explain(layers, name);
  if (changes.length === 0) return { name, changes, ...explainAbsence(layers, notes, name) };
  const mask = (value: string | undefined) =>
    value === undefined ? undefined : maskValue(name, value, isFromSecret(layers, name));
  return {
    name,
    changes: changes.map(({ source, value, replaced }: Change) => ({
      source,
      value: mask(value),
      replaced: mask(replaced),
    })),
  };
}

/** pip's index stands in /etc/pip.conf, and in no variable. */
function explainAbsence(
  layers: readonly Layer[],
  notes: readonly Note[],
  name: string,
): Pick<ResponseOf<'explanation'>, 'instead' | 'meant'> {
  const note = notes.find(({ insteadOf = [] }) => insteadOf.includes(name));
  if (note !== undefined) return { instead: { tool: note.tool, text: note.text } };
  const set = layers.flatMap(layer => Object.keys(layer.set));
  const meant = suggestName(name, set);
  return meant === undefined ? {} : { meant };
}

/** Whoever else set it: a secret's file may have been replaced by a script that only copied it. */
function isFromSecret(layers: readonly Layer[], name: string): boolean {
  return layers.some(({ isSecret, set }) => isSecret === true && Object.hasOwn(set, name));
}

function findLast(layers: readonly Layer[], name: string): Layer | undefined {
  return layers.findLast(({ set, unset }) => Object.hasOwn(set, name) || unset.includes(name));
}

/** By bytes, as `sort` in the C locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
