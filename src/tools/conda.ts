import { hasCredentials, maskUrl } from '../settings/url.ts';
import { caBundle } from './ca.ts';
import { hasYamlKey, setYamlMarked } from './marked.ts';
import { findUserFile, placeConfig, removeOurPart } from './placement.ts';
import type { Tool } from './tool.ts';

/** conda, mamba and micromamba: channels, default_channels and ssl_verify in .condarc. */
export const conda: Tool = {
  name: 'conda',
  configure(settings, facts) {
    const { conda: config, userConda } = facts.configs;
    const channels = settings.condaRepository ?? [];
    const bundle = caBundle(facts);
    if (channels.length === 0 && bundle === undefined) return removeOurPart(config);
    const entries: Record<string, readonly string[]> = {
      ...(channels.length === 0
        ? {}
        : { channels: list('channels', channels), default_channels: list('default_channels', channels) }),
      ...(bundle === undefined ? {} : { ssl_verify: [`ssl_verify: ${JSON.stringify(bundle)}`] }),
    };
    const key = channels.length === 0 ? 'ssl_verify' : 'channels';
    return placeConfig(
      {
        config,
        fileName: 'condarc',
        variable: 'CONDARC',
        edit: text => setYamlMarked(text, entries),
        isSecret: channels.some(hasCredentials),
        userFile: findUserFile(userConda, text => hasYamlKey(text, key)),
        note: channels.length === 0 ? 'certificates' : `channels ${channels.map(maskUrl).join(', ')}`,
      },
      settings,
      facts,
    );
  },
};

/** JSON strings are YAML strings. */
function list(key: string, values: readonly string[]): string[] {
  return [`${key}:`, ...values.map(value => `  - ${JSON.stringify(value)}`)];
}
