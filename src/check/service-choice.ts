import type { ImageFacts } from '../facts/image/image.ts';
import { chooseServices } from '../services/choice.ts';
import { type Disabled, renderDisabled } from '../services/disabled.ts';
import { type Finding, found, placeOfVariable } from './finding.ts';
import { RULES } from './service-rules.ts';

/** What LINTEL_SERVICES and the image’s services come to: as a boot without CMD would choose. */
export function judgeChoice(image: ImageFacts): Finding[] {
  const { settings, environment, definitions: services, faultyServices } = image;
  const { mentions, programs, presentFiles } = image;
  const facts = { services, faultyServices, mentions, programs, presentFiles };
  const chosen = chooseServices({ settings, environment, facts, command: [] });
  const lists = ['LINTEL_SERVICES', 'LINTEL_SERVICES_DISABLED'];
  const named = new Set(settings.services ?? []);
  // Mistakes are found where they stand.
  const disabled = chosen.disabled.filter(({ isMistake }) => isMistake !== true);
  return [
    ...chosen.problems
      .filter(({ what }) => lists.includes(what))
      .map(({ what, seen, expected }) =>
        found(RULES, 'unknown-service', {
          ...placeOfVariable(what, image),
          what: `${what}: ${seen}`,
          expected,
        }),
      ),
    ...disabled
      .filter(({ name }) => named.has(name))
      .map(({ name, why }) =>
        found(RULES, 'not-started', {
          ...placeOfVariable('LINTEL_SERVICES', image),
          what: `service ${name} does not start here: ${why}`,
          expected: 'one that can start',
          severity: 'warning',
        }),
      ),
    ...noteDisabled(
      disabled.filter(({ name }) => !named.has(name)),
      image,
    ),
  ];
}

/** Of what Lintel ships, most has no program in any one image. */
function noteDisabled(disabled: readonly Disabled[], { definitions }: ImageFacts): Finding[] {
  const originOf = (wanted: string) => definitions.find(({ name }) => name === wanted)?.origin;
  return (['image', 'shipped'] as const).flatMap(origin => {
    const own = disabled.filter(({ name }) => originOf(name) === origin);
    if (own.length === 0) return [];
    return found(RULES, 'not-started', {
      path: origin === 'image' ? '/etc/services.d' : '/usr/local/lib/lintel/services.d',
      what: `not started here: ${renderDisabled(own)}`,
      expected: '',
    });
  });
}
