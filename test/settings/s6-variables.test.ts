import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { S6_VARIABLES } from '../../src/settings/s6-variables.ts';
import { parseSettings } from '../../src/settings/settings.ts';

const NONE: readonly string[] = [];

describe('s6-overlay’s variables', () => {
  test('that have no effect are named in one line, with the reasons', () => {
    const { warnings, problems } = parseSettings({
      S6_LOGGING: '1',
      S6_STAGE2_HOOK: '/hook',
      S6_KEEP_ENV: '1',
      S6_OVERLAY_VERSION: '3.2.1.0',
    });
    assert.deepEqual(problems, []);
    assert.deepEqual(warnings, [
      'without effect: S6_LOGGING (logs go to stdout and stderr), S6_STAGE2_HOOK (a script in cont-init.d can do it); see docs/s6.md',
    ]);
  });

  for (const name of Object.keys(S6_VARIABLES.never)) {
    test(`${name} is named when it is more than s6’s default`, () => {
      const named = (value: string) => parseSettings({ [name]: value }).warnings.length;
      const usual = name === 'S6_VERBOSITY' ? '2' : '0';
      assert.deepEqual([named('1'), named(''), named(usual)], [1, 0, 0]);
    });
  }

  for (const name of Object.keys(S6_VARIABLES.always)) {
    test(`${name} asks for what is so anyway`, () => {
      for (const value of ['1', '0']) assert.deepEqual(parseSettings({ [name]: value }).warnings, NONE);
    });
  }
});
