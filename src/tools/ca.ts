import type { Facts } from '../facts/facts.ts';
import type { Contribution, Tool } from './tool.ts';

/**
 * The operator's certificate authorities merged with the system's. Most variables replace a client's trust, so
 * they name the merged bundle; NODE_EXTRA_CA_CERTS (see node.ts) adds to it, so it names only the extra ones.
 */
export const ca: Tool = {
  name: 'ca',
  configure(_settings, facts) {
    const { extra, source, system } = facts.certificates;
    if (extra.length === 0) return undefined;
    const bundle = caBundle(facts) ?? '';
    const own = extra.join('');
    const contribution: Contribution = {
      files: [
        { path: bundle, text: (system?.text ?? '') + own, mode: 0o644, owner: 'lintel' },
        { path: extraCertificates(facts), text: own, mode: 0o644, owner: 'lintel' },
      ],
      env: { SSL_CERT_FILE: bundle, REQUESTS_CA_BUNDLE: bundle, CURL_CA_BUNDLE: bundle },
      notes: [
        `${extra.length} certificate(s) of ${source} added to ${system?.path ?? 'none of the system'} (${bundle})`,
      ],
      warnings:
        system === undefined
          ? [
              'no bundle of the system was found: only these certificates are trusted (install ca-certificates)',
            ]
          : [],
    };
    return contribution;
  },
};

/** Path of the merged bundle; undefined when there is nothing to add to the system's. */
export function caBundle(facts: Facts): string | undefined {
  return facts.certificates.extra.length === 0 ? undefined : `${facts.runtimeDir}/ca-bundle.pem`;
}

/** Path of the extra certificates alone. */
export function extraCertificates(facts: Facts): string {
  return `${facts.runtimeDir}/ca-extra.pem`;
}
