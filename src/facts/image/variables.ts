import { parse } from 'dotenv';
import { type Assignment, type Assignments, locateAssignments } from './assignments.ts';
import type { Tree } from './tree.ts';

/** Variables that one source sets, in their order. */
export interface VariableSource extends Assignments {
  /** The file's path; undefined for the variables of the image itself (ENV). */
  readonly path: string | undefined;
}

const FOLDER = '/etc/lintel';
/** Defaults are a page; to split a text of open quotes takes time with the square of it. */
const MOST_BYTES = 64 * 1024;

/** /etc/lintel/lintel.env, then env.d/*.env in byte order: a later one wins. */
export function readVariableFiles(tree: Tree): VariableSource[] {
  const drops = tree.visibleNames(`${FOLDER}/env.d`).filter(name => name.endsWith('.env'));
  const paths = [`${FOLDER}/lintel.env`, ...drops.map(name => `${FOLDER}/env.d/${name}`)];
  return paths.flatMap(path => {
    const text = tree.read(path, MOST_BYTES)?.toString('utf8');
    return text === undefined ? [] : [{ path, ...locateAssignments(text, parse(text, { fast: true })) }];
  });
}

/** All of them as one; a later source wins. */
export function joinVariables(sources: readonly VariableSource[]): Record<string, string> {
  const set = (assignments: readonly Assignment[]) =>
    Object.fromEntries(assignments.map(({ name, value }) => [name, value]));
  return Object.assign({}, ...sources.map(source => set(source.set)));
}
