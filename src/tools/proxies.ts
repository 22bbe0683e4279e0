import { parseNoProxy, sparesLoopback } from '../settings/proxy.ts';
import { maskUrl } from '../settings/url.ts';
import { NOTHING, type Tool } from './tool.ts';

/** What no proxy can reach: the container's own services. */
const LOOPBACK = 'localhost,127.0.0.1,::1';

/**
 * Proxies, in both cases: curl, wget and R's libcurl read http_proxy, Java tools and others HTTP_PROXY; pip, uv, conda,
 * git, npm and apt read them too. Where nothing is said of NO_PROXY, requests to the container itself stay in it.
 */
export const proxies: Tool = {
  name: 'proxies',
  configure(settings) {
    const { httpProxy, httpsProxy } = settings;
    if (httpProxy === undefined && httpsProxy === undefined)
      return settings.noProxy === undefined
        ? undefined
        : { ...NOTHING, env: inBothCases('NO_PROXY', settings.noProxy) };
    const noProxy = settings.noProxy ?? LOOPBACK;
    return {
      ...NOTHING,
      env: {
        ...inBothCases('HTTP_PROXY', httpProxy),
        ...inBothCases('HTTPS_PROXY', httpsProxy),
        ...inBothCases('NO_PROXY', noProxy),
      },
      notes: [
        [
          ...(httpProxy === undefined ? [] : [`http by ${maskUrl(httpProxy)}`]),
          ...(httpsProxy === undefined ? [] : [`https by ${maskUrl(httpsProxy)}`]),
          `not for ${noProxy}`,
        ].join(', '),
      ],
      warnings: sparesLoopback(parseNoProxy(noProxy))
        ? []
        : ['NO_PROXY lacks localhost: requests to this container’s own services go to the proxy'],
    };
  },
};

function inBothCases(name: string, value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { [name]: value, [name.toLowerCase()]: value };
}
