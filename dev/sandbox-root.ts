import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { RootEntry } from './tar.ts';

/** The workbench user of a sandbox, as in the images that Lintel is made for. */
export const WORKBENCH_USER = { name: 'lintel', uid: 1000, gid: 100, home: '/home/lintel' } as const;

export const CHECKOUT = resolve(import.meta.dirname, '..');
export const PROGRAM_FOLDER = '/usr/local/lib/lintel';

/**
 * Folders of the host that a sandbox shows (copy on write). All others start empty; /var too: an engine's or a
 * daemon's mounts below it are common, and a folder with mounts below it cannot be shown without being root.
 */
export const HOST_LAYERS = ['usr', 'etc', 'opt', 'srv'].filter(name => isFolder(`/${name}`));

/** Settings of the host that would make a test depend on the machine it runs on. */
const HIDDEN_FILES = [
  '/etc/pip.conf',
  '/etc/npmrc',
  '/etc/gitconfig',
  '/etc/conda',
  '/etc/uv',
  '/etc/environment',
];
const EMPTIED_FOLDERS = [
  '/etc/cont-init.d',
  '/etc/services.d',
  '/etc/lintel',
  '/usr/local/share/ca-certificates',
  PROGRAM_FOLDER,
];

const EMPTY_FOLDERS: readonly (readonly [path: string, mode: number])[] = [
  ['/boot', 0o755],
  ['/dev', 0o755],
  ['/home', 0o755],
  ['/media', 0o755],
  ['/mnt', 0o755],
  ['/proc', 0o555],
  ['/root', 0o700],
  ['/run', 0o755],
  ['/sys', 0o555],
  ['/tmp', 0o1777],
  ['/var/cache', 0o755],
  ['/var/lib', 0o755],
  ['/var/log', 0o755],
  ['/var/spool', 0o755],
  ['/var/tmp', 0o1777],
  [PROGRAM_FOLDER, 0o755],
  [WORKBENCH_USER.home, 0o755],
];

export interface RootOptions {
  /** False in user namespaces, where one uid owns everything that is written. */
  readonly hasOwners: boolean;
  readonly files: Readonly<Record<string, string>>;
  readonly layers: readonly string[];
  readonly folders: readonly string[];
}

/**
 * Lists what a sandbox's root holds besides the host's programs: Lintel's installation but for `dist/` (which is
 * mounted), the layers in their order, the given files, and the workbench user. Reads the host, writes nothing.
 */
export function makeRootEntries(options: RootOptions): RootEntry[] {
  const root = new Root(options.hasOwners);
  for (const layer of HOST_LAYERS) root.folder(`/${layer}`);
  for (const [path, mode] of EMPTY_FOLDERS) root.folder(path, ownedMode(path, mode, options.hasOwners));
  for (const path of options.folders) root.folder(path);
  root.link('/var/run', '/run');
  hideHostSettings(root);
  linkTopFolders(root);
  describeMachine(root);
  installLintel(root);
  for (const layer of options.layers) copyFolder(root, layer, '/');
  for (const [path, text] of Object.entries(options.files)) {
    root.file(path, Buffer.from(text), text.startsWith('#!') ? 0o755 : 0o644);
  }
  return root.entries();
}

function hideHostSettings(root: Root): void {
  for (const path of HIDDEN_FILES) if (existsSync(path)) root.whiteout(path);
  for (const folder of EMPTIED_FOLDERS) {
    if (isFolder(folder)) for (const name of readdirSync(folder)) root.whiteout(join(folder, name));
  }
}

/** /bin, /lib and the like: links into /usr. */
function linkTopFolders(root: Root): void {
  for (const name of readdirSync('/')) {
    const path = `/${name}`;
    if (lstatSync(path).isSymbolicLink() && readlinkSync(path).startsWith('usr/')) {
      root.link(path, readlinkSync(path));
    }
  }
}

