import type { Facts } from '../facts/facts.ts';
import type { Settings } from '../settings/settings.ts';
import { type Contribution, NOTHING, type Tool } from './tool.ts';

/**
 * The operator's certificate authorities merged with the system's. Most variables replace a client's trust, so
 * they name the merged bundle; NODE_EXTRA_CA_CERTS (see node.ts) adds to it, so it names only the extra ones.
 *
 * Also where the system's own bundle has them already: requests, uv, the AWS CLI and Node bring roots of their own and
 * never look there.
 */
export const ca: Tool = {
  name: 'ca',
  configure(settings, facts) {
    const { extra, warnings } = facts.certificates;
    const said = [...warnings, ...sayBroken(settings, facts)];
    if (extra.length > 0) return { ...mergeAll(facts), warnings: [...said, ...sayMissingSystem(facts)] };
    return said.length === 0 ? undefined : { ...NOTHING, warnings: said };
  },
};

function mergeAll(facts: Facts): Contribution {
  const { extra, lacking, source, system } = facts.certificates;
  const bundle = caBundle(facts) ?? '';
  const text = (system?.text ?? '') + lacking.join('');
  const known = extra.length - lacking.length;
  const already = known === 0 ? '' : `, ${known === extra.length ? 'all' : known} of them there already`;
  return {
    files: [
      { path: bundle, text, mode: 0o644, owner: 'lintel' },
      { path: extraCertificates(facts), text: extra.join(''), mode: 0o644, owner: 'lintel' },
    ],
    env: {
      SSL_CERT_FILE: bundle,
      REQUESTS_CA_BUNDLE: bundle,
      CURL_CA_BUNDLE: bundle,
      AWS_CA_BUNDLE: bundle,
    },
    notes: [
      `${extra.length} certificate(s) of ${source} added to ${system?.path ?? 'none of the system'}${already} (${bundle})`,
    ],
    warnings: [],
  };
}

/** A variable of the container's own that names nothing: pip, curl, git and R then reach no server at all. */
function sayBroken({ enforce }: Settings, facts: Facts): string[] {
  const isReplaced = (path: string) =>
    caBundle(facts) !== undefined &&
    (enforce === true || path === caBundle(facts) || path === extraCertificates(facts));
  return Object.entries(facts.certificates.broken).flatMap(([name, path]) =>
    isReplaced(path)
      ? []
      : [`${name} names ${JSON.stringify(path)}, which is not there: what follows it trusts no server`],
  );
}

function sayMissingSystem({ certificates }: Facts): string[] {
  if (certificates.system !== undefined) return [];
  return ['no bundle of the system was found: only these certificates are trusted (install ca-certificates)'];
}

/** Path of the merged bundle; undefined when there is nothing to add to the system's. */
export function caBundle(facts: Facts): string | undefined {
  return facts.certificates.extra.length === 0 ? undefined : `${facts.runtimeDir}/ca-bundle.pem`;
}

/** Path of the extra certificates alone. */
export function extraCertificates(facts: Facts): string {
  return `${facts.runtimeDir}/ca-extra.pem`;
}
