import { maskUrls } from '../../settings/url.ts';
import type { Tree } from './tree.ts';

/** Where an image holds a secret; nothing of what it says. */
export interface SecretPlace {
  readonly path: string;
  readonly line: number;
  readonly kind: SecretKind;
}

export type SecretKind = 'private key' | 'host key' | 'credentials';

/** Keys and settings are a page or two. */
const MOST_BYTES = 256 * 1024;
/** Of one folder and what is below it. */
const MOST_FILES = 200;
const MOST_DEPTH = 4;

/** Where authors put what services and scripts use. */
const KEY_FOLDERS = ['/etc/lintel', '/etc/cont-init.d', '/etc/cont-finish.d', '/etc/services.d'];
const SYSTEM_FILES = [
  '/etc/pip.conf',
  '/etc/npmrc',
  '/usr/etc/npmrc',
  '/usr/local/etc/npmrc',
  '/etc/conda/.condarc',
  '/etc/conda/condarc',
  '/opt/conda/.condarc',
  '/etc/gitconfig',
  '/etc/uv/uv.toml',
];
const HOME_FILES = [
  '.netrc',
  '.git-credentials',
  '.gitconfig',
  '.npmrc',
  '.condarc',
  '.pypirc',
  '.pip/pip.conf',
  '.config/pip/pip.conf',
  '.config/git/credentials',
  '.config/uv/uv.toml',
];

/** Looks at the usual places: an image is too large to be searched. */
export function readSecretPlaces(tree: Tree, homes: readonly string[]): SecretPlace[] {
  const keyFiles = [...KEY_FOLDERS, ...homes.map(home => `${home}/.ssh`)].flatMap(folder =>
    listFiles(tree, folder),
  );
  const hostKeys = tree
    .names('/etc/ssh')
    .filter(name => /^ssh_host_\w+_key$/.test(name))
    .map(name => `/etc/ssh/${name}`);
  const settings = [...SYSTEM_FILES, ...homes.flatMap(home => HOME_FILES.map(name => `${home}/${name}`))];
  const look = (paths: readonly string[], kind: SecretKind, find: (text: string) => number | undefined) =>
    [...new Set(paths)].flatMap(path => {
      const line = find(tree.readPart(path, { offset: 0, bytes: MOST_BYTES })?.toString('latin1') ?? '');
      return line === undefined ? [] : { path, line, kind };
    });
  return [
    ...look(keyFiles, 'private key', findPrivateKey),
    ...look(hostKeys, 'host key', findPrivateKey),
    ...look(settings, 'credentials', findCredentials),
  ];
}

function listFiles(tree: Tree, folder: string): string[] {
  const files: string[] = [];
  const open = [{ path: folder, depth: 0 }];
  for (let next = open.pop(); next !== undefined && files.length < MOST_FILES; next = open.pop()) {
    for (const name of tree.names(next.path)) {
      const path = `${next.path}/${name}`;
      const stat = tree.findLink(path)?.stat;
      if (stat?.isDirectory() === true && next.depth < MOST_DEPTH) open.push({ path, depth: next.depth + 1 });
      else if (stat !== undefined) files.push(path);
    }
  }
  return files.slice(0, MOST_FILES);
}

/** With a line of the key behind it: a script that looks for such words holds none. */
const PRIVATE_KEY =
  /^-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----[ \t]*\r?\n(?:[\w-]+: .*\r?\n|\r?\n)*[A-Za-z0-9+/=]{16}/m;

/** The line on which one begins, counted from 1. */
export function findPrivateKey(text: string): number | undefined {
  const match = PRIVATE_KEY.exec(text);
  return match === null ? undefined : text.slice(0, match.index).split('\n').length;
}

/** npm's and twine's; what is `${NAME}` is read from a variable. */
const NPM_SECRET = /(?:^|:)_(?:authToken|auth|password)\s*=\s*(?!\s|\$\{)/;
const PASSWORD_LINE = /^\s*password\s*[=:]\s*(?!\s|\$\{)\S/i;
/** machine HOST login NAME password SECRET, on one line or several. */
const NETRC_PASSWORD = /(?:^|\s)password[ \t]+\S/;
/** Without a password a user's name is none. */
const URL_PASSWORD = /:\/\/[^\s/:@]*:(?!\$\{)[^\s/@]+@/;

/** The first line with a password, a token or a URL with one. */
export function findCredentials(text: string): number | undefined {
  const lines = text.split('\n');
  const at = lines.findIndex(
    line =>
      !/^\s*[#;]/.test(line) &&
      (NPM_SECRET.test(line) ||
        PASSWORD_LINE.test(line) ||
        NETRC_PASSWORD.test(line) ||
        hasUrlCredentials(line)),
  );
  return at === -1 ? undefined : at + 1;
}

/** A URL with a password, or with a conda channel's token. */
export function hasUrlCredentials(text: string): boolean {
  return URL_PASSWORD.test(text) || (/\/t\/[^/\s"']+\//.test(text) && maskUrls(text).includes('/t/***'));
}
