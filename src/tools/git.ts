import { caBundle } from './ca.ts';
import { hasIniKey, removeMarked, setIniMarked } from './marked.ts';
import { findUserFile, removeOurPart } from './placement.ts';
import { NOTHING, type Tool } from './tool.ts';

/**
 * git: the certificates. In /etc/gitconfig for every shell, and in GIT_SSL_CAINFO because a git from conda reads
 * another system file; a user's own http.sslCAInfo wins over the first only, so the variable is then not set.
 */
export const git: Tool = {
  name: 'git',
  configure(settings, facts) {
    const { git: config, userGit } = facts.configs;
    const bundle = caBundle(facts);
    if (bundle === undefined) return removeOurPart(config);
    if (config.trouble !== undefined)
      return { ...NOTHING, warnings: [`${config.path} can't be read (${config.trouble}): left alone`] };
    const userFile = findUserFile(userGit, text => hasIniKey(text, 'http', 'sslCAInfo'));
    const userWins = userFile !== undefined && settings.enforce !== true;
    const text = setIniMarked(removeMarked(config.text ?? ''), {
      section: 'http',
      entries: { sslCAInfo: bundle },
      hasIndentedValues: false,
    });
    const isChanged = config.isWritable && text !== config.text;
    return {
      files: isChanged ? [{ path: config.path, text, mode: 0o644, owner: 'lintel' }] : [],
      env: userWins ? {} : { GIT_SSL_CAINFO: bundle },
      notes: [`certificates (${config.isWritable ? config.path : 'GIT_SSL_CAINFO'})`],
      warnings: userWins ? [`${userFile} has http.sslCAInfo of its own, which wins`] : [],
    };
  },
};
