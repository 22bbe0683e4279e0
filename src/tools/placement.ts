import type { ConfigFile } from '../facts/configs.ts';
import type { Facts } from '../facts/facts.ts';
import type { Settings } from '../settings/settings.ts';
import { removeMarked } from './marked.ts';
import type { Contribution, FileWrite } from './tool.ts';
import { NOTHING } from './tool.ts';

/**
 * Where a setting goes: the system's file when it can be written, else a file of ours that a variable names.
 * A text with credentials never goes into a file that others can read. Where a user's own file has the key, it
 * wins: a system's file loses to it by itself, and the variable, which would win, is then not set.
 */
export interface Placed {
  readonly config: ConfigFile;
  /** Name of our own file below the runtime directory. */
  readonly fileName: string;
  /** The variable that makes the tool read our own file. */
  readonly variable: string;
  /** Our text made from what is there; undefined when that is in a form that we can't edit. */
  readonly edit: (text: string) => string | undefined;
  readonly isSecret: boolean;
  /** The user's file that has the same key. */
  readonly userFile: string | undefined;
  /** "index https://mirror.example/simple" */
  readonly note: string;
}

export function placeConfig(placed: Placed, settings: Settings, facts: Facts): Contribution {
  const { config, userFile } = placed;
  if (config.trouble !== undefined)
    return warn(`${config.path} can't be read (${config.trouble}): left alone`);
  const enforce = settings.enforce === true;
  const warnings =
    userFile === undefined || enforce ? [] : [`${userFile} has a setting of its own, which wins`];
  const text = placed.edit(removeMarked(config.text ?? ''));
  if (text === undefined)
    return warn(`${config.path} is in a form that can't be edited line by line: left alone`);
  if (config.isWritable && !placed.isSecret && !enforce) {
    return {
      ...NOTHING,
      files: changedFile(config, text),
      notes: [`${placed.note} (${config.path})`],
      warnings,
    };
  }
  if (userFile !== undefined && !enforce) return { ...NOTHING, files: removeOurPart(config).files, warnings };
  // Our own file is for everybody, or for the workbench user: what others may not read is not copied into it.
  const own = config.isPrivate ? (placed.edit('') ?? text) : text;
  const file = ownFile(placed, facts, own);
  const undo = config.isWritable ? removeOurPart(config).files : [];
  return {
    ...NOTHING,
    files: [file, ...undo],
    env: { [placed.variable]: file.path },
    notes: [`${placed.note} (${placed.variable}=${file.path})`],
  };
}

/** Takes our part of an earlier boot out again; nothing when there is none. */
export function removeOurPart(config: ConfigFile | undefined): Contribution {
  if (config?.text === undefined || !config.isWritable) return NOTHING;
  const text = removeMarked(config.text);
  if (text === config.text) return NOTHING;
  return {
    ...NOTHING,
    files: changedFile(config, text.trim() === '' ? undefined : text),
    notes: [`settings of an earlier boot removed (${config.path})`],
  };
}

/** The first of the user's files for which `hasKey` holds. */
export function findUserFile(
  files: readonly ConfigFile[],
  hasKey: (text: string) => boolean,
): string | undefined {
  return files.find(file => file.text !== undefined && hasKey(file.text))?.path;
}

function changedFile(config: ConfigFile, text: string | undefined): FileWrite[] {
  return text === config.text ? [] : [{ path: config.path, text, mode: 0o644, owner: 'lintel' }];
}

function ownFile(placed: Placed, facts: Facts, text: string): FileWrite {
  return placed.isSecret
    ? { path: `${facts.runtimeDir}/secrets/${placed.fileName}`, text, mode: 0o600, owner: 'workbench' }
    : { path: `${facts.runtimeDir}/${placed.fileName}`, text, mode: 0o644, owner: 'lintel' };
}

function warn(warning: string): Contribution {
  return { ...NOTHING, warnings: [warning] };
}
