import type { Environment } from '../launch/environ.ts';

/**
 * env.sh: what a shell that Lintel did not start (a login by ssh, su, an exec into the container) lacks of the
 * workbench's environment. Everything that Lintel starts has it already; then there is only PATH to bring back, which
 * /etc/profile resets in every login shell.
 *
 * Values stand in single quotes, where no shell evaluates anything.
 */
export function renderEnvSh(given: Environment, environment: Environment): string {
  const path = environment['PATH'];
  const names = Object.keys(environment).filter(isForShells).sort();
  return [
    '# The environment of the workbench, for shells that Lintel did not start. Made at every boot.',
    ...(path === undefined ? [] : [renderPathCase(PROFILE_PATHS, path)]),
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's.
    'if [ -z "${LINTEL_RUNTIME_DIR:-}" ]; then',
    ...(path === undefined ? [] : [renderPathCase([...FRESH_PATHS, given['PATH'] ?? ''], path)]),
    ...names.map(name => renderDefault(name, environment[name] ?? '')),
    'fi',
    '',
  ].join('\n');
}

/** Whether a shell may be given the variable: it has a shell's name, and is not the shell's own affair. */
export function isForShells(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !SHELLS_OWN.has(name);
}

/** Who somebody is, where they are and on what terminal; PATH, which has rules of its own; a shell's own variables. */
const SHELLS_OWN: ReadonlySet<string> = new Set([
  ...[
    'HOME',
    'USER',
    'LOGNAME',
    'SHELL',
    'TERM',
    'PWD',
    'OLDPWD',
    'SHLVL',
    'COLUMNS',
    'LINES',
    'MAIL',
    'PATH',
    '_',
  ],
  ...['IFS', 'PS1', 'PS2', 'PS3', 'PS4', 'PROMPT_COMMAND', 'ENV', 'BASH_ENV', 'OPTIND', 'OPTARG', 'LINENO'],
  ...[
    'UID',
    'EUID',
    'PPID',
    'BASHOPTS',
    'BASHPID',
    'BASH_VERSINFO',
    'SHELLOPTS',
    'FUNCNAME',
    'GROUPS',
    'DIRSTACK',
  ],
  // Which no child ever sees.
  'LINTEL_PREVIOUS_PASSWORD',
]);

/** What Debian's /etc/profile makes of PATH, for root and for others. */
const PROFILE_PATHS = [
  '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  '/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games',
];
/** What a login begins with: sshd's own, that of /etc/environment (Ubuntu) and of login.defs. */
const FRESH_PATHS = [
  '/usr/local/bin:/usr/bin:/bin:/usr/games',
  '/usr/bin:/bin:/usr/sbin:/sbin',
  '/usr/local/bin:/usr/bin:/bin',
  '/usr/bin:/bin',
  '/bin:/usr/bin',
  '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/games:/usr/local/games',
  '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/games:/usr/local/games:/snap/bin',
];

export const RESET_PATHS: readonly string[] = [...PROFILE_PATHS, ...FRESH_PATHS];

function renderPathCase(resets: readonly string[], path: string): string {
  const known = resets.filter(reset => reset !== '' && reset !== path).map(quote);
  if (known.length === 0) return ':';
  return `case "\${PATH:-}" in ${known.join(' | ')}) export PATH=${quote(path)} ;; esac`;
}

/** An empty variable counts as an absent one. */
function renderDefault(name: string, value: string): string {
  return `[ -n "\${${name}:-}" ] || export ${name}=${quote(value)}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
