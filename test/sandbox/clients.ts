import { existsSync } from 'node:fs';
import { CONTAINER_PATH } from './container.ts';
import { PROOF } from './mirror-packages.ts';

/** The clients of a workbench, each as somebody would call it, and what each says when it gets nowhere. */
export interface Client {
  /** What has to be there. */
  readonly programs: readonly string[];
  /** Installs or fetches, and prints the proof as the last line. */
  command(places: Places): readonly string[];
  readonly proof: string;
  /** What it says of a server whose certificate nobody vouches for. */
  readonly distrust: RegExp;
  /** What it says when nothing leads it to the mirror. */
  readonly lost: RegExp;
}

/** Where a client that is given a URL finds the mirror; the others have their settings for that. */
export interface Places {
  readonly origin: string;
}

export const NODE = '/usr/local/lib/lintel/node';
export const VENV = '/srv/venv';
export const PYTHON = '/usr/bin/python3';
/** A folder that holds Fetch.class. */
export const CLASSES = '/srv/classes';
export const CONDA_CLIENT = '/srv/conda-client.cjs';
/**
 * Debian's pipenv carries a pip of its own, of another version than Debian's, and with it requests and certifi as
 * their authors publish them: Debian's certifi names the system's bundle, the real one brings its own.
 */
const PIPENV = '/usr/bin/pipenv';
const OTHER_PIP = '/usr/lib/python3/dist-packages/pipenv/patched/pip/__pip-runner__.py';
const OTHER_REQUESTS = [
  // Without this pipenv loads all of itself, which takes half a second.
  'import sys, types',
  'package = sys.modules["pipenv"] = types.ModuleType("pipenv")',
  'package.__path__ = ["/usr/lib/python3/dist-packages/pipenv"]',
  'from pipenv.patched.pip._vendor.requests import get',
];

const NO_HOST = /Temporary failure in name resolution|Name or service not known/;
const PYTHON_DISTRUST = /CERTIFICATE_VERIFY_FAILED/;

