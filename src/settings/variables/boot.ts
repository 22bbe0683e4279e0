import { absolutePath, anyText, flag, httpAddress, integer, names, oneOf, pathPrefix } from '../values.ts';
import { lintel, platform, type Variable } from '../variable.ts';

const DAY_MS = 86_400_000;
const s6Milliseconds = integer({ from: 0, to: DAY_MS, unit: 'milliseconds' });
const milliseconds = integer({ from: 1, to: DAY_MS, unit: 'milliseconds' });

export const BOOT = {
  serviceUser: lintel(
    'LINTEL_SERVICE_USER',
    oneOf(['root', 'workbench']),
    'Run services as root instead of the workbench user.',
  ),
  services: lintel(
    'LINTEL_SERVICES',
    names,
    'Services to run: names or patterns; image: all of the image and none that Lintel ships. Default: auto.',
  ),
  servicesDisabled: lintel('LINTEL_SERVICES_DISABLED', names, 'Services not to run: names or patterns.'),
  logFormat: lintel(
    'LINTEL_LOG_FORMAT',
    oneOf(['text', 'json']),
    'How Lintel writes its own and its services’ lines. Default: text.',
  ),
  http: lintel(
    'LINTEL_HTTP',
    httpAddress,
    'Serve /healthz, /readyz, /metrics and a status page there, by HTTP, to whoever reaches it. Default: off; host: 127.0.0.1.',
  ),
  httpPrefix: lintel(
    'LINTEL_HTTP_PREFIX',
    pathPrefix,
    'The path below which a proxy shows them, where it does not take it away. Default: none.',
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
    'Time that each cont-init.d script may take, and so the region and the personal script. Default: no limit.',
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
