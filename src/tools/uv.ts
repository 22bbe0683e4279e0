import { hasCredentials, maskUrl } from '../settings/url.ts';
import { appendMarked, removeMarked } from './marked.ts';
import { removeOurPart } from './placement.ts';
import { NOTHING, type Tool } from './tool.ts';

/** Anything that already chooses an index; a second [[index]] with default = true would be an error of uv's. */
const OWN_INDEX = /^\s*(\[\[index\]\]|\[\[?pip\]\]?|(extra-|default-)?index(-url)?\s*=)/m;

/** uv: the default index in uv.toml, else in UV_DEFAULT_INDEX. Certificates reach uv by SSL_CERT_FILE. */
export const uv: Tool = {
  name: 'uv',
  configure(settings, facts) {
    const { uv: config } = facts.configs;
    const index = settings.pipRepository;
    if (index === undefined) return removeOurPart(config);
    const note = `default index ${maskUrl(index)}`;
    const own = removeMarked(config.text ?? '');
    const useVariable =
      hasCredentials(index) ||
      settings.enforce === true ||
      !config.isWritable ||
      config.trouble !== undefined ||
      OWN_INDEX.test(own);
    if (useVariable) {
      return {
        ...removeOurPart(config),
        rivals: { UV_INDEX_URL: index },
        env: { UV_DEFAULT_INDEX: index },
        notes: [`${note} (UV_DEFAULT_INDEX)`],
      };
    }
    const text = appendMarked(own, ['[[index]]', `url = ${JSON.stringify(index)}`, 'default = true']);
    const files =
      text === config.text ? [] : [{ path: config.path, text, mode: 0o644, owner: 'lintel' } as const];
    const rivals = { UV_DEFAULT_INDEX: index, UV_INDEX_URL: index };
    return { ...NOTHING, files, rivals, notes: [`${note} (${config.path})`] };
  },
};
