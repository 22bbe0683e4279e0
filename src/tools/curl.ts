import { caBundle } from './ca.ts';
import { appendMarked } from './marked.ts';
import { findUserFile, makeOwnFile, sayUserWins } from './placement.ts';
import { NOTHING, type Tool } from './tool.ts';

const OWN_CERTIFICATES = /^[^\S\n]*(--)?(cacert|capath)\b/m;

/**
 * curl: the certificates reach it by CURL_CA_BUNDLE, and proxies by their variables, but a user's own .curlrc wins over
 * them. With LINTEL_ENFORCE=1 CURL_HOME puts a copy in its place that ends with our line.
 */
export const curl: Tool = {
  name: 'curl',
  configure(settings, facts) {
    const bundle = caBundle(facts);
    const { userCurl } = facts.configs;
    const userFile = findUserFile(userCurl, text => OWN_CERTIFICATES.test(text));
    if (bundle === undefined || userFile === undefined) return undefined;
    if (settings.enforce !== true) return { ...NOTHING, warnings: [sayUserWins(userFile, 'cacert')] };
    const text = userCurl.find(({ path }) => path === userFile)?.text ?? '';
    const own = makeOwnFile(facts, {
      name: 'curl/.curlrc',
      text: appendMarked(text, [`cacert = ${JSON.stringify(bundle)}`]),
      isSecret: true,
    });
    const folder = own.path.slice(0, own.path.lastIndexOf('/'));
    return {
      ...NOTHING,
      files: [own],
      env: { CURL_HOME: folder },
      notes: [`certificates (CURL_HOME=${folder})`],
    };
  },
};
