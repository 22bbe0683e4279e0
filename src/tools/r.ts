import { hasCredentials, maskUrl } from '../settings/url.ts';
import { appendMarked } from './marked.ts';
import { placeConfig, removeOurPart } from './placement.ts';
import type { Tool } from './tool.ts';

/** R: options(repos=) in Rprofile.site, and renv's override. Certificates reach R by CURL_CA_BUNDLE. */
export const r: Tool = {
  name: 'r',
  configure(settings, facts) {
    const config = facts.configs.r;
    const mirror = settings.rRepository;
    if (config === undefined) return undefined;
    if (mirror === undefined) return removeOurPart(config);
    const lines = [
      'local({',
      '  repos <- getOption("repos")',
      `  repos["CRAN"] <- ${renderString(mirror)}`,
      '  options(repos = repos)',
      '})',
    ];
    const contribution = placeConfig(
      {
        config,
        fileName: 'Rprofile.site',
        variable: 'R_PROFILE',
        edit: text => appendMarked(text, lines),
        isSecret: hasCredentials(mirror),
        // A user's own .Rprofile runs later and so wins by itself.
        userFile: undefined,
        note: `CRAN ${maskUrl(mirror)}`,
      },
      settings,
      facts,
    );
    return { ...contribution, env: { ...contribution.env, RENV_CONFIG_REPOS_OVERRIDE: mirror } };
  },
};

/** R's strings take JSON's escapes for quotes, backslashes and \uXXXX. */
function renderString(text: string): string {
  return JSON.stringify(text);
}
