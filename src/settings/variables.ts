import {
  absolutePath,
  anyText,
  channels,
  flag,
  httpUrl,
  integer,
  names,
  oneOf,
  type Value,
} from './values.ts';

/**
 * Every variable that Lintel reads. `docs/settings.md` and `lintel help` are generated from this list.
 * `names` in order of precedence; `lintel`: malformed stops the boot, `platform`: malformed costs one error line.
 */
export interface Variable<T> extends Value<T> {
  readonly names: readonly string[];
  readonly owner: 'lintel' | 'platform';
  readonly doc: string;
}

const DAY_MS = 86_400_000;
const s6Milliseconds = integer({ from: 0, to: DAY_MS, unit: 'milliseconds' });
const milliseconds = integer({ from: 1, to: DAY_MS, unit: 'milliseconds' });

export const VARIABLES = {
  pipRepository: platform('PIP_REPOSITORY', httpUrl, 'Package index for pip and uv.'),
  condaRepository: platform(
    'CONDA_REPOSITORY',
    channels,
    'Channels for conda, mamba and micromamba, instead of the defaults.',
  ),
  rRepository: platform('R_REPOSITORY', httpUrl, 'CRAN mirror for R and renv.'),
  pathToCaBundle: {
    ...platform(
      'PATH_TO_CA_BUNDLE',
      anyText,
      'Certificate authorities to trust besides the system’s: a PEM file, a folder of PEM files, or the PEM text itself.',
    ),
    names: ['PATH_TO_CA_BUNDLE', 'PATH_TO_CABUNDLE'],
  },
  user: lintel(
    'LINTEL_USER',
    anyText,
    'Workbench user: name, uid or uid:gid. Default: NB_USER, DEFAULT_USER or USERNAME where that user exists, else uid 1000.',
  ),
  nbUser: platform(
    'NB_USER',
    anyText,
    'Workbench user where a user of that name exists (Jupyter’s docker-stacks).',
  ),
  defaultUser: platform('DEFAULT_USER', anyText, 'Workbench user where a user of that name exists (rocker).'),
  username: platform('USERNAME', anyText, 'Workbench user where a user of that name exists.'),
  serviceUser: lintel(
    'LINTEL_SERVICE_USER',
    oneOf(['root', 'workbench']),
    'Run services as root instead of the workbench user.',
  ),
  services: lintel('LINTEL_SERVICES', names, 'Services to run: names or patterns. Default: auto.'),
  servicesDisabled: lintel('LINTEL_SERVICES_DISABLED', names, 'Services not to run: names or patterns.'),
  logFormat: lintel(
    'LINTEL_LOG_FORMAT',
    oneOf(['text', 'json']),
    'How Lintel writes its own and its services’ lines. Default: text.',
  ),
  onInitFailure: lintel(
    'LINTEL_ON_INIT_FAILURE',
    oneOf(['stop', 'warn', 'continue']),
    'What a failing cont-init.d script does. Default: stop.',
  ),
  s6OnInitFailure: lintel(
    'S6_BEHAVIOUR_IF_STAGE2_FAILS',
    oneOf(['0', '1', '2']),
    's6-overlay’s name for the same: 2 stop, 1 warn, 0 continue.',
  ),
  s6CmdArg0: platform(
    'S6_CMD_ARG0',
    anyText,
    'Words to put before the CMD, where there is one (s6-overlay).',
  ),
  s6FinishTimeoutMs: platform(
    'S6_KILL_FINISH_MAXTIME',
    s6Milliseconds,
    'Time that each cont-finish.d script may take, within that of the stop (s6-overlay). Default: what is left of it.',
  ),
  s6ServicesGraceMs: platform(
    'S6_SERVICES_GRACETIME',
    s6Milliseconds,
    'stopTimeoutMs of the image’s services that name none; the time of the stop grows with it (s6-overlay).',
  ),
  initTimeoutMs: lintel(
    'LINTEL_INIT_TIMEOUT_MS',
    milliseconds,
    'Time that each cont-init.d script may take. Default: no limit.',
  ),
  shutdownTimeoutMs: lintel(
    'LINTEL_SHUTDOWN_TIMEOUT_MS',
    milliseconds,
    'Time that a stop may take before everything left is killed. Default: 9000, in Kubernetes 27000.',
  ),
  strict: lintel('LINTEL_STRICT', flag, 'Malformed platform variables stop the boot.'),
  enforce: lintel('LINTEL_ENFORCE', flag, 'The operator’s settings win over a user’s own configuration.'),
  openFilesSoft: lintel(
    'LINTEL_NOFILE',
    integer({ from: 64, to: 1_073_741_816, unit: 'files' }),
    'Soft limit of open files for services and CMD. Default: the container’s.',
  ),
  noNewPrivs: lintel(
    'LINTEL_NO_NEW_PRIVS',
    flag,
    'Services and CMD can’t gain privileges: no sudo, no setuid programs.',
  ),
  root: lintel(
    'LINTEL_ROOT',
    absolutePath,
    'Look for the image’s files, and write, below this folder instead of /. Programs, HOME and paths in other variables stay what they are. For tests and the demo.',
  ),
  kubernetesHost: platform('KUBERNETES_SERVICE_HOST', anyText, 'Set by Kubernetes: a stop then has 27 s.'),
} as const satisfies Record<string, Variable<unknown>>;

/** Names that Lintel sets itself or that only shipped services and scripts read. */
export const OTHER_NAMES: readonly string[] = [
  'LINTEL_BIND',
  'LINTEL_ENV',
  'LINTEL_ORIGIN_FD',
  'LINTEL_JUPYTER_PORT',
  'LINTEL_RUNTIME_DIR',
  'LINTEL_SERVICE',
  'LINTEL_SSHD_PORT',
  'LINTEL_SSH_HOST_KEYS_DIR',
  'LINTEL_WORKBENCH_GID',
  'LINTEL_WORKBENCH_HOME',
  'LINTEL_WORKBENCH_UID',
];

function platform<T>(name: string, value: Value<T>, doc: string): Variable<T> {
  return { ...value, names: [name], owner: 'platform', doc };
}

function lintel<T>(name: string, value: Value<T>, doc: string): Variable<T> {
  return { ...value, names: [name], owner: 'lintel', doc };
}
