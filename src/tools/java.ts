import type { Facts } from '../facts/facts.ts';
import { parseNoProxy, parseProxy } from '../settings/proxy.ts';
import type { Settings } from '../settings/settings.ts';
import { caBundle } from './ca.ts';
import { makeKeystore } from './keystore.ts';
import { type FileWrite, NOTHING, type Tool } from './tool.ts';

/**
 * Java: a keystore of the merged certificates, and the proxy. JAVA_TOOL_OPTIONS is the one place that every virtual
 * machine reads, also one inside of Spark or R, whoever may write its own keystore; the price is a line that it says on
 * stderr. The system's keystore is root's, and a Java from conda has another one.
 */
export const java: Tool = {
  name: 'java',
  configure(settings, facts) {
    if (facts.programs['java'] === undefined) return undefined;
    const store = makeStore(facts);
    const proxy = makeProxy(settings);
    const options = [
      ...(store === undefined ? [] : [`-Djavax.net.ssl.trustStore=${store.path}`]),
      ...proxy.options,
    ];
    if (options.length === 0)
      return proxy.warnings.length === 0 ? undefined : { ...NOTHING, warnings: proxy.warnings };
    const what = [
      ...(store === undefined ? [] : ['certificates']),
      ...(proxy.options.length === 0 ? [] : ['proxy']),
    ];
    return {
      ...NOTHING,
      files: store === undefined ? [] : [store],
      options: { JAVA_TOOL_OPTIONS: options.map(quote) },
      notes: [`${what.join(' and ')} (JAVA_TOOL_OPTIONS)`],
      warnings: proxy.warnings,
    };
  },
};

function makeStore(facts: Facts): FileWrite | undefined {
  if (caBundle(facts) === undefined) return undefined;
  const { lacking, system } = facts.certificates;
  return {
    path: `${facts.runtimeDir}/java-cacerts`,
    text: makeKeystore(system?.text ?? '', lacking.join('')),
    encoding: 'base64',
    mode: 0o644,
    owner: 'lintel',
  };
}

/** Java's own, which a value of ours would replace. */
const DIRECT = ['localhost', '127.*', '[::1]'];

function makeProxy({ httpProxy, httpsProxy, noProxy }: Settings): {
  readonly options: readonly string[];
  readonly warnings: readonly string[];
} {
  const proxies = [
    { protocol: 'http', proxy: parseProxy(httpProxy ?? '') },
    { protocol: 'https', proxy: parseProxy(httpsProxy ?? '') },
  ].flatMap(({ protocol, proxy }) => (proxy === undefined ? [] : [{ protocol, proxy }]));
  const usable = proxies.filter(({ proxy }) => !proxy.protocol.startsWith('socks'));
  const options = usable.flatMap(({ protocol, proxy: { host, port } }) => [
    `-D${protocol}.proxyHost=${host}`,
    `-D${protocol}.proxyPort=${port}`,
  ]);
  return {
    options: options.length === 0 ? [] : [...options, `-Dhttp.nonProxyHosts=${renderDirect(noProxy)}`],
    warnings: [
      ...(usable.length < proxies.length ? ['a SOCKS proxy is not set for Java'] : []),
      // It would stand in the line that Java says of its options.
      ...(proxies.some(({ proxy: { user, password } }) => user !== '' || password !== '')
        ? ['the proxy’s user name and password are not set for Java']
        : []),
    ],
  };
}

/** ".example.com" and "example.com" mean that domain and all below it; Java knows neither networks nor ports there. */
function renderDirect(noProxy = ''): string {
  const hosts = parseNoProxy(noProxy)
    .map(host => host.replace(/:\d+$/, ''))
    .filter(host => /^[\w.*:[\]-]+$/.test(host))
    .flatMap(host => {
      const domain = host.replace(/^\*?\./, '');
      return host === '*' || /^[\d.*]+$|:/.test(host) ? [host] : [domain, `*.${domain}`];
    });
  return [...new Set([...DIRECT, ...hosts])].join('|');
}

/** As the virtual machine takes options apart: by blanks, but for those between quotes. */
function quote(option: string): string {
  if (!/[\s"']/.test(option)) return option;
  return option.includes('"') ? `'${option}'` : `"${option}"`;
}
