import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { suggestName } from '../../src/settings/suggest.ts';

const KNOWN = ['PIP_REPOSITORY', 'LINTEL_USER', 'LINTEL_SERVICES', 'LINTEL_STRICT', 'KILL'];

describe('a mistyped name', () => {
  for (const [name, meant, how] of [
    ['PIP_REPOSITRY', 'PIP_REPOSITORY', 'a letter too few'],
    ['PIP_REPOSITORYY', 'PIP_REPOSITORY', 'a letter too many'],
    ['PIP_REPOSITORIE', 'PIP_REPOSITORY', 'two letters'],
    ['PIP_REPOISTORY', 'PIP_REPOSITORY', 'two letters that changed places'],
    ['pip_repository', 'PIP_REPOSITORY', 'lower case'],
    ['LINTEL_SERVICE', 'LINTEL_SERVICES', 'singular'],
    ['KILLS', 'KILL', 'one letter of a short word'],
    ['PIP_REPOSITORY', 'PIP_REPOSITORY', 'nothing wrong at all'],
  ] as const) {
    test(`is taken for the nearest: ${name} (${how})`, () => assert.equal(suggestName(name, KNOWN), meant));
  }

  for (const [name, why] of [
    ['PIP_REPO', 'too far'],
    ['MIP_REPOSITORY', 'the beginning differs, as in another program’s name'],
    ['KIXXS', 'two edits are half of a short word'],
    ['KIL', 'a short word is near to everything'],
    ['', 'nothing'],
    ['LINTEL_USER_OR_SERVICES', 'much longer'],
  ] as const) {
    test(`is taken for nothing: ${JSON.stringify(name)} (${why})`, () =>
      assert.equal(suggestName(name, KNOWN), undefined));
  }

  test('is taken for the nearer of two', () => {
    assert.equal(suggestName('LINTEL_USEN', ['LINTEL_USERS', 'LINTEL_USER']), 'LINTEL_USER');
  });
});
