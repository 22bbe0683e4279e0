import type { Preferences } from '../facts/preferences.ts';
import type { Settings } from '../settings/settings.ts';
import { readJsonKeys, setJsonKeys } from './json-keys.ts';
import { type Contribution, type FileWrite, NOTHING, type Tool } from './tool.ts';

/** What DARK_MODE=1 sets. */
const JUPYTER = { '@jupyterlab/apputils-extension:themes': { theme: 'JupyterLab Dark' } };
const THEMES = {
  'code-server': { key: 'workbench.colorTheme', theme: 'Default Dark Modern', hasComments: true },
  rstudio: { key: 'editor_theme', theme: 'Vibrant Ink', hasComments: false },
} as const;
type Program = keyof typeof THEMES;

/**
 * DARK_MODE for JupyterLab, code-server and RStudio. JupyterLab has defaults below its users' choices. The others have
 * none, so a key is put into the user's own file where it is missing; what was put there is remembered, and is the
 * user's as soon as they have changed it.
 */
export const appearance: Tool = {
  name: 'appearance',
  configure(settings, facts) {
    const { codeServer, rstudio, record } = facts.preferences;
    const before = readRecord(record.text);
    const programs = [
      { program: 'code-server', file: codeServer },
      { program: 'rstudio', file: rstudio },
    ] as const;
    const changes = programs.map(({ program, file }) => change({ program, file, before }, settings));
    const after = Object.fromEntries(
      changes.flatMap(({ program, ours }) => (ours === undefined ? [] : [[program, ours]])),
    );
    const jupyter = configureJupyter(settings, facts);
    return {
      files: [
        ...jupyter.files,
        ...changes.flatMap(({ files }) => files),
        ...writeRecord(record, before, after),
      ],
      env: jupyter.env,
      notes:
        settings.darkMode === true
          ? [`dark mode for ${['JupyterLab', ...Object.keys(after)].join(', ')}`]
          : [],
      warnings: changes.flatMap(({ warnings }) => warnings),
    };
  },
};

/** Program -> the theme that Lintel chose for it. */
type Chosen = Readonly<Partial<Record<Program, string>>>;

function readRecord(text: string | undefined): Chosen {
  return (text === undefined ? undefined : readJsonKeys(text, false)) ?? {};
}

function writeRecord(record: Preferences, before: Chosen, after: Chosen): FileWrite[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  const text = Object.keys(after).length === 0 ? undefined : `${JSON.stringify(after)}\n`;
  return [{ path: record.path, text, mode: 0o644, owner: 'workbench' }];
}

interface Change {
  readonly program: Program;
  readonly files: readonly FileWrite[];
  /** What stands there from now on because Lintel put it there. */
  readonly ours: string | undefined;
  readonly warnings: readonly string[];
}

function change(
  given: { readonly program: Program; readonly file: Preferences | undefined; readonly before: Chosen },
  settings: Settings,
): Change {
  const { program, file, before } = given;
  const { key, theme, hasComments } = THEMES[program];
  const isWanted = settings.darkMode === true;
  const wasOurs = before[program];
  const unchanged = { program, files: [], ours: wasOurs, warnings: [] };
  if (file === undefined || (!isWanted && wasOurs === undefined)) return unchanged;
  const keys = file.trouble === undefined ? readJsonKeys(file.text ?? '', hasComments) : undefined;
  if (keys === undefined) {
    const why = file.trouble ?? `it is no JSON object${hasComments ? '' : ' without comments'}`;
    return { ...unchanged, warnings: isWanted ? [`${file.path} is left alone: ${why}`] : [] };
  }
  const isOurs = wasOurs !== undefined && keys[key] === wasOurs;
  const write = (value: string | undefined): Change => ({
    program,
    files: [
      {
        path: file.path,
        text: setJsonKeys(file.text ?? '', { [key]: value }),
        mode: 0o644,
        owner: 'workbench',
      },
    ],
    ours: value,
    warnings: [],
  });
  if (!isWanted) return isOurs ? write(undefined) : { ...unchanged, ours: undefined };
  if (keys[key] === theme) return { ...unchanged, ours: isOurs ? theme : undefined };
  if (keys[key] === undefined || isOurs || settings.enforce === true) return write(theme);
  return { ...unchanged, ours: undefined };
}

/** A file of ours beside those of others where /etc can be written, else one that a variable leads to. */
function configureJupyter(
  settings: Settings,
  { preferences: { jupyter }, runtimeDir }: Parameters<Tool['configure']>[1],
): Pick<Contribution, 'files' | 'env'> {
  const text = settings.darkMode === true ? `${JSON.stringify(JUPYTER, null, 2)}\n` : undefined;
  if (jupyter.isWritable || text === undefined) {
    const isChanged = jupyter.isWritable && jupyter.text !== text;
    return {
      files: isChanged ? [{ path: jupyter.path, text, mode: 0o644, owner: 'lintel' }] : [],
      env: NOTHING.env,
    };
  }
  const folder = `${runtimeDir}/jupyter`;
  const path = `${folder}/labconfig/default_setting_overrides.json`;
  return { files: [{ path, text, mode: 0o644, owner: 'lintel' }], env: { JUPYTER_CONFIG_PATH: folder } };
}
