import type { Variable } from '../settings/variable.ts';
import { USER } from '../settings/variables/user.ts';
import { SECRETS } from '../settings/variables.ts';

/**
 * Why a variable of that name is not taken from a place that a user may write to; undefined when it is. What comes
 * from there is seen by every program of the boot, by root's scripts too.
 *
 * | names                                        | taken by Lintel as root | as another user |
 * |----------------------------------------------|-------------------------|-----------------|
 * | no variable's name                           | no                      | no              |
 * | who the user is, where programs are, Lintel's | no                      | no              |
 * | what makes programs run somebody's code      | no                      | yes             |
 * | what makes Lintel do something as root       | no                      | yes             |
 */
export function findRefusal(name: string, isRoot: boolean): string | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return 'no name of a variable';
  if (BOOT.test(name)) return 'decides who or what the boot is for';
  if (!isRoot) return undefined;
  if (CODE.test(name) || GIT.test(name)) return 'could run code in root’s scripts';
  return DEEDS.has(name) || name.startsWith('FILE__') ? 'could make root act for somebody else' : undefined;
}

const BOOT = /^(PATH|HOME|USER|LOGNAME|SHELL|PWD|OLDPWD|IFS|LINTEL_.*|S6_.*|_START_SH_EXECUTED)$/;

/** Loaders, shells and interpreters: what they load or run before, or instead of, what they were asked to. */
const CODE =
  /^((LD|DYLD|GLIBC|BASH|MALLOC)_.*|GCONV_PATH|LOCPATH|NLSPATH|ENV|BASHOPTS|SHELLOPTS|CDPATH|PS4|PROMPT_COMMAND|ZDOTDIR|TMPDIR|EDITOR|VISUAL|PAGER|LESSOPEN|LESSCLOSE|PYTHON[A-Z].*|PERL[0-9A-Z].*|RUBY(OPT|LIB)|GEM_(HOME|PATH)|NODE_(OPTIONS|PATH)|(_JAVA|JDK_JAVA)_OPTIONS|JAVA_TOOL_OPTIONS|CLASSPATH|R_(HOME|LIBS.*|PROFILE.*|ENVIRON.*)|LUA_(INIT|PATH|CPATH).*|OPENSSL_(CONF|MODULES|ENGINES)|CURL_HOME|WGETRC|SYSTEM_WGETRC|npm_config_.*|NPM_CONFIG_.*|PIP_CONFIG_FILE|CONDARC|XDG_CONFIG_.*|APT_CONFIG|TAR_OPTIONS|(RSYNC|CVS)_RSH|(GNU)?MAKEFLAGS|MAKEFILES|(SSH|SUDO)_ASKPASS|SUDO_EDITOR|MANPAGER|BROWSER|(CONDA|MAMBA)_(EXE|PYTHON_EXE|PREFIX|ROOT_PREFIX)|KUBECONFIG|DOCKER_CONFIG|AWS_(CONFIG|SHARED_CREDENTIALS)_FILE|GIO_EXTRA_MODULES|GTK_(PATH|MODULES))$/i;

/** git runs what many of its variables name. These only say who and what. */
const GIT =
  /^GIT_(?!(USER_(NAME|MAIL|EMAIL)|REPOSITORY|BRANCH|PERSONAL_ACCESS_TOKEN|CREDENTIALS_CACHE_DURATION|(AUTHOR|COMMITTER)_(NAME|EMAIL))$)/;

/** Settings by which Lintel itself changes owners, rights and trust, or runs what it fetched. */
const DEEDS: ReadonlySet<string> = new Set([
  ...Object.values<Variable<unknown>>(USER)
    .filter(({ isSecret }) => isSecret !== true)
    .flatMap(({ names }) => names),
  'PATH_TO_CA_BUNDLE',
  'PATH_TO_CABUNDLE',
  'PERSONAL_INIT_SCRIPT',
  'PERSONAL_INIT_ARGS',
  'REGION_INIT_SCRIPT',
  'REGION_INIT_SCRIPT_CHECKSUM',
  // Whose programs come first on PATH.
  'CONDA_DIR',
  'CONDA_ENV',
  'PANGEO_ENV',
  // Whom root's programs trust.
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'CURL_CA_BUNDLE',
  'REQUESTS_CA_BUNDLE',
  'NODE_EXTRA_CA_CERTS',
  // They name files for root to read, as FILE__… does (see facts/secret-files.ts).
  ...SECRETS.map(name => `${name}_FILE`),
]);
