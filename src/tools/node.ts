import { extraCertificates } from './ca.ts';
import { NOTHING, type Tool } from './tool.ts';

/** Node and npm: NODE_EXTRA_CA_CERTS adds to Node's own roots; a short file, as every start of Node reads it whole. */
export const node: Tool = {
  name: 'node',
  configure(_settings, facts) {
    if (facts.certificates.extra.length === 0) return undefined;
    const path = extraCertificates(facts);
    return {
      ...NOTHING,
      env: { NODE_EXTRA_CA_CERTS: path },
      notes: [`certificates (NODE_EXTRA_CA_CERTS=${path})`],
    };
  },
};
