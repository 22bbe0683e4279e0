import { hasCredentials, maskUrl } from '../settings/url.ts';
import { appendMarked } from './marked.ts';
import { type Edited, findUserFile, placeInFile, removeOurPart, sayUserWins } from './placement.ts';
import type { Tool } from './tool.ts';

/** Anything that already chooses an index; a second [[index]] with default = true would be an error of uv's. */
const OWN_INDEX = /^[^\S\n]*(\[\[index\]\]|\[\[?pip\]\]?|(extra-|default-)?index(-url)?\s*=)/m;
/** What chooses where packages come from by default: another [[index]] only adds to it. */
const OWN_DEFAULT = /^[^\S\n]*(default-index|index-url)\s*=|^[^#\n]*\bdefault\s*=\s*true/m;

/** uv: the default index in uv.toml, else in UV_DEFAULT_INDEX. Certificates reach uv by SSL_CERT_FILE. */
export const uv: Tool = {
  name: 'uv',
  configure(settings, facts) {
    const { uv: config, userUv } = facts.configs;
    const index = settings.pipRepository;
    if (index === undefined) return removeOurPart(config);
    const enforce = settings.enforce === true;
    const placed = placeInFile(config, !enforce && !hasCredentials(index), text => edit(text, index));
    const userFile = enforce ? undefined : findUserFile(userUv, text => OWN_DEFAULT.test(text));
    const warnings = [
      // An image's own choice gives way to the variable.
      ...(placed.trouble === OWN_CHOICE ? [] : placed.warnings),
      ...(userFile === undefined ? [] : [sayUserWins(userFile, 'a default index')]),
    ];
    const note = `default index ${maskUrl(index)}`;
    if (placed.isPlaced) {
      const rivals = { UV_DEFAULT_INDEX: index, UV_INDEX_URL: index };
      return { files: placed.files, env: {}, rivals, notes: [`${note} (${config.path})`], warnings };
    }
    if (userFile !== undefined) return { files: placed.files, env: {}, notes: [], warnings };
    return {
      files: placed.files,
      env: { UV_DEFAULT_INDEX: index },
      rivals: { UV_INDEX_URL: index },
      notes: [`${note} (UV_DEFAULT_INDEX)`],
      warnings,
    };
  },
};

const OWN_CHOICE = 'it chooses an index itself';

function edit(text: string, index: string): Edited {
  if (OWN_INDEX.test(text)) return { trouble: OWN_CHOICE };
  return { text: appendMarked(text, ['[[index]]', `url = ${JSON.stringify(index)}`, 'default = true']) };
}
