import type { Definition } from '../definitions/definitions.ts';
import type { Problem } from '../errors.ts';
import type { Facts } from '../facts/facts.ts';
import { suggestWord } from '../settings/suggest.ts';
import type { Reason } from './disabled.ts';
import { findRequired } from './order.ts';

/** What keeps services from running that their authors have to mend, and nobody else. */

type Known = Pick<Facts, 'services' | 'faultyServices'>;

/** A name that is mistyped would make a service wait for nobody, or for ever. */
export function findUnknownServices({ services, faultyServices }: Known): Problem[] {
  const usable = services.map(({ name }) => name);
  const all = [...usable, ...faultyServices];
  return services.flatMap(service =>
    listNamed(service)
      .filter(other => !usable.includes(other))
      .map(other => {
        const others = all.filter(name => name !== service.name);
        const place = service.auto.with.includes(other) ? 'auto.with' : 'requires and after';
        return {
          what: `${place} of service ${service.name}`,
          seen: renderMissing(other, faultyServices),
          expected: faultyServices.includes(other) ? 'it to be mended' : expectOther(other, others),
          fatal: true,
        };
      }),
  );
}

/** Who names a service that is not there can't run, nor can whoever requires it: by name, why. */
export function findMistaken(wanted: readonly Definition[], known: Known): ReadonlyMap<string, Reason> {
  const usable = known.services.map(({ name }) => name);
  const mistakes = new Map(
    wanted.flatMap(service => {
      const missing = listNamed(service).find(other => !usable.includes(other));
      return missing === undefined ? [] : [[service.name, renderMissing(missing, known.faultyServices)]];
    }),
  );
  if (mistakes.size === 0) return new Map();
  return new Map(
    wanted.flatMap(({ name }) => {
      const culprit = findRequired(name, wanted).find(other => mistakes.has(other));
      if (culprit === undefined) return [];
      const why = mistakes.get(culprit) ?? '';
      return [[name, { why: culprit === name ? why : `it requires ${culprit}: ${why}`, isMistake: true }]];
    }),
  );
}

/** Services that must be there where this one is to run. */
function listNamed({ requires, after, auto }: Definition): string[] {
  return [...requires, ...after, ...auto.with];
}

function renderMissing(name: string, faultyServices: readonly string[]): string {
  const shown = JSON.stringify(name);
  return faultyServices.includes(name) ? `service ${shown} can’t be used` : `unknown service ${shown}`;
}

/** What to expect in place of a service that is not among the others. */
export function expectOther(name: string, others: readonly string[]): string {
  if (others.length === 0) return 'nothing: there is no other service';
  const meant = suggestWord(name, others);
  return meant === undefined ? `one of ${others.join(', ')}` : `perhaps ${meant}`;
}
