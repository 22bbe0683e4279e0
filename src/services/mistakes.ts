import type { Definition } from '../definitions/definitions.ts';
import type { Problem } from '../errors.ts';
import type { Facts } from '../facts/facts.ts';
import { suggestWord } from '../settings/suggest.ts';
import type { Reason } from './disabled.ts';
import { findRequired } from './order.ts';

/** What keeps services from running that their authors have to mend, and nobody else. */

type Known = Pick<Facts, 'services' | 'faultyServices'>;

/** Also those that can't be used. */
export function listAll({ services, faultyServices }: Known): Definition[] {
  return [...services, ...faultyServices.map(({ definition }) => definition)];
}

/** A name that is mistyped would make a service wait for nobody, or for ever. */
export function findUnknownServices(known: Known): Problem[] {
  const all = listAll(known);
  const isLeftOut = ({ name }: Definition) =>
    known.faultyServices.some(({ definition, isFatal }) => definition.name === name && !isFatal);
  return all.flatMap(service =>
    listMissing(service, known).map(other => {
      const others = all.filter(({ name }) => name !== service.name).map(({ name }) => name);
      const place = service.auto.with.includes(other) ? 'auto.with' : 'requires and after';
      return {
        what: `${place} of service ${service.name}`,
        seen: renderMissing(other, known),
        expected: others.includes(other) ? 'it to be mended' : expectOther(other, others),
        fatal: !isLeftOut(service),
      };
    }),
  );
}

/** Who has a fault or names a service that is not there can't run, nor can whoever requires it: by name, why. */
export function findMistaken(wanted: readonly Definition[], known: Known): ReadonlyMap<string, Reason> {
  const faults = new Map(known.faultyServices.map(({ definition, why }) => [definition.name, why]));
  const mistakes = new Map(
    wanted.flatMap(service => {
      const [missing] = listMissing(service, known);
      const mistake = faults.get(service.name) ?? (missing && renderMissing(missing, known));
      return mistake === undefined ? [] : [[service.name, mistake]];
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

/** Of the services that it names, those that are not there or can't be used. */
function listMissing({ requires, after, auto }: Definition, { services }: Known): string[] {
  return [...requires, ...after, ...auto.with].filter(other => services.every(({ name }) => name !== other));
}

function renderMissing(missing: string, { faultyServices }: Known): string {
  const isFaulty = faultyServices.some(({ definition }) => definition.name === missing);
  const shown = JSON.stringify(missing);
  return isFaulty ? `service ${shown} can’t be used` : `unknown service ${shown}`;
}

/** What to expect in place of a service that is not among the others. */
export function expectOther(name: string, others: readonly string[]): string {
  if (others.length === 0) return 'nothing: there is no other service';
  const meant = suggestWord(name, others);
  return meant === undefined ? `one of ${others.join(', ')}` : `perhaps ${meant}`;
}
