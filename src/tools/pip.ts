import { hasCredentials, maskUrl } from '../settings/url.ts';
import { caBundle } from './ca.ts';
import { hasIniKey, setIniMarked } from './marked.ts';
import { findUserFile, placeConfig, removeOurPart } from './placement.ts';
import type { Tool } from './tool.ts';

/** pip: index-url and cert in pip.conf. pip warns of nothing but refuses plain http without trusted-host. */
export const pip: Tool = {
  name: 'pip',
  configure(settings, facts) {
    const { pip: config, userPip } = facts.configs;
    const index = settings.pipRepository;
    const cert = caBundle(facts);
    if (index === undefined && cert === undefined) return removeOurPart(config);
    const entries: Record<string, string> = {
      ...(index === undefined ? {} : { 'index-url': index }),
      ...(/^http:/i.test(index ?? '') ? { 'trusted-host': new URL(index ?? '').host } : {}),
      ...(cert === undefined ? {} : { cert }),
    };
    const key = index === undefined ? 'cert' : 'index-url';
    const rivals = {
      ...(index === undefined ? {} : { PIP_INDEX_URL: index }),
      ...(cert === undefined ? {} : { PIP_CERT: cert }),
    };
    const placed = placeConfig(
      {
        config,
        fileName: 'pip.conf',
        variable: 'PIP_CONFIG_FILE',
        edit: text => setIniMarked(text, { section: 'global', entries, hasIndentedValues: true }),
        isSecret: index !== undefined && hasCredentials(index),
        userFile: findUserFile(
          userPip,
          text => hasIniKey(text, 'global', key) || hasIniKey(text, 'install', key),
        ),
        note: index === undefined ? 'certificates' : `index ${maskUrl(index)}`,
      },
      settings,
      facts,
    );
    return { ...placed, rivals };
  },
};