export const CLIENTS = {
  pip: pip(PYTHON, '-m pip', [PYTHON, '/usr/bin/pip']),
  'another pip': pip(PYTHON, OTHER_PIP, [PYTHON, PIPENV]),
  'pip in a venv': pip(`${VENV}/bin/python`, '-m pip', [PYTHON, '/usr/share/python-wheels']),
  R: {
    programs: ['/usr/bin/Rscript'],
    command: () => [
      ...['Rscript', '-e'],
      [
        'dir.create("/tmp/r")',
        'install.packages("lintelTiny", lib = "/tmp/r", INSTALL_opts = c("--no-docs", "--no-test-load", "--no-byte-compile"))',
        'library(lintelTiny, lib.loc = "/tmp/r")',
        'cat("", where(), sep = "\\n")',
      ].join('; '),
    ],
    proof: PROOF.r,
    distrust: /unable to access index for repository/,
    lost: /unable to access index for repository|trying to use CRAN without setting a mirror/,
  },
  npm: {
    programs: [find('npm')],
    command: () =>
      shell(
        'npm install --prefix /tmp/npm --cache /tmp/npm-cache --fetch-retries 0 --no-audit lintel-tiny >&2',
        `exec ${NODE} --print 'require("/tmp/npm/node_modules/lintel-tiny")'`,
      ),
    proof: PROOF.npm,
    distrust: /UNABLE_TO_VERIFY_LEAF_SIGNATURE|unable to verify the first certificate/,
    lost: /EAI_AGAIN|ENOTFOUND/,
  },
  conda: {
    programs: [],
    // Nothing but its configuration shall tell it whom to trust.
    command: () => [
      ...['env', '-u', 'NODE_EXTRA_CA_CERTS', '-u', 'SSL_CERT_FILE', '-u', 'REQUESTS_CA_BUNDLE'],
      // Conda itself follows the proxy's variables.
      ...['NODE_USE_ENV_PROXY=1', NODE, CONDA_CLIENT, 'lintel-tiny'],
    ],
    proof: PROOF.conda,
    distrust: /unable to verify the first certificate/,
    lost: /EAI_AGAIN|ENOTFOUND/,
  },
  git: {
    programs: ['/usr/bin/git'],
    command: ({ origin }) =>
      shell(`git clone --quiet ${origin}/git/tiny.git /tmp/clone`, 'exec cat /tmp/clone/README'),
    proof: PROOF.git,
    distrust: /server certificate verification failed/,
    lost: /Could not resolve host/,
  },
  curl: {
    programs: ['/usr/bin/curl'],
    command: ({ origin }) => ['curl', '--silent', '--show-error', '--fail', `${origin}/`],
    proof: PROOF.file,
    distrust: /SSL certificate problem/,
    lost: /Could not resolve host/,
  },
  wget: {
    programs: ['/usr/bin/wget'],
    command: ({ origin }) => [
      ...['wget', '--no-verbose', '--no-hsts', '--tries', '1', '--output-document', '-', `${origin}/`],
    ],
    proof: PROOF.file,
    distrust: /certificate of '\S+' is not trusted|cannot verify \S+ certificate/,
    lost: /unable to resolve host address/,
  },
  node: {
    programs: [],
    command: ({ origin }) => [
      ...[NODE, '--eval', `fetch("${origin}/").then(answer => answer.text()).then(console.log)`],
    ],
    proof: PROOF.file,
    distrust: /UNABLE_TO_VERIFY_LEAF_SIGNATURE/,
    lost: /EAI_AGAIN|ENOTFOUND/,
  },
  urllib: {
    programs: [PYTHON],
    command: ({ origin }) =>
      python('import urllib.request', `print(urllib.request.urlopen("${origin}/").read().decode())`),
    proof: PROOF.file,
    distrust: PYTHON_DISTRUST,
    lost: NO_HOST,
  },
  "Debian's requests": requests(
    ['from requests import get'],
    [PYTHON, '/usr/lib/python3/dist-packages/requests'],
  ),
  'requests with certifi': requests(OTHER_REQUESTS, [PYTHON, PIPENV]),
  Java: {
    programs: [find('java')],
    command: ({ origin }) => ['java', '-cp', CLASSES, 'Fetch', `${origin}/`],
    proof: PROOF.file,
    distrust: /unable to find valid certification path/,
    lost: /UnknownHostException/,
  },
} as const satisfies Readonly<Record<string, Client>>;

export type ClientName = keyof typeof CLIENTS;

export const CLIENT_NAMES = Object.keys(CLIENTS) as readonly ClientName[];

/** Where it is in a container, or would be. */
function find(program: string): string {
  const paths = CONTAINER_PATH.split(':').map(folder => `${folder}/${program}`);
  return paths.find(path => existsSync(path)) ?? `/usr/bin/${program}`;
}

function pip(interpreter: string, program: string, programs: readonly string[]): Client {
  const folder = `/tmp/${`${interpreter}${program}`.replaceAll(/\W+/g, '-')}`;
  return {
    programs,
    command: () =>
      shell(
        `${interpreter} ${program} install --retries 0 --disable-pip-version-check --target ${folder} lintel-tiny >&2`,
        `PYTHONPATH=${folder} exec ${interpreter} -c 'import lintel_tiny; print(lintel_tiny.WHERE)'`,
      ),
    proof: PROOF.pip,
    distrust: PYTHON_DISTRUST,
    lost: /No matching distribution found for lintel-tiny/,
  };
}

function requests(imports: readonly string[], programs: readonly string[]): Client {
  return {
    programs,
    command: ({ origin }) =>
      python(...imports, `answer = get("${origin}/")`, 'print(answer.status_code, answer.text)'),
    proof: `200 ${PROOF.file}`,
    distrust: PYTHON_DISTRUST,
    lost: NO_HOST,
  };
}

function shell(...lines: readonly string[]): readonly string[] {
  return ['/bin/sh', '-euc', lines.join('\n')];
}

function python(...lines: readonly string[]): readonly string[] {
  return [PYTHON, '-c', lines.join('\n')];
}
