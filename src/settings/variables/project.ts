import { absolutePath, anyText, flag, gitUrl, httpUrl, integer, sha256, someOf } from '../values.ts';
import { lintel, platform, secret, type Variable } from '../variable.ts';

const DAY_S = 86_400;

export const PROJECT = {
  gitUserName: platform('GIT_USER_NAME', anyText, 'git’s user.name.'),
  gitUserMail: platform(['GIT_USER_MAIL', 'GIT_USER_EMAIL'], anyText, 'git’s user.email.'),
  gitCredentialsCacheDuration: platform(
    'GIT_CREDENTIALS_CACHE_DURATION',
    integer({ from: 0, to: 365 * DAY_S, unit: 'seconds' }),
    'How long git’s credential cache keeps what a user typed.',
  ),
  gitRepository: platform(
    'GIT_REPOSITORY',
    gitUrl,
    'Repository to clone into the project folder, unless it is there already.',
  ),
  gitBranch: platform('GIT_BRANCH', anyText, 'Branch or tag to clone. Default: the repository’s.'),
  gitToken: secret(
    'GIT_PERSONAL_ACCESS_TOKEN',
    anyText,
    'Token for that repository’s server, given to git by a credential helper alone.',
  ),
  projectDirectory: platform(
    ['ROOT_PROJECT_DIRECTORY', 'WORKSPACE_DIR'],
    absolutePath,
    'Project folder: where the repository is cloned. Default: ~/work where that is a folder, else HOME.',
  ),
  regionScript: platform(
    'REGION_INIT_SCRIPT',
    httpUrl,
    'Script of the platform’s, run first of all, as Lintel’s own user.',
  ),
  regionScriptChecksum: platform(
    'REGION_INIT_SCRIPT_CHECKSUM',
    sha256,
    'SHA-256 of that script: with it a server whose certificate can’t be verified is accepted.',
  ),
  regionScriptInsecure: lintel(
    'LINTEL_REGION_INIT_INSECURE',
    flag,
    'Accept the region script from a server whose certificate can’t be verified.',
  ),
  personalScript: platform(
    'PERSONAL_INIT_SCRIPT',
    httpUrl,
    'Script of the user’s, run when everything but services and CMD is done.',
  ),
  personalScriptArgs: platform(
    'PERSONAL_INIT_ARGS',
    anyText,
    'Its arguments, split at blanks; nothing is evaluated.',
  ),
  asyncInit: lintel(
    'LINTEL_ASYNC_INIT',
    someOf(['clone', 'personal-script']),
    'What may go on after the services have started. What it adds to the environment then reaches only what starts later. Default: none.',
  ),
} as const satisfies Record<string, Variable<unknown>>;

export const APPEARANCE = {
  darkMode: platform('DARK_MODE', flag, 'Dark JupyterLab, code-server and RStudio.'),
} as const satisfies Record<string, Variable<unknown>>;
