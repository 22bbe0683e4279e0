import { readRoots } from '../facts/certificates.ts';
import type { Facts } from '../facts/facts.ts';
import type { Settings } from '../settings/settings.ts';

/** How the container reaches others: what decides every download of Lintel's. */
export interface Network {
  readonly httpProxy: string | undefined;
  readonly httpsProxy: string | undefined;
  readonly noProxy: string | undefined;
  /** Asked only for https. */
  readonly readRoots: () => Roots;
}

/** The certificates to trust, as PEM texts. */
export interface Roots {
  readonly system: string | undefined;
  readonly extra: readonly string[];
}

export function makeNetwork(settings: Settings, facts: Facts): Network {
  const { httpProxy, httpsProxy, noProxy } = settings;
  return { httpProxy, httpsProxy, noProxy, readRoots: () => readRoots(facts.root, facts.certificates) };
}

/** The proxy for that URL, with its scheme; undefined for none. As curl, the one for http is not used for https. */
export function chooseProxy(url: URL, network: Network, isInSubnet: SubnetTest): string | undefined {
  const proxy = url.protocol === 'https:' ? network.httpsProxy : network.httpProxy;
  if (proxy === undefined || isExempt(url, network.noProxy ?? '', isInSubnet)) return undefined;
  // Names are resolved by the proxy in any case.
  const named = proxy.replace(/^socks5h:/i, 'socks5:');
  return /^[a-z][a-z0-9]*:\/\//i.test(named) ? named : `http://${named}`;
}

/** Whether an address lies in "10.0.0.0/8" or the like; false for what is no address or no subnet. */
export type SubnetTest = (address: string, subnet: string) => boolean;

/**
 * What NO_PROXY names: `*`, hosts with everything below them (with or without a dot or `*.` in front), addresses,
 * subnets, each with or without a port.
 */
function isExempt(url: URL, noProxy: string, isInSubnet: SubnetTest): boolean {
  const host = bare(url.hostname);
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return noProxy
    .split(/[\s,]+/)
    .filter(entry => entry !== '')
    .some(entry => {
      if (entry === '*') return true;
      if (entry.includes('/')) return isInSubnet(host, entry);
      const [, name = '', only] = /^(\[.*\]|[^:]*|.*:.*:.*?)(?::(\d+))?$/.exec(entry) ?? [];
      if (only !== undefined && only !== port) return false;
      const exempt = bare(name.replace(/^\*?\./, ''));
      return exempt !== '' && (host === exempt || host.endsWith(`.${exempt}`));
    });
}

/** Without IPv6's brackets and the last dot of a full name. */
function bare(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
}