function describeMachine(root: Root): void {
  const { name, uid, gid, home } = WORKBENCH_USER;
  const users = readFields('/etc/passwd').filter(
    ([other, , otherUid]) => other !== name && otherUid !== String(uid),
  );
  users.push([name, 'x', String(uid), String(gid), '', home, '/bin/bash']);
  root.text('/etc/passwd', users.map(renderFields));
  // No password fits `*`. PAM lets nobody in, by key neither, who has no line here.
  const locked = users.map(([user = '']) => [user, '*', '20000', '0', '99999', '7', '', '', '']);
  root.text('/etc/shadow', locked.map(renderFields), 0o640);
  const groups = readFields('/etc/group');
  if (!groups.some(([, , otherGid]) => otherGid === String(gid)))
    groups.push(['users', 'x', String(gid), '']);
  root.text('/etc/group', groups.map(renderFields));
  root.text('/etc/hostname', ['lintel']);
  root.text('/etc/hosts', ['127.0.0.1 localhost lintel', '::1 localhost ip6-localhost']);
  // Engines mount this file over an empty one, which is what the layer below would show.
  if (existsSync('/etc/resolv.conf')) root.file('/etc/resolv.conf', readFileSync('/etc/resolv.conf'), 0o644);
}

function readFields(path: string): string[][] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter(line => line !== '').map(line => line.split(':'));
}

function renderFields(fields: readonly string[]): string {
  return fields.join(':');
}

function installLintel(root: Root): void {
  for (const name of ['services.d', 'cont-init.d']) {
    copyFolder(root, join(CHECKOUT, name), join(PROGRAM_FOLDER, name));
  }
  copyFolder(root, join(CHECKOUT, 'rootfs'), '/');
}

function copyFolder(root: Root, from: string, to: string): void {
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    const source = join(entry.parentPath, entry.name);
    const target = join(to, source.slice(from.length));
    if (entry.isDirectory()) root.folder(target);
    else if (entry.isSymbolicLink()) root.link(target, readlinkSync(source));
    else root.file(target, readFileSync(source), statSync(source).mode & 0o111 ? 0o755 : 0o644);
  }
}

/** A tree under construction: parents appear by themselves, a later entry replaces an earlier one. */
class Root {
  readonly hasOwners: boolean;
  readonly #entries = new Map<string, RootEntry>();

  constructor(hasOwners: boolean) {
    this.hasOwners = hasOwners;
  }

  folder(path: string, mode = folderMode(path, this.hasOwners)): void {
    if (this.#entries.get(path)?.kind === 'folder') return;
    this.#put({ kind: 'folder', path, mode, ...this.#owner(path) });
  }

  file(path: string, content: Uint8Array, mode: number): void {
    this.#put({ kind: 'file', path, mode, content, ...this.#owner(path) });
  }

  text(path: string, lines: readonly string[], mode = 0o644): void {
    this.file(path, Buffer.from(`${lines.join('\n')}\n`), mode);
  }

  link(path: string, target: string): void {
    this.#put({ kind: 'link', path, target, ...this.#owner(path) });
  }

  whiteout(path: string): void {
    this.#put({ kind: 'whiteout', path, ...this.#owner(path) });
  }

  entries(): RootEntry[] {
    return [...this.#entries.values()];
  }

  #put(entry: RootEntry): void {
    const parent = dirname(entry.path);
    if (parent !== '/') this.folder(parent);
    this.#entries.set(entry.path, entry);
  }

  #owner(path: string): { uid: number; gid: number } {
    if (!this.hasOwners) return { uid: 0, gid: 0 };
    if (isHome(path)) return { uid: WORKBENCH_USER.uid, gid: WORKBENCH_USER.gid };
    // What replaces a file of the host keeps its owner: /etc/shadow must stay readable for group shadow.
    const { uid, gid } = statHost(path) ?? { uid: 0, gid: 0 };
    return { uid, gid };
  }
}

/** A folder of the host keeps its mode, since the upper layer's mode is the one that counts. */
function folderMode(path: string, hasOwners: boolean): number {
  return ownedMode(path, (statHost(path)?.mode ?? 0o755) & 0o7777, hasOwners);
}

/** What the host has at a path that a sandbox shows. */
function statHost(path: string): Stats | undefined {
  const isShown = HOST_LAYERS.some(layer => path === `/${layer}` || path.startsWith(`/${layer}/`));
  return isShown ? statSync(path, { throwIfNoEntry: false }) : undefined;
}

/** Where one uid owns everything, what is root's elsewhere loses its write bits: it is not the user's to change. */
function ownedMode(path: string, mode: number, hasOwners: boolean): number {
  const isWorldWritable = (mode & 0o002) !== 0;
  return hasOwners || isWorldWritable || isHome(path) ? mode : mode & 0o555;
}

function isHome(path: string): boolean {
  return path === WORKBENCH_USER.home || path.startsWith(`${WORKBENCH_USER.home}/`);
}

function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
