import type { ConfigFile } from '../facts/configs.ts';
import type { Facts } from '../facts/facts.ts';
import { removeMarked } from './marked.ts';
import { type Contribution, type FileWrite, NOTHING } from './tool.ts';

/** A text with our part in it, or why it can't be put there: "line 3: …". */
export type Edited = { readonly text: string } | { readonly trouble: string };

export interface InPlace {
  /** Whether our part stands in the file; else it has to go by a variable. */
  readonly isPlaced: boolean;
  /** Why our part can't be put there, as `edit` said it. */
  readonly trouble?: string;
  readonly files: readonly FileWrite[];
  readonly warnings: readonly string[];
}

/**
 * Our part in the system's file of a tool, where that can be written, read and edited, and `mayStandThere`: what carries
 * credentials may not, and where the operator enforces it what only a variable can. Else our part of an earlier boot goes.
 */
export function placeInFile(
  config: ConfigFile,
  mayStandThere: boolean,
  edit: (text: string) => Edited,
): InPlace {
  const nowhere = { isPlaced: false, files: [] };
  if (config.trouble !== undefined)
    return { ...nowhere, warnings: [`${config.path} is left alone: ${config.trouble}`] };
  if (!config.isWritable) return { ...nowhere, warnings: [] };
  const edited = edit(removeMarked(config.text ?? ''));
  if ('trouble' in edited)
    return {
      ...nowhere,
      trouble: edited.trouble,
      warnings: [`${config.path} is left alone: ${edited.trouble}`],
    };
  if (!mayStandThere) return { ...nowhere, files: removeOurPart(config).files, warnings: [] };
  return { isPlaced: true, files: changedFile(config, edited.text), warnings: [] };
}

/** Takes our part of an earlier boot out again; nothing when there is none. */
export function removeOurPart(config: ConfigFile | undefined): Contribution {
  if (config?.text === undefined || !config.isWritable || config.trouble !== undefined) return NOTHING;
  const text = removeMarked(config.text);
  if (text === config.text) return NOTHING;
  return {
    ...NOTHING,
    files: changedFile(config, text.trim() === '' ? undefined : text),
    notes: [`what Lintel had set is removed (${config.path})`],
  };
}

/** The first of the user's files for which `hasKey` holds. */
export function findUserFile(
  files: readonly ConfigFile[],
  hasKey: (text: string) => boolean,
): string | undefined {
  return files.find(file => file.text !== undefined && hasKey(file.text))?.path;
}

/** "~/.npmrc has registry of its own, which wins" */
export function sayUserWins(path: string, key: string): string {
  return `${path} has ${key} of its own, which wins`;
}

/** A file of ours that a variable names: the workbench user's alone when it holds credentials, else for everybody. */
export function makeOwnFile(
  facts: Facts,
  file: { readonly name: string; readonly text: string; readonly isSecret: boolean },
): FileWrite {
  const { name, text } = file;
  return file.isSecret
    ? { path: `${facts.runtimeDir}/secrets/${name}`, text, mode: 0o600, owner: 'workbench' }
    : { path: `${facts.runtimeDir}/${name}`, text, mode: 0o644, owner: 'lintel' };
}

/**
 * What our own file holds besides ours, where it stands in for the system's: that file's text. What others may not read,
 * or would lose bytes, is not copied.
 */
export function textToCopy(config: ConfigFile): string {
  return config.isPrivate || config.trouble !== undefined ? '' : removeMarked(config.text ?? '');
}

function changedFile(config: ConfigFile, text: string | undefined): FileWrite[] {
  return text === config.text ? [] : [{ path: config.path, text, mode: 0o644, owner: config.owner }];
}
