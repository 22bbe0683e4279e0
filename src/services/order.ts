import { isReady, isResting, type Service } from './states.ts';

/** Who waits for whom: names of services that exist. */
export interface Ordered {
  readonly name: string;
  /** It starts when these are ready, and fails when one of them has failed. */
  readonly requires: readonly string[];
  /** It starts after these have been started, whatever becomes of them. */
  readonly after: readonly string[];
}

export type Permission =
  | { readonly type: 'released' }
  | { readonly type: 'blocked'; readonly by: string }
  | { readonly type: 'waits'; readonly names: readonly string[] };

/** The service of that name as it is now. */
export type FindService = (name: string) => Service | undefined;

/** Whether a waiting service may start now. Names that are not found are nobody's to wait for. */
export function askToStart({ requires, after }: Ordered, find: FindService): Permission {
  const required = requires.flatMap(name => find(name) ?? []);
  const blocker = required.find(isGoneForGood);
  if (blocker !== undefined) return { type: 'blocked', by: blocker.name };
  const earlier = after.flatMap(name => find(name) ?? []);
  const missing = [...required.filter(other => !isMet(other)), ...earlier.filter(other => !hasBegun(other))];
  if (missing.length === 0) return { type: 'released' };
  return { type: 'waits', names: [...new Set(missing.map(({ name }) => name))] };
}

/**
 * At the end a service is stopped when nobody is left who was started after it: not even by way of one that rests
 * already, as a job between them that has done its work.
 */
export function mayStop(name: string, all: readonly Ordered[], find: FindService): boolean {
  const seen = new Set<string>();
  const isLast = (current: string): boolean =>
    all.every(other => {
      const isLater = other.requires.includes(current) || other.after.includes(current);
      if (!isLater || seen.has(other.name)) return true;
      seen.add(other.name);
      const service = find(other.name);
      return (service === undefined || isResting(service)) && isLast(other.name);
    });
  return isLast(name);
}

/** Everything that `name` requires, directly or not, and itself: in the order in which to start them. */
export function findRequired(name: string, all: readonly Ordered[]): string[] {
  return walk(name, current => all.find(other => other.name === current)?.requires ?? []);
}

/** Everything that requires `name`, directly or not: in the order in which to stop them. */
export function findDependents(name: string, all: readonly Ordered[]): string[] {
  const next = (current: string) =>
    all.filter(other => other.requires.includes(current)).map(other => other.name);
  return walk(name, next).slice(0, -1);
}

/** The first ring of services that wait for one another, beginning and ending with the same name. */
export function findCycle(all: readonly Ordered[]): readonly string[] | undefined {
  const byName = new Map(all.map(one => [one.name, one]));
  const done = new Set<string>();
  const visit = (name: string, way: readonly string[]): readonly string[] | undefined => {
    if (way.includes(name)) return [...way.slice(way.indexOf(name)), name];
    const one = byName.get(name);
    if (one === undefined || done.has(name)) return undefined;
    for (const other of [...one.requires, ...one.after]) {
      const cycle = visit(other, [...way, name]);
      if (cycle !== undefined) return cycle;
    }
    done.add(name);
    return undefined;
  };
  for (const { name } of all) {
    const cycle = visit(name, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

/** A job that has ended well has done what others wait for. */
function isMet(service: Service): boolean {
  return isReady(service) || (service.state.name === 'down' && service.state.why === 'done');
}

/** What an operator stopped, or nobody has started yet, may still come. */
function isGoneForGood({ state }: Service): boolean {
  return state.name === 'failed' || (state.name === 'down' && state.why === 'finished');
}

/** One that was not started with the others is none to wait for. */
function hasBegun(service: Service): boolean {
  return service.spawn > 0 || isResting(service);
}

/** Everything that can be reached from `name`, each once and before those that lead to it; `name` is the last. */
function walk(name: string, next: (name: string) => readonly string[]): string[] {
  const found = new Set<string>();
  const open = new Set<string>();
  const visit = (current: string): void => {
    if (found.has(current) || open.has(current)) return;
    open.add(current);
    for (const other of next(current)) visit(other);
    found.add(current);
  };
  visit(name);
  return [...found];
}
