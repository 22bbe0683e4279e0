import { basename } from 'node:path';
import { findHolder } from '../apply/lock.ts';
import { OWN_PATHS } from '../arguments.ts';
import { isDirectory, readLinkStat, readNames, readStat, readTextIfAny } from '../facts/files.ts';
import type { Environment } from '../launch/environ.ts';
import { withoutLastSlashes } from '../slashes.ts';

/** Names that nobody could have foreseen are looked for up to this number. */
const MOST_ODD_NAMES = 16;

/**
 * Where the socket of a running Lintel may be, most likely first: $LINTEL_RUNTIME_DIR, which services have, then
 * every folder that a boot of this user would choose (facts/runtime.ts). Root, who comes from outside, also looks where
 * the owner of PID 1 would have put it.
 */
export function listSockets(environment: Environment, uid: number): string[] {
  return listPlaces(environment, uid).map(folder => `${folder}/control.sock`);
}

/** The folders themselves. */
export function listPlaces(environment: Environment, uid: number): string[] {
  const root = withoutLastSlashes(environment['LINTEL_ROOT'] ?? '');
  const absolute = (name: string) => (environment[name]?.startsWith('/') ? [environment[name]] : []);
  const uids = uid === 0 ? [...new Set([0, readInitUid() ?? 0])] : [uid];
  const shared = [`${root}/tmp`, `${root}/dev/shm`];
  const folders = [
    ...absolute('LINTEL_RUNTIME_DIR'),
    `${root}/run/lintel`,
    ...absolute('XDG_RUNTIME_DIR').map(folder => `${folder}/lintel`),
    ...uids.flatMap(owner => shared.map(folder => `${folder}/lintel-${owner}`)),
    ...uids.flatMap(owner => shared.flatMap(folder => listOddNames(folder, owner))),
  ];
  return [...new Set(folders)];
}

/**
 * The folder of the Lintel that the caller runs below, which need not be what a boot would choose now: a script has given
 * the workbench a XDG_RUNTIME_DIR since. undefined where there is none.
 */
export function findOwnPlace({ LINTEL_RUNTIME_DIR: folder }: Environment): string | undefined {
  return folder?.startsWith('/') && isDirectory(folder) ? folder : undefined;
}

/**
 * Whether a Lintel is there of which no socket can be found: it boots and has not opened it yet, or is about to end.
 * `folders` as `listPlaces` has them.
 */
export function isBetween(environment: Environment, folders: readonly string[]): boolean {
  const isInit = process.pid !== 1 && (environment['LINTEL_ROOT'] ?? '') === '' && isLintel(1);
  return isInit || folders.some(folder => findHolder(folder) !== undefined);
}

/** As the launcher starts it: Node, and the name that Lintel was called by. Who may see no process of others sees none. */
function isLintel(pid: number): boolean {
  const [program = '', ...args] = (readTextIfAny(`/proc/${pid}/cmdline`) ?? '').split('\0');
  return (
    basename(program) === 'node' && args.some(arg => OWN_PATHS.has(arg) || basename(arg) === 'lintel.cjs')
  );
}

/** The uids of whom a control socket may be trusted: anybody can make one in /tmp. */
export function listTrusted(uid: number): ReadonlySet<number> {
  const init = readInitUid();
  return new Set([0, uid, ...(init === undefined ? [] : [init])]);
}

/** Where the kernel can't be asked: a socket in a folder that one of `trusted` owns and nobody else may write. */
export function isTrustedFolder(path: string, trusted: ReadonlySet<number>): boolean {
  const stat = readLinkStat(path.slice(0, path.lastIndexOf('/')));
  return stat?.isDirectory() === true && trusted.has(stat.uid) && (stat.mode & 0o022) === 0;
}

function readInitUid(): number | undefined {
  return readStat('/proc/1')?.uid;
}

/** Made where somebody else held the usual name. */
function listOddNames(folder: string, uid: number): string[] {
  const names = readNames(folder).filter(name => new RegExp(`^lintel-${uid}-[0-9a-f]{8}$`).test(name));
  return names.slice(0, MOST_ODD_NAMES).map(name => `${folder}/${name}`);
}
