import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PreferenceFacts } from '../../src/facts/preferences.ts';
import { appearance } from '../../src/tools/appearance.ts';
import { NOTHING } from '../../src/tools/tool.ts';
import { makeConfig, makeFacts, makeSettings } from '../facts-fixture.ts';

const JUPYTER = makeConfig('/etc/jupyter/labconfig/default_setting_overrides.d/lintel.json');
const DARK = { DARK_MODE: 'true' };
const CODE = {
  path: '/home/ada/.local/share/code-server/User/settings.json',
  text: undefined,
  trouble: undefined,
};
const RSTUDIO = { path: '/home/ada/.config/rstudio/rstudio-prefs.json', text: undefined, trouble: undefined };
const RECORD = { path: '/home/ada/.local/state/lintel/appearance.json', text: undefined, trouble: undefined };
const OURS = '{"code-server":"Default Dark Modern","rstudio":"Vibrant Ink"}\n';

function configure(
  difference: Partial<PreferenceFacts>,
  environment: Readonly<Record<string, string>> = DARK,
) {
  const none = { codeServer: undefined, rstudio: undefined, jupyter: JUPYTER, record: RECORD };
  const facts = makeFacts({ preferences: { ...none, ...difference } });
  return appearance.configure(makeSettings(environment), facts) ?? NOTHING;
}

const textOf = (made: ReturnType<typeof configure>, path: string) =>
  made.files.find(file => file.path === path)?.text;

describe('DARK_MODE', () => {
  test('is a default of JupyterLab’s, in a file of our own', () => {
    const made = configure({});
    const text = '{\n  "@jupyterlab/apputils-extension:themes": {\n    "theme": "JupyterLab Dark"\n  }\n}\n';
    assert.deepEqual(made, {
      files: [{ path: JUPYTER.path, text, mode: 0o644, owner: 'lintel' }],
      env: {},
      notes: ['dark mode for JupyterLab'],
      warnings: [],
    });
    assert.deepEqual(configure({ jupyter: { ...JUPYTER, text } }).files, []);
    const gone = configure({ jupyter: { ...JUPYTER, text } }, {});
    assert.deepEqual(gone.files, [{ path: JUPYTER.path, text: undefined, mode: 0o644, owner: 'lintel' }]);
  });

  test('reaches JupyterLab by a variable where /etc can’t be written', () => {
    const made = configure({ jupyter: { ...JUPYTER, isWritable: false } });
    assert.deepEqual(made.env, { JUPYTER_CONFIG_PATH: '/run/lintel/jupyter' });
    assert.deepEqual(
      made.files.map(({ path }) => path),
      ['/run/lintel/jupyter/labconfig/default_setting_overrides.json'],
    );
  });

  test('goes into the user’s own files where they have chosen nothing, and is remembered', () => {
    const made = configure({
      codeServer: { ...CODE, text: '{\n  // mine\n  "a": 1\n}\n' },
      rstudio: RSTUDIO,
    });
    assert.equal(
      textOf(made, CODE.path),
      '{\n  // mine\n  "a": 1,\n  "workbench.colorTheme": "Default Dark Modern"\n}\n',
    );
    assert.equal(textOf(made, RSTUDIO.path), '{\n    "editor_theme": "Vibrant Ink"\n}\n');
    assert.equal(textOf(made, RECORD.path), OURS);
    assert.ok(made.files.slice(1).every(({ owner }) => owner === 'workbench'));
    assert.deepEqual(made.notes, ['dark mode for JupyterLab, code-server, rstudio']);
  });

  test('never overwrites a theme that the user chose', () => {
    const codeServer = { ...CODE, text: '{"workbench.colorTheme": "Solarized Light"}' };
    assert.deepEqual(
      configure({ codeServer }).files.map(({ path }) => path),
      [JUPYTER.path],
    );
    // They chose it after we had set another.
    const made = configure({ codeServer, record: { ...RECORD, text: OURS } });
    assert.deepEqual(
      [textOf(made, CODE.path), textOf(made, RECORD.path)],
      [undefined, '{"rstudio":"Vibrant Ink"}\n'],
    );
    const enforced = configure({ codeServer }, { ...DARK, LINTEL_ENFORCE: '1' });
    assert.equal(textOf(enforced, CODE.path), '{"workbench.colorTheme": "Default Dark Modern"}');
  });

  for (const environment of [{}, { DARK_MODE: 'false' }]) {
    test(`taken back (${JSON.stringify(environment)}) takes out only what we put there`, () => {
      const record = { ...RECORD, text: OURS };
      const codeServer = { ...CODE, text: '{"a": 1, "workbench.colorTheme": "Default Dark Modern"}' };
      const rstudio = { ...RSTUDIO, text: '{"editor_theme": "Textmate"}' };
      const made = configure({ codeServer, rstudio, record }, environment);
      assert.deepEqual(made.files, [
        { path: CODE.path, text: '{\n    "a": 1\n}', mode: 0o644, owner: 'workbench' },
        { path: RECORD.path, text: undefined, mode: 0o644, owner: 'workbench' },
      ]);
      // What was theirs before stays, also where it is the theme that we would have set.
      assert.deepEqual(configure({ codeServer, rstudio }, environment).files, []);
    });
  }

  test('changes nothing a second time', () => {
    const made = configure({
      codeServer: { ...CODE, text: '{"workbench.colorTheme": "Default Dark Modern"}' },
      rstudio: { ...RSTUDIO, text: '{"editor_theme": "Vibrant Ink"}' },
      record: { ...RECORD, text: OURS },
    });
    assert.deepEqual(
      made.files.map(({ path }) => path),
      [JUPYTER.path],
    );
  });

  test('leaves alone what is malformed or not the user’s, and that is said', () => {
    const made = configure({
      codeServer: { ...CODE, text: '{"a": 1' },
      rstudio: { ...RSTUDIO, trouble: 'it is a link' },
    });
    assert.deepEqual(
      made.files.map(({ path }) => path),
      [JUPYTER.path],
    );
    assert.deepEqual(made.warnings, [
      `${CODE.path} is left alone: it is no JSON object`,
      `${RSTUDIO.path} is left alone: it is a link`,
    ]);
  });
});
