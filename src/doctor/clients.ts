import { findNpmConfig } from '../facts/npm.ts';
import { readPrograms } from '../facts/programs.ts';
import type { Environment } from '../launch/environ.ts';

/** What may decide whom a client trusts: a variable, or a key in a file that may be somewhere else here. */
export type Source = string | { readonly path: string | FindPath; readonly key: RegExp };
type FindPath = (environment: Environment) => string | undefined;

/** A program that speaks TLS, and how it is made to ask a URL. */
export interface Client {
  readonly name: string;
  /** Programs that have to be there; the first one is started. */
  readonly programs: readonly [string, ...string[]];
  readonly args: (url: string, source: string) => readonly string[];
  /** What it says, or its exit code, when it got an answer and only wanted another one. Code 0 is one anyway. */
  readonly answered?: RegExp | number;
  /** What it reads from stdin. */
  readonly input?: string;
  /** A program text that it needs as a file. */
  readonly source?: { readonly name: string; readonly text: string };
  /** Besides the workbench's. */
  readonly environment?: Environment;
  /** The strongest first. */
  readonly follows: readonly Source[];
  /** What it trusts when none of them is there. */
  readonly otherwise: 'the system’s roots' | 'roots of its own';
  /** What it says when it can't be asked at all: that is neither trust nor its lack. */
  readonly cannot?: { readonly says: RegExp; readonly why: string };
}

/** A package that no index has: that it is not found is an answer. */
const NO_PACKAGE = 'lintel-doctor-asks';

const URLLIB = `import sys, urllib.request, urllib.error
try: urllib.request.urlopen(sys.argv[1], timeout=9)
except urllib.error.HTTPError: pass
`;
const REQUESTS = `import sys
try: import requests
except ImportError: sys.exit("requests is not installed")
requests.get(sys.argv[1], timeout=9, stream=True)
`;
/** For the node under test: --eval has its modules at hand, and an error that nobody listens for ends it. */
const NODE = 'https.get(process.argv[1], answer => answer.destroy())';
const R = `tryCatch(invisible(curlGetHeaders(commandArgs(TRUE)[1])),
  error = function(e) { message(conditionMessage(e)); quit(status = 1L) })`;
const JAVA = `public class Ask {
  public static void main(String[] args) throws Exception {
    ((java.net.HttpURLConnection) java.net.URI.create(args[0]).toURL().openConnection()).getResponseCode();
  }
}
`;

const NPM_KEY = /^[^\S\n]*cafile\s*=\s*(\S+)/im;
const findNpmUserFile = (environment: Environment) =>
  environment['NPM_CONFIG_USERCONFIG'] ??
  environment['npm_config_userconfig'] ??
  `${environment['HOME'] ?? ''}/.npmrc`;
const findNpmGlobalFile = (environment: Environment) =>
  findNpmConfig({ environment, programs: readPrograms(environment, []) });

