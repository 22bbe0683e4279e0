import type { Tree } from './tree.ts';

/** Something that another supervisor would read, and Lintel does not. */
export interface LeftOver {
  readonly path: string;
  readonly line?: number;
  readonly kind: 's6-rc longrun' | 's6-rc oneshot' | 'fix-attrs' | 'logger' | 'supervisord';
  /** The service or program that it is about. */
  readonly name: string;
}

const S6_RC = '/etc/s6-overlay/s6-rc.d';
/** A type is a word, a configuration a page. */
const MOST_BYTES = 64 * 1024;

/** `folders` are those of services.d. */
export function readLeftOvers(tree: Tree, folders: readonly string[]): LeftOver[] {
  return [...readS6Rc(tree), ...readFixAttrs(tree), ...readLoggers(tree, folders), ...readSupervisord(tree)];
}

/** Bundles are but lists of names. */
function readS6Rc(tree: Tree): LeftOver[] {
  return tree.names(S6_RC).flatMap((name): LeftOver[] => {
    const path = `${S6_RC}/${name}`;
    const type = tree.read(`${path}/type`, MOST_BYTES)?.toString('latin1').trim();
    if (type !== 'longrun' && type !== 'oneshot') return [];
    return [{ path, kind: `s6-rc ${type}`, name }];
  });
}

function readFixAttrs(tree: Tree): LeftOver[] {
  const folder = '/etc/fix-attrs.d';
  return tree.visibleNames(folder).map(name => ({ path: `${folder}/${name}`, kind: 'fix-attrs', name }));
}

function readLoggers(tree: Tree, folders: readonly string[]): LeftOver[] {
  return folders.flatMap(folder =>
    tree.find(`${folder}/log`) === undefined
      ? []
      : { path: `${folder}/log`, kind: 'logger', name: folder.slice(folder.lastIndexOf('/') + 1) },
  );
}

function readSupervisord(tree: Tree): LeftOver[] {
  const folder = '/etc/supervisor/conf.d';
  const drops = tree.visibleNames(folder).filter(name => name.endsWith('.conf'));
  const paths = ['/etc/supervisord.conf', '/etc/supervisor.conf', ...drops.map(name => `${folder}/${name}`)];
  return paths.flatMap(path => {
    const text = tree.read(path, MOST_BYTES)?.toString('utf8') ?? '';
    return text.split('\n').flatMap((line, index): LeftOver[] => {
      const name = /^\s*\[program:([^\]\s]+)\]/.exec(line)?.[1];
      return name === undefined ? [] : [{ path, line: index + 1, kind: 'supervisord', name }];
    });
  });
}
