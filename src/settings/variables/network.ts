import { anyText, proxyUrl } from '../values.ts';
import { platform, type Variable } from '../variable.ts';

export const NETWORK = {
  pathToCaBundle: platform(
    ['PATH_TO_CA_BUNDLE', 'PATH_TO_CABUNDLE'],
    anyText,
    'Certificate authorities to trust besides the system’s: a PEM file, a folder of such files, or the PEM text itself (also with \\n for its newlines, or in base64). Without it the *.crt files below /usr/local/share/ca-certificates count.',
  ),
  httpProxy: platform(
    ['HTTP_PROXY', 'http_proxy'],
    proxyUrl,
    'Proxy for http. Set in both cases for every tool.',
  ),
  httpsProxy: platform(
    ['HTTPS_PROXY', 'https_proxy'],
    proxyUrl,
    'Proxy for https. Set in both cases for every tool.',
  ),
  noProxy: platform(
    ['NO_PROXY', 'no_proxy'],
    anyText,
    'Hosts that are asked without the proxy. Set in both cases for every tool. Default, where there is a proxy: this container itself.',
  ),
} as const satisfies Record<string, Variable<unknown>>;
