import type { Definition } from '../definitions/definitions.ts';
import type { ServiceFact } from '../definitions/folder.ts';
import type { ImageFacts } from '../facts/image/image.ts';
import type { Place } from './finding.ts';
import { locateKeys } from './json-places.ts';

/** Where a part of a service's settings stands; its folder where it has no service.json. */
export function placeOf({ name }: Definition, image: ImageFacts, keys: readonly (string | number)[]): Place {
  const fact = image.services.find(service => service.name === name);
  const text = fact && textOf(fact);
  if (fact === undefined || text === undefined) return { path: fact?.folder ?? '' };
  return { path: `${fact.folder}/service.json`, ...locateKeys(text, keys) };
}

/** Of its service.json; undefined where it has none that can be read. */
export function textOf({ json }: ServiceFact): string | undefined {
  return json !== undefined && 'text' in json ? json.text : undefined;
}