/** In the order of the table. Each asks once, waits 9 s at most where it can be told so, and writes nothing. */
export const CLIENTS: readonly Client[] = [
  {
    name: 'curl',
    programs: ['curl'],
    args: url => ['--silent', '--show-error', '--max-time', '9', '--output', '/dev/null', url],
    follows: ['CURL_CA_BUNDLE', 'SSL_CERT_FILE'],
    otherwise: 'the system’s roots',
  },
  {
    name: 'wget',
    programs: ['wget'],
    args: url => ['--no-verbose', '--tries=1', '--timeout=9', '--output-document=/dev/null', url],
    // The server's own error.
    answered: 8,
    follows: [{ path: '/etc/wgetrc', key: /^[^\S\n]*ca[-_]?certificate\s*=\s*(\S+)/im }],
    otherwise: 'the system’s roots',
  },
  {
    name: 'git',
    programs: ['git'],
    args: url => ['-c', 'credential.helper=', 'ls-remote', '--exit-code', url],
    environment: { GIT_TERMINAL_PROMPT: '0', GIT_ASKPASS: '/bin/true' },
    answered:
      /not found|returned error: \d|prompts disabled|not valid: is this|Authentication failed|could not read/i,
    follows: ['GIT_SSL_CAINFO', { path: '/etc/gitconfig', key: /^[^\S\n]*sslCAInfo\s*=\s*(\S+)/im }],
    otherwise: 'the system’s roots',
  },
  {
    name: 'python urllib',
    programs: ['python3'],
    args: url => ['-c', URLLIB, url],
    follows: ['SSL_CERT_FILE'],
    otherwise: 'the system’s roots',
  },
  {
    name: 'python requests',
    programs: ['python3'],
    args: url => ['-c', REQUESTS, url],
    follows: ['REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'],
    otherwise: 'roots of its own',
    cannot: { says: /requests is not installed/, why: 'not installed' },
  },
  {
    name: 'pip',
    programs: ['pip'],
    args: url => [
      ...['index', 'versions', '-vv', '--disable-pip-version-check', '--retries', '0', '--timeout', '9'],
      ...['--index-url', url, NO_PACKAGE],
    ],
    answered: /HTTP\/[\d.]+" \d{3}/,
    // Its library takes these for stronger than what pip itself was told.
    follows: [
      ...['REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'PIP_CERT', 'PIP_CONFIG_FILE'],
      { path: '/etc/pip.conf', key: /^[^\S\n]*cert\s*=\s*(\S+)/im },
    ],
    otherwise: 'roots of its own',
    cannot: { says: /unknown command|no such option/, why: 'this pip is too old to be asked' },
  },
  {
    name: 'uv',
    programs: ['uv'],
    args: url => ['pip', 'compile', '--no-cache', '--quiet', '--default-index', url, '-'],
    input: `${NO_PACKAGE}\n`,
    answered: /not found in the package registry|HTTP status/,
    follows: ['SSL_CERT_FILE'],
    otherwise: 'roots of its own',
  },
  {
    name: 'conda',
    programs: ['conda'],
    args: url => ['search', '--override-channels', '--channel', url, NO_PACKAGE],
    environment: { CONDA_REMOTE_MAX_RETRIES: '0' },
    answered: /UnavailableInvalidChannel|PackagesNotFound|HTTP \d{3}/,
    follows: ['REQUESTS_CA_BUNDLE', 'CONDA_SSL_VERIFY', 'CONDARC'],
    otherwise: 'roots of its own',
  },
  {
    name: 'R',
    programs: ['Rscript'],
    args: url => ['-e', R, url],
    follows: ['CURL_CA_BUNDLE'],
    otherwise: 'the system’s roots',
  },
  {
    name: 'node',
    programs: ['node'],
    args: url => ['--eval', NODE, url],
    follows: ['NODE_EXTRA_CA_CERTS'],
    otherwise: 'roots of its own',
  },
  {
    name: 'npm',
    programs: ['npm'],
    args: url => [
      ...['ping', '--registry', url, '--fetch-retries=0', '--fetch-timeout=9000'],
      ...['--logs-max=0', '--no-update-notifier'],
    ],
    answered: /code E\d{3}\b/,
    // A cafile stands in the place of Node's roots, the added ones included.
    follows: [
      ...['npm_config_cafile', 'NPM_CONFIG_CAFILE'],
      ...[findNpmUserFile, findNpmGlobalFile].map(path => ({ path, key: NPM_KEY })),
      'NODE_EXTRA_CA_CERTS',
    ],
    otherwise: 'roots of its own',
  },
  {
    name: 'aws',
    programs: ['aws'],
    args: url => [
      ...['s3api', 'list-buckets', '--endpoint-url', url, '--no-sign-request', '--region', 'us-east-1'],
      ...['--cli-connect-timeout', '9', '--cli-read-timeout', '9'],
    ],
    environment: { AWS_MAX_ATTEMPTS: '1' },
    answered: /An error occurred \(/,
    follows: ['AWS_CA_BUNDLE', 'REQUESTS_CA_BUNDLE'],
    otherwise: 'roots of its own',
  },
  {
    // A Java without compiler runs no source text, and keytool's -sslserver verifies nothing.
    name: 'java',
    programs: ['java', 'javac'],
    args: (url, source) => [source, url],
    source: { name: 'Ask.java', text: JAVA },
    follows: ['JAVA_TOOL_OPTIONS'],
    otherwise: 'roots of its own',
    cannot: { says: /find or load main class/, why: 'needs a JDK of version 11 or later' },
  },
];
