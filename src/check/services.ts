import { type Definition, parseDefinition } from '../definitions/definitions.ts';
import type { ServiceFact } from '../definitions/folder.ts';
import { checkServiceJson, type Fault } from '../definitions/service-json.ts';
import type { ImageFacts } from '../facts/image/image.ts';
import { listAll } from '../services/mistakes.ts';
import { findCycle } from '../services/order.ts';
import { type Finding, found, type Place, type Topic } from './finding.ts';
import { locateKeys, locateSyntax } from './json-places.ts';
import { judgeChoice } from './service-choice.ts';
import { placeOf, textOf } from './service-places.ts';
import { findMissing } from './service-references.ts';
import { RULES } from './service-rules.ts';

export const services: Topic = {
  title: 'Services',
  rules: RULES,
  find: image => {
    // What is wrong with one of them hides nothing else of it.
    const all = listAll({ services: image.definitions, faultyServices: image.faultyServices });
    return [
      ...image.services.flatMap(fact => judgeFolder(fact, image)),
      ...all.flatMap(definition => [...findMissing(definition, image), ...findNever(definition, image)]),
      ...findCircles(all, image),
      ...judgeChoice(image),
    ];
  },
};

function judgeFolder(fact: ServiceFact, image: ImageFacts): Finding[] {
  const path = `${fact.folder}/service.json`;
  const text = textOf(fact);
  const faults = text === undefined ? [] : checkServiceJson(text, image.signals).faults;
  const { problems } = parseDefinition(fact, image.signals);
  return [
    ...faults.map(fault =>
      found(RULES, 'service-json', {
        path,
        ...locateFault(text ?? '', fault),
        what: fault.seen,
        expected: fault.expected,
      }),
    ),
    ...problems
      .filter(({ what }) => what !== path || text === undefined)
      .map(({ what, seen, expected }) =>
        found(RULES, what === path ? 'service-json' : 'service-folder', { path: what, what: seen, expected }),
      ),
  ];
}

function locateFault(text: string, { keys, isKey }: Fault): Omit<Place, 'path'> {
  return { ...(locateSyntax(text) ?? locateKeys(text, keys, isKey)) };
}

function findNever(definition: Definition, image: ImageFacts): Finding[] {
  const { command, file, env } = definition.when;
  const rows = [
    ['command', command, (name: string) => /\s/.test(name), 'holds a blank', 'the name of a program'],
    ['file', file, (path: string) => !path.startsWith('/'), 'is no absolute path', 'one'],
    ['env', env, (name: string) => /[=\s$]/.test(name), 'can’t be a variable’s name', 'one'],
  ] as const;
  return rows.flatMap(([key, values, isWrong, why, expected]) => {
    const wrong = values.find(isWrong);
    // Any one that holds is enough.
    if (wrong === undefined || !values.every(isWrong)) return [];
    return found(RULES, 'when-never', {
      ...placeOf(definition, image, ['when', key]),
      what: `${JSON.stringify(wrong)} ${why}, so the service never starts`,
      expected,
    });
  });
}

function findCircles(definitions: readonly Definition[], image: ImageFacts): Finding[] {
  const circle = findCycle(definitions);
  const [first, second = ''] = circle ?? [];
  const definition = definitions.find(({ name }) => name === first);
  if (circle === undefined || definition === undefined) return [];
  const key = definition.requires.includes(second) ? 'requires' : 'after';
  return [
    found(RULES, 'service-circle', {
      ...placeOf(definition, image, [key, definition[key].indexOf(second)]),
      what: `a circle: ${circle.join(' -> ')}`,
      expected: 'an order in which each can start',
    }),
  ];
}
