import type { Environment } from './launch/environ.ts';
import type { User } from './user.ts';

/** What the kernel takes as one "NAME=value"; a longer one would keep every process from starting. */
export const MAX_VARIABLE_BYTES = 128 * 1024 - 1;

/** What scripts changed of the environment: for everything after them, whoever had set it before. */
export interface Growth {
  readonly set: Environment;
  readonly unset: readonly string[];
}

/** What one source says of the environment, over the sources before it. */
export interface Layer extends Growth {
  /** "container", "/etc/lintel/lintel.env", "tool pip", "script 10-fetch", "Vault kv/ada/tables". */
  readonly source: string;
  /** What it sets is shown to nobody who does not ask for secrets. */
  readonly isSecret?: boolean;
}

/** The source of the container's own variables. */
export const CONTAINER = 'container';

/** What one source did to one variable. */
export interface Change {
  readonly source: string;
  /** undefined: it took the variable away. */
  readonly value: string | undefined;
  /** What the variable was before; undefined: it was not there. */
  readonly replaced: string | undefined;
}

/** Who set the variable or took it away, the first source first: the last one counts. Empty when nobody did. */
export function explain(layers: readonly Layer[], name: string): Change[] {
  const changes: Change[] = [];
  for (const { source, set, unset } of layers) {
    const replaced = changes.at(-1)?.value;
    if (Object.hasOwn(set, name)) changes.push({ source, value: set[name], replaced });
    else if (replaced !== undefined && unset.includes(name))
      changes.push({ source, value: undefined, replaced });
  }
  return changes;
}

/** All layers as one: the later one wins. */
export function joinLayers(layers: readonly Layer[]): Growth {
  return layers.reduce<Growth>(joinGrowth, { set: {}, unset: [] });
}

/**
 * What a process of `user` sees: the container's variables byte for byte, what the boot added, and who it is.
 * Nothing else: unset stays unset and empty stays empty.
 */
export function makeEnvironment(given: Environment, added: Environment, user: User): Environment {
  return { ...given, ...added, ...identify(user) };
}

/** Who it is: as a layer the last one. */
export function makeUserLayer(user: User): Layer {
  return { source: 'workbench user', set: identify(user), unset: [] };
}

function identify({ name, shell, home }: User): Environment {
  return { USER: name, LOGNAME: name, SHELL: shell, HOME: home };
}

/** For services: Python writes a pipe by blocks, so without this a killed one has no last lines. */
export function makeServiceEnvironment(given: Environment, added: Environment, user: User): Environment {
  return { PYTHONUNBUFFERED: '1', ...makeEnvironment(given, added, user) };
}

/** By these a program loads code from wherever they say: an image may name a folder that its user can write. */
const OF_THE_LOADER = ['LD_LIBRARY_PATH', 'LD_PRELOAD', 'LD_AUDIT'] as const;

/** For what Lintel itself brings and starts as root. Who starts others from there finds the first as LINTEL_LD_LIBRARY_PATH. */
export function withoutLoader(environment: Environment): Environment {
  const { LD_LIBRARY_PATH: path } = environment;
  const rest = without(environment, OF_THE_LOADER);
  return path === undefined ? rest : { ...rest, LINTEL_LD_LIBRARY_PATH: path };
}

/** The variables with what scripts changed. */
export function grow(environment: Environment, { set, unset }: Growth): Environment {
  return { ...without(environment, unset), ...set };
}

export function without(environment: Environment, names: readonly string[]): Environment {
  if (names.length === 0) return environment;
  const gone = new Set(names);
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !gone.has(name)));
}

/** One growth after another: the later one wins. */
export function joinGrowth(first: Growth, then: Growth): Growth {
  return {
    set: { ...without(first.set, then.unset), ...then.set },
    unset: [...new Set([...first.unset, ...then.unset])].filter(name => !(name in then.set)),
  };
}

/** Why no process could be given this variable; undefined when it can. */
export function findUnusable(name: string, value: string): string | undefined {
  if (value.includes('\0')) return 'it holds a NUL character';
  const bytes = Buffer.byteLength(name) + 1 + Buffer.byteLength(value);
  if (bytes <= MAX_VARIABLE_BYTES) return undefined;
  return `it has ${bytes} bytes with its name, more than ${MAX_VARIABLE_BYTES}`;
}
