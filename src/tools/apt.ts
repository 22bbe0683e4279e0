import { parseNoProxy } from '../settings/proxy.ts';
import { hasCredentials, maskUrl } from '../settings/url.ts';
import { appendMarked } from './marked.ts';
import { placeInFile, removeOurPart } from './placement.ts';
import { NOTHING, type Tool } from './tool.ts';

/** apt: the proxies in a file of their own, since sudo takes the variables away. */
export const apt: Tool = {
  name: 'apt',
  configure(settings, facts) {
    const { apt: config } = facts.configs;
    if (config === undefined) return undefined;
    const proxies = [
      ['http', settings.httpProxy],
      ['https', settings.httpsProxy],
    ].flatMap(([protocol = '', url]) => (url === undefined ? [] : [{ protocol, url: withScheme(url) }]));
    if (proxies.length === 0) return removeOurPart(config);
    const mayStandThere = !proxies.some(({ url }) => hasCredentials(url));
    const lines = proxies.flatMap(({ protocol, url }) => [
      `Acquire::${protocol}::Proxy ${quote(url)};`,
      ...findHosts(settings.noProxy).map(host => `Acquire::${protocol}::Proxy::${host} "DIRECT";`),
    ]);
    const placed = placeInFile(config, mayStandThere, text => ({ text: appendMarked(text, lines) }));
    return {
      ...NOTHING,
      files: placed.files,
      notes: placed.isPlaced
        ? [`proxy ${proxies.map(({ url }) => maskUrl(url)).join(', ')} (${config.path})`]
        : [],
      warnings: placed.warnings,
    };
  },
};

/** apt knows no domains and no networks here, only whole names. */
function findHosts(noProxy = ''): string[] {
  return parseNoProxy(noProxy).filter(host => /^[a-z0-9][a-z0-9.-]*$/i.test(host));
}

function withScheme(url: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? url : `http://${url}`;
}

/** In apt's syntax nothing within quotes is special but the quote itself, which no URL of ours may hold. */
function quote(text: string): string {
  return `"${text.replaceAll('"', '%22')}"`;
}
