import type { Facts } from '../facts/facts.ts';
import type { Settings } from '../settings/settings.ts';
import { caBundle } from './ca.ts';
import { appendMarked, removeMarked } from './marked.ts';
import {
  findUserFile,
  makeOwnFile,
  placeInFile,
  removeOurPart,
  sayUserWins,
  textToCopy,
} from './placement.ts';
import { type FileWrite, NOTHING, type Tool } from './tool.ts';

const OWN_CERTIFICATES = /^[^\S\n]*(ca_?certificate|ca_?directory)\s*=/im;

/**
 * wget: the certificates, since it reads none of the variables for them: ca_certificate in /etc/wgetrc, else in a file
 * of ours that SYSTEM_WGETRC names. Of two lines the later wins, so our part goes to the end.
 */
export const wget: Tool = {
  name: 'wget',
  configure(settings, facts) {
    const { wget: config, userWget } = facts.configs;
    const bundle = caBundle(facts);
    if (config === undefined) return undefined;
    if (bundle === undefined) return removeOurPart(config);
    const lines = [`ca_certificate = ${bundle}`];
    const placed = placeInFile(config, true, text => ({ text: appendMarked(text, lines) }));
    const own = placed.isPlaced
      ? undefined
      : makeOwnFile(facts, {
          name: 'wgetrc',
          text: appendMarked(textToCopy(config), lines),
          isSecret: false,
        });
    const userFile = findUserFile(userWget, text => OWN_CERTIFICATES.test(text));
    const last = userFile === undefined ? undefined : makeLast({ settings, facts, lines });
    return {
      ...NOTHING,
      files: [own, last, ...placed.files].filter(file => file !== undefined),
      env: {
        ...(own === undefined ? {} : { SYSTEM_WGETRC: own.path }),
        ...(last === undefined ? {} : { WGETRC: last.path }),
      },
      notes: [`certificates (${own === undefined ? config.path : `SYSTEM_WGETRC=${own.path}`})`],
      warnings: [
        ...placed.warnings,
        ...(userFile === undefined || last !== undefined ? [] : [sayUserWins(userFile, 'ca_certificate')]),
      ],
    };
  },
};

/** For LINTEL_ENFORCE=1: the user's own file with our line behind it, which WGETRC puts in its place. */
function makeLast(given: {
  readonly settings: Settings;
  readonly facts: Facts;
  readonly lines: readonly string[];
}): FileWrite | undefined {
  if (given.settings.enforce !== true) return undefined;
  const own = given.facts.configs.userWget.map(({ text }) => removeMarked(text ?? '')).join('\n');
  return makeOwnFile(given.facts, {
    name: 'wgetrc.user',
    text: appendMarked(own, given.lines),
    isSecret: true,
  });
}
