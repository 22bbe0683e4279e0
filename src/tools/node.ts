import { extraCertificates } from './ca.ts';
import { NOTHING, type Tool } from './tool.ts';

/**
 * Node and npm: NODE_EXTRA_CA_CERTS adds to Node's own roots; a short file, as every start of Node reads it whole. From
 * 24 on Node follows the variables for proxies where it is told to; npm always does.
 */
export const node: Tool = {
  name: 'node',
  configure({ httpProxy, httpsProxy }, facts) {
    const hasCertificates = facts.certificates.extra.length > 0;
    const hasProxy = httpProxy !== undefined || httpsProxy !== undefined;
    if (!hasCertificates && !hasProxy) return undefined;
    const path = extraCertificates(facts);
    return {
      ...NOTHING,
      env: {
        ...(hasCertificates ? { NODE_EXTRA_CA_CERTS: path } : {}),
        ...(hasProxy ? { NODE_USE_ENV_PROXY: '1' } : {}),
      },
      notes: [
        ...(hasCertificates ? [`certificates (NODE_EXTRA_CA_CERTS=${path})`] : []),
        ...(hasProxy ? ['proxies (NODE_USE_ENV_PROXY=1)'] : []),
      ],
    };
  },
};
