import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { DEFAULT_PATH, type SandboxKind, sandboxKind, startSandbox } from './sandbox.ts';
import { CHECKOUT, PROGRAM_FOLDER } from './sandbox-root.ts';

/** The demo's workbench, booted: `npm start` is this and words around it. */
export interface Demo {
  readonly kind: SandboxKind;
  /** The settings that Lintel was given, without those that only fit the demo to this machine. */
  readonly settings: Readonly<Record<string, string>>;
  /** Asks Lintel to stop, as `docker stop` would. */
  stop(): Promise<void>;
  /** Lintel's exit code, after everything of the demo has been removed. */
  readonly exitCode: Promise<number>;
  /** Its root folder, as other processes of this machine see it: LINTEL_ROOT for `lintel status` and the like. */
  root(): Promise<string>;
}

type Variables = Readonly<Record<string, string>>;

const DEMO_LAYER = join(CHECKOUT, 'examples/demo/rootfs');
const CERTIFICATE = '/usr/local/share/lintel-demo/ca.pem';

/** Nothing answers there: `.example` names are reserved. Without a mirror of the caller's the demo downloads nothing. */
const EXAMPLES = {
  PIP_REPOSITORY: 'https://packages.example/pypi/simple',
  CONDA_REPOSITORY: 'https://packages.example/conda-forge',
  R_REPOSITORY: 'https://packages.example/cran',
  PATH_TO_CA_BUNDLE: CERTIFICATE,
};

/** What a caller may set: their own mirrors, and how the log is written. */
const CALLERS = [
  'LINTEL_LOG_FORMAT',
  'PIP_REPOSITORY',
  'CONDA_REPOSITORY',
  'R_REPOSITORY',
  'PACKAGE_MANAGER_URL',
  'NPM_REPOSITORY',
] as const;

/** Boots in a sandbox, or as an ordinary process where the machine allows none. `environment` is added. */
export function bootDemo(environment: Readonly<Record<string, string>>): Demo {
  const kind = sandboxKind();
  const settings = { ...EXAMPLES, ...given(CALLERS) };
  return kind === 'ordinary process'
    ? bootInTemporaryRoot(settings, environment)
    : bootInSandbox(kind, settings, environment);
}

/** Where programs are looked for: the sandbox shows Debian's own, an ordinary process whatever the caller has. */
export function demoPath(): string {
  return sandboxKind() === 'ordinary process' ? (process.env['PATH'] ?? DEFAULT_PATH) : DEFAULT_PATH;
}

function bootInSandbox(kind: SandboxKind, settings: Variables, added: Variables): Demo {
  const sandbox = startSandbox(['/init'], {
    layers: [DEMO_LAYER],
    // As an image has it, so that `lintel check` finds all of Lintel.
    files: { '/opt/onyxia-init.sh': readFileSync(join(CHECKOUT, 'dist/lintel.cjs'), 'utf8') },
    environment: {
      ...{ PATH: demoPath(), HOME: '/root', ...terminal(), ...added, ...settings },
      // Nobody asked for a desktop on this machine's ports.
      LINTEL_SERVICES_DISABLED: 'x11vnc',
    },
    network: 'host',
    stdio: ['ignore', 'inherit', 'inherit'],
    buffer: false,
  });
  return {
    kind,
    settings,
    stop: async () => void process.kill(await sandbox.pid1(), 'SIGTERM'),
    root: async () => `/proc/${await sandbox.pid1()}/root`,
    exitCode: sandbox.then(result => result.exitCode ?? 1),
  };
}

/** The same tree below a folder of its own; LINTEL_ROOT tells Lintel, programs come from the machine itself. */
function bootInTemporaryRoot(wanted: Variables, added: Variables): Demo {
  const root = mkdtempSync(join(tmpdir(), 'lintel-demo-'));
  fillTemporaryRoot(root);
  const settings = { ...wanted, PATH_TO_CA_BUNDLE: root + CERTIFICATE };
  const lintel = execa('setpriv', ['--pdeathsig', 'TERM', '--', join(root, PROGRAM_FOLDER, 'lintel.cjs')], {
    env: {
      ...{ PATH: demoPath(), HOME: join(root, 'home'), ...terminal(), ...added, ...settings },
      LINTEL_ROOT: root,
      // Here a service would be a service of the machine itself: nobody else's rights, and no login from outside.
      LINTEL_USER: String(process.getuid?.()),
      LINTEL_SERVICES_DISABLED: 'sshd,x11vnc',
    },
    extendEnv: false,
    stdio: ['ignore', 'inherit', 'inherit'],
    reject: false,
  });
  return {
    kind: 'ordinary process',
    settings,
    stop: async () => void lintel.kill('SIGTERM'),
    root: async () => root,
    exitCode: lintel.then(result => {
      rmSync(root, { recursive: true, force: true });
      return result.exitCode ?? 1;
    }),
  };
}

function fillTemporaryRoot(root: string): void {
  const program = PROGRAM_FOLDER;
  for (const folder of [program, '/etc/ssl/certs', '/home', '/run', '/tmp']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  chmodSync(join(root, 'tmp'), 0o1777);
  for (const layer of [join(CHECKOUT, 'rootfs'), DEMO_LAYER]) {
    cpSync(layer, root, { recursive: true, verbatimSymlinks: true });
  }
  for (const name of ['services.d', 'cont-init.d']) {
    cpSync(join(CHECKOUT, name), join(root, program, name), { recursive: true });
  }
  for (const name of ['lintel.cjs', 'lintel.cjs.cache', 'loader.cjs', 'node']) {
    symlinkSync(join(CHECKOUT, 'dist', name), join(root, program, name));
  }
  for (const name of ['passwd', 'group']) copyFileSync(join('/etc', name), join(root, 'etc', name));
  const certificates = '/etc/ssl/certs/ca-certificates.crt';
  if (existsSync(certificates)) symlinkSync(certificates, join(root, certificates));
}

/** What the terminal can show, so that Lintel and the services see it as this process does. */
function terminal(): Record<string, string> {
  return { LANG: 'C.UTF-8', ...given(['TERM', 'COLORTERM', 'NO_COLOR']) };
}

/** Those of the caller's variables that have one of these names. */
function given(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap(name => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}
