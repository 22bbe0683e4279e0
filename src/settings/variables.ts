import type { Variable } from './variable.ts';
import { BOOT } from './variables/boot.ts';
import { GPU } from './variables/gpu.ts';
import { MIRRORS } from './variables/mirrors.ts';
import { NETWORK } from './variables/network.ts';
import { APPEARANCE, PROJECT } from './variables/project.ts';
import { STORAGE, VAULT } from './variables/secrets.ts';
import { SHIPPED_SERVICES } from './variables/services.ts';
import { USER } from './variables/user.ts';
import { WRAPPERS } from './variables/wrappers.ts';

/** Every variable that Lintel reads, by topic. `docs/variables.md` and `lintel help` are generated from this list. */
export const TOPICS = {
  'Package mirrors': MIRRORS,
  'Certificates and proxies': NETWORK,
  Vault: VAULT,
  'Object storage': STORAGE,
  'git, and scripts of the platform’s and the user’s': PROJECT,
  Appearance: APPEARANCE,
  'The workbench user': USER,
  GPU: GPU,
  'Jupyter’s docker-stacks and Pangeo': WRAPPERS,
  'Shipped services': SHIPPED_SERVICES,
  'Boot, services and log': BOOT,
} as const satisfies Record<string, Record<string, Variable<unknown>>>;

export const VARIABLES = {
  ...MIRRORS,
  ...NETWORK,
  ...VAULT,
  ...STORAGE,
  ...PROJECT,
  ...APPEARANCE,
  ...USER,
  ...GPU,
  ...WRAPPERS,
  ...SHIPPED_SERVICES,
  ...BOOT,
} as const satisfies Record<string, Variable<unknown>>;

/** Variables that may stand in a file that NAME_FILE names, as under Docker; they are shown nowhere. */
export const SECRETS: readonly string[] = Object.values<Variable<unknown>>(VARIABLES)
  .filter(({ isSecret }) => isSecret === true)
  .flatMap(({ names }) => names)
  .sort();

/** What only Lintel itself is to see: no process that it starts has it, and nothing that it prints. */
export const UNSEEN: readonly string[] = VARIABLES.previousPassword.names;

/** Names that Lintel sets itself or that only shipped services and scripts read. */
export const OTHER_NAMES: readonly string[] = [
  'LINTEL_ENV',
  'LINTEL_NB_PREFIX',
  'LINTEL_ORIGIN_FD',
  'LINTEL_PASSWORD_FILE',
  'LINTEL_PROBE_HOST',
  'LINTEL_RUNTIME_DIR',
  'LINTEL_SCREEN',
  'LINTEL_SERVICE',
  'LINTEL_SSHD_FLAGS',
  'LINTEL_VNC_PASSWORD_FILE',
  'LINTEL_WORKBENCH_GID',
  'LINTEL_WORKBENCH_HOME',
  'LINTEL_WORKBENCH_UID',
];
